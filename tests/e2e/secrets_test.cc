// No secret of a job reaches another server, a message or the state, whatever a server does with
// what it was sent.
#include "stages/http/secrets.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "storage/base/guarded.h"
#include "tests/support/exporter.h"
#include "tests/support/raw_server.h"

namespace sluice {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr const char* kRecords = R"({"results":[{"id":1},{"id":2}]})";

// Answers by a function of the whole request, and remembers what it was asked.
class Server {
 public:
  using Answer = std::function<void(RawConnection&, const std::string& request)>;
  explicit Server(Answer answer) : answer_(std::move(answer)) {}

  std::string url() const { return server_.Url(""); }
  std::vector<std::string> asked() const {
    return asked_.With([](const auto& asked) { return asked; });
  }
  // "/things?page=2"
  static std::string TargetOf(const std::string& request) {
    const std::size_t begin = request.find(' ') + 1;
    return request.substr(begin, request.find(' ', begin) - begin);
  }

 private:
  void Serve(RawConnection& connection) {
    for (std::string request = connection.ReadRequest(); !request.empty();
         request = connection.ReadRequest()) {
      asked_.With([&](auto& asked) { asked.push_back(request); });
      answer_(connection, request);
    }
  }

  const Answer answer_;
  Guarded<std::vector<std::string>> asked_;
  RawServer server_{[this](RawConnection& connection) { Serve(connection); }};
};

std::string Bytes(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class SecretsTest : public testing::Test {
 protected:
  SecretsTest() {
    exporter_.UseEnvironment({{"CANARY_TOKEN", "canary-token/1+2"},
                              {"CANARY_KEY", "canary-key-3"},
                              {"CANARY_PARAM", "canary param 4"}});
  }

  // `auth` and more lines of [client]; `params` of the one resource.
  void Job(const Server& server, const std::string& client, const std::string& params = "") {
    std::ofstream(job()) << "[job]\nsource = \"rest\"\noutput = \"out\"\n[client]\nbase_url = \""
                         << server.url() << "\"\n"
                         << client << "\n[[resources]]\nname = \"things\"\nprimary_key = \"id\"\n"
                         << "[resources.endpoint]\ndata_selector = \"results\"\n"
                         << "paginator = { type = \"json_link\", next_url_path = \"next\" }\n"
                         << params << "\n";
  }
  std::filesystem::path job() const { return exporter_.folder() / "job.toml"; }

  Outcome Export(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> args = {"run", job().string(), "--progress", "none"};
    args.insert(args.end(), more.begin(), more.end());
    return exporter_.Run(args);
  }

  // What a run leaves for people to read, and what it remembers.
  std::string EverythingButTheData(const Outcome& outcome) const {
    const auto folder = exporter_.folder() / "out";
    std::string all = outcome.out + outcome.err + Bytes(exporter_.folder() / "report.json");
    for (const char* command : {"failures", "status", "state"}) {
      for (const char* form : {"", "--json"}) {
        std::vector<std::string> args = {command, folder.string()};
        if (*form != '\0') args.emplace_back(form);
        const Outcome shown = exporter_.Run(args);
        all += shown.out + shown.err;
      }
    }
    for (const char* file : {"state.db", "state.db-wal"}) all += Bytes(folder / ".sluice" / file);
    return all;
  }
  static void ExpectNoSecret(const std::string& text) {
    for (const std::string value : {"canary-token/1+2", "canary-key-3", "canary param 4"}) {
      SecretSet secret;
      secret.Add(value);
      EXPECT_FALSE(secret.IsIn(text)) << value;
    }
    EXPECT_THAT(text, Not(HasSubstr("canary")));
  }

  Exporter exporter_{SLUICE_BINARY_DIR};
};

constexpr const char* kKeyInQuery =
    R"(auth = { type = "api_key", name = "api_key", api_key = "env:CANARY_TOKEN", )"
    R"(location = "query" })";

class MovedTest : public SecretsTest {
 protected:
  // As nginx's `return 302 https://new$request_uri` has it.
  Server old_{[this](RawConnection& connection, const std::string& request) {
    connection.Answer("", "302 Found",
                      "Location: " + new_.url() + Server::TargetOf(request) + "\r\n");
  }};
  Server new_{[](RawConnection& connection, const std::string&) { connection.Answer(kRecords); }};
};

TEST_F(MovedTest, AKeyInTheQueryStaysAtItsOrigin) {
  Job(old_, kKeyInQuery, "params = { a = \"b\" }");
  EXPECT_EQ(Export().exit_code, 0);
  ASSERT_THAT(old_.asked(), ElementsAre(HasSubstr("api_key=canary-token")));
  EXPECT_THAT(new_.asked(), ElementsAre(StartsWith("GET /things?a=b HTTP/1.1\r\n")));
}

TEST_F(MovedTest, SecretHeadersAndParametersStayAtTheirOrigin) {
  Job(old_,
      "auth = { type = \"bearer\", token = \"env:CANARY_TOKEN\" }\n"
      "headers = { User-Agent = \"env:CANARY_KEY\", X-Api-Key = \"env:CANARY_KEY\" }",
      "params = { secret_token = \"env:CANARY_PARAM\" }");
  EXPECT_EQ(Export().exit_code, 0);
  EXPECT_THAT(new_.asked(), ElementsAre(Not(HasSubstr("canary"))));
}

TEST_F(SecretsTest, ARedirectWithASecretInItsPathFailsTheItemWithoutNamingIt) {
  Server there([](RawConnection& connection, const std::string&) { connection.Answer(kRecords); });
  Server here([&](RawConnection& connection, const std::string&) {
    connection.Answer("", "302 Found",
                      "Location: " + there.url() + "/canary-token%2F1%2B2/things\r\n");
  });
  Job(here, kKeyInQuery);
  const Outcome outcome = Export();
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_TRUE(there.asked().empty());
  const auto failures =
      Query(exporter_.folder() / "out/.sluice/state.db", "SELECT last_error FROM v_failures");
  ASSERT_EQ(failures.size(), 1u);
  EXPECT_THAT(failures[0][0], HasSubstr("holds a secret"));
  EXPECT_THAT(failures[0][0], Not(HasSubstr("canary")));
}

// --- a server that quotes all that it was sent ---

struct Quote {
  std::string name;
  std::string status;
  std::string (*body)(const std::string& request);
};
void PrintTo(const Quote& quote, std::ostream* out) { *out << quote.name; }

std::string AsJson(const std::string& request) {
  return nlohmann::json{{"message", "refused: " + request}}.dump();
}
std::string AsAscii(const std::string& request) {
  std::string escaped;
  for (const char c : request) {
    const auto code = static_cast<unsigned>(static_cast<unsigned char>(c));
    escaped += fmt::format("\\u{:04x}", code);
  }
  return "{\"error\":{\"message\":\"" + escaped + "\"}}";
}
std::string AsHtml(const std::string& request) {
  return "<html><head><title>" + request + "</title></head></html>";
}
std::string AsText(const std::string& request) { return request; }
std::string AsJsonText(const std::string& request) { return nlohmann::json(request).dump(); }

// Page 1 is answered, so that something is exported; page 2 is refused.
class QuotingTest : public SecretsTest {
 protected:
  // `only`: the beginning of the line of the request that is quoted, so that no secret is beyond
  // the cut of a message; "": all lines.
  Outcome ExportRefused(const Quote& quote, const std::string& client, const std::string& only) {
    server_ = std::make_unique<Server>([=](RawConnection& connection, const std::string& asked) {
      if (Server::TargetOf(asked).find("page=2") == std::string::npos) {
        connection.Answer(R"({"results":[{"id":1}],"next":"/things?page=2"})");
        return;
      }
      const std::size_t begin = only.empty() ? 0 : asked.find(only);
      const std::size_t end = only.empty() ? asked.size() : asked.find("\r\n", begin);
      connection.Answer(quote.body(asked.substr(begin, end - begin)), quote.status,
                        quote.status.starts_with("429") ? "Retry-After: 3600\r\n" : "");
    });
    Job(*server_, client, "params = { secret_param = \"env:CANARY_PARAM\" }");
    return Export({"--report", (exporter_.folder() / "report.json").string(), "--max-wait", "1s",
                   "--set", "retry.read_attempts=1", "-v", "-v"});
  }

  std::unique_ptr<Server> server_;
};

std::vector<Quote> QuotesWith(const std::string& status) {
  const std::string number = status.substr(0, 3);
  return {{"Json" + number, status, &AsJson},
          {"Ascii" + number, status, &AsAscii},
          {"Html" + number, status, &AsHtml},
          {"Text" + number, status, &AsText},
          {"JsonText" + number, status, &AsJsonText}};
}

class QuoteTest : public QuotingTest, public testing::WithParamInterface<Quote> {};

TEST_P(QuoteTest, OfAllThatWasSentLeavesNoTrace) {
  const Outcome outcome = ExportRefused(
      GetParam(), std::string(kKeyInQuery) + "\nheaders = { X-Api-Key = \"env:CANARY_KEY\" }", "");
  EXPECT_NE(outcome.exit_code, 0);
  ExpectNoSecret(EverythingButTheData(outcome));
}

std::vector<Quote> AllQuotes() {
  std::vector<Quote> quotes;
  for (const char* status : {"401 Unauthorized", "403 Forbidden", "404 Not Found",
                             "429 Too Many Requests", "500 Internal Server Error"}) {
    for (Quote& quote : QuotesWith(status)) quotes.push_back(std::move(quote));
  }
  return quotes;
}
INSTANTIATE_TEST_SUITE_P(Answers, QuoteTest, testing::ValuesIn(AllQuotes()),
                         [](const auto& test) { return test.param.name; });

// What a job sends a secret in, and the line of the request that it stands in.
struct Place {
  std::string name;
  std::string client;
  std::string line;
};
void PrintTo(const Place& place, std::ostream* out) { *out << place.name; }

class PlaceTest : public QuotingTest, public testing::WithParamInterface<Place> {};

TEST_P(PlaceTest, LeavesNoTraceInWhateverFormItIsQuoted) {
  for (const Quote& quote : QuotesWith("403 Forbidden")) {
    SCOPED_TRACE(quote.name);
    std::filesystem::remove_all(exporter_.folder() / "out");
    const Outcome outcome = ExportRefused(quote, GetParam().client, GetParam().line);
    EXPECT_EQ(outcome.exit_code, 3);
    const std::string all = EverythingButTheData(outcome);
    ExpectNoSecret(all);
    EXPECT_THAT(all, Not(HasSubstr("bWU6Y2FuYXJ5")));  // me:canary
  }
}

INSTANTIATE_TEST_SUITE_P(
    Secrets, PlaceTest,
    testing::Values(
        Place{"Token", R"(auth = { type = "bearer", token = "env:CANARY_TOKEN" })",
              "Authorization:"},
        Place{"Password",
              R"(auth = { type = "http_basic", username = "me", password = "env:CANARY_TOKEN" })",
              "Authorization:"},
        Place{"Header", R"(headers = { X-Api-Key = "env:CANARY_KEY" })", "X-Api-Key:"},
        Place{"Query", kKeyInQuery, "GET "}),
    [](const auto& test) { return test.param.name; });

// --- addresses ---

TEST_F(SecretsTest, ALinkThatHoldsAKeyIsRememberedWithoutIt) {
  Server server([](RawConnection& connection, const std::string& asked) {
    const std::string target = Server::TargetOf(asked);
    const auto page = [&](const char* what) { return target.find(what) != std::string::npos; };
    const char* const key = "canary-token%2F1%2B2";
    if (page("page=3")) return connection.Answer("{}", "404 Not Found"), void();
    const std::string next = page("page=2") ? "/things?page=3&apikey=" : "/things?API_KEY=";
    const std::string rest = page("page=2") ? "" : "&page=2";
    connection.Answer(R"({"results":[],"next":")" + next + key + rest + "\"}");
  });
  Job(server, kKeyInQuery);
  const Outcome outcome = Export();
  EXPECT_EQ(outcome.exit_code, 3) << outcome.err;
  EXPECT_EQ(server.asked().size(), 3u);
  ExpectNoSecret(EverythingButTheData(outcome));
}

TEST_F(SecretsTest, DoctorShowsNoneThatTheApiQuotes) {
  Server server([](RawConnection& connection, const std::string& asked) {
    connection.Answer(AsJson(asked.substr(asked.find("X-Api-Key"))), "403 Forbidden");
  });
  Job(server, "headers = { X-Api-Key = \"env:CANARY_KEY\" }");
  const Outcome outcome = exporter_.Run({"doctor", job().string()});
  EXPECT_THAT(outcome.out, HasSubstr("refused: X-Api-Key: [secret]"));
  ExpectNoSecret(outcome.out + outcome.err);
}

// Data is not changed.
TEST_F(SecretsTest, WhatTheApiExportsStaysAsItIs) {
  Server server([](RawConnection& connection, const std::string&) {
    connection.Answer(R"({"results":[{"id":1,"note":"canary-key-3"}]})");
  });
  Job(server, "headers = { X-Api-Key = \"env:CANARY_KEY\" }");
  EXPECT_EQ(Export().exit_code, 0);
  EXPECT_THAT(Bytes(exporter_.folder() / "out/things.jsonl"), HasSubstr("canary-key-3"));
}

}  // namespace
}  // namespace sluice
