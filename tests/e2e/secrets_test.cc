// No secret of a job reaches another server, a message or the state, whatever a server does with
// what it was sent.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
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

constexpr const char* kRecords = R"({"results":[{"id":1},{"id":2}]})";

// Answers by a function of the request, and remembers what it was asked.
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
    for (;;) {
      const std::string request = connection.ReadRequest();
      if (request.empty()) return;
      asked_.With([&](auto& asked) { asked.push_back(request); });
      answer_(connection, request);
    }
  }

  const Answer answer_;
  Guarded<std::vector<std::string>> asked_;
  RawServer server_{[this](RawConnection& connection) { Serve(connection); }};
};

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
  EXPECT_THAT(new_.asked(), ElementsAre(testing::StartsWith("GET /things?a=b HTTP/1.1\r\n")));
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

}  // namespace
}  // namespace sluice
