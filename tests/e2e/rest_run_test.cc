// REST jobs from the command line to the files, against the simulator.
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/e2e/export_fixture.h"
#include "tests/support/scripted_api.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

class RestRunTest : public ExportTest {
 protected:
  static SimProcess Records(std::vector<std::string> more) {
    std::vector<std::string> args = {"rest", "--records", "250"};
    args.insert(args.end(), more.begin(), more.end());
    return SimProcess(kSimulator, std::move(args));
  }
  Outcome Run(const SimProcess& sim, const std::string& resource,
              const std::vector<std::string>& more = {}) {
    return RunJob(sim.url(), "", resource, more);
  }
  fs::path job() const { return exporter_.folder() / "job.toml"; }
  // `client` and `resource` are lines of [client] and of the resource "records".
  void WriteJob(const std::string& url, const std::string& client, const std::string& resource) {
    std::ofstream(job()) << "[job]\nsource = \"rest\"\noutput = \"out\"\n[client]\nbase_url = \""
                         << url << "\"\n"
                         << client << "\n[[resources]]\nname = \"records\"\n"
                         << resource;
  }
  Outcome RunJob(const std::string& url, const std::string& client, const std::string& resource,
                 const std::vector<std::string>& more = {}) {
    WriteJob(url, client, resource);
    std::vector<std::string> args = {
        "run", job().string(), "--out", exporter_.output(), "--tpslimit", "0"};
    args.insert(args.end(), more.begin(), more.end());
    return exporter_.Run(args);
  }
};

TEST_F(RestRunTest, AJobThatSaysAlmostNothingExportsEverything) {
  const SimProcess sim = Records({"--paginator", "header_link"});
  const Outcome outcome = Run(sim, "");
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const std::string text = exporter_.Output()["records.jsonl"].content;
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 250);
  EXPECT_EQ(exporter_.Run({"verify", exporter_.output()}).exit_code, 0);
}

TEST_F(RestRunTest, StateListsTheCollectionsAndOneBeginsAnew) {
  const SimProcess sim = Records({"--paginator", "header_link"});
  ASSERT_EQ(Run(sim, "primary_key = \"id\"\n").exit_code, 0);
  const Outcome list = exporter_.Run({"state", exporter_.output(), "--json"});
  EXPECT_EQ(json::parse(list.out)["collections"][0]["rows"], 250) << list.out;
  const Outcome reset = exporter_.Run({"state", exporter_.output(), "--reset", "records"});
  EXPECT_EQ(reset.exit_code, 0) << reset.err;
  const Outcome after = exporter_.Run({"state", exporter_.output(), "--json"});
  EXPECT_EQ(json::parse(after.out)["collections"][0]["rows"], 0);
  EXPECT_EQ(Run(sim, "primary_key = \"id\"\n").exit_code, 0);
  EXPECT_EQ(exporter_.Run({"verify", exporter_.output()}).exit_code, 0);
}

TEST_F(RestRunTest, RetryWithAnotherJobIsRefusedAndTouchesNothing) {
  const SimProcess sim = Records({"--paginator", "header_link"});
  ASSERT_EQ(Run(sim, "", {"--max-requests", "2"}).exit_code, 3);
  const Rows before = Query(exporter_.state(), "SELECT * FROM v_pending");
  for (const char* other : {"[resources.output]\nformat = \"csv\"\n", "primary_key = \"id\"\n"}) {
    WriteJob(sim.url(), "", other);
    const Outcome retry = exporter_.Run({"retry", exporter_.output(), "--job", job()});
    EXPECT_EQ(retry.exit_code, 2) << retry.err;
    EXPECT_THAT(retry.err, HasSubstr("was exported with another job"));
  }
  EXPECT_EQ(Query(exporter_.state(), "SELECT * FROM v_pending"), before);
}

TEST_F(RestRunTest, AFileThatWasRemovedWhileItsRowsWereListedAnewIsMadeOfAllOfThem) {
  const SimProcess sim = Records({"--paginator", "header_link"});
  ASSERT_EQ(Run(sim, "").exit_code, 0);
  const Tree before = exporter_.Output();
  ASSERT_EQ(Run(sim, "", {"--max-requests", "1"}).exit_code, 3);
  std::filesystem::remove(exporter_.output() / "records.jsonl");
  EXPECT_EQ(Run(sim, "").exit_code, 0);
  EXPECT_THAT(Differences(before, exporter_.Output()), testing::IsEmpty());
}

TEST_F(RestRunTest, AnUnknownCollectionIsNamedWithTheNearest) {
  const SimProcess sim = Records({"--paginator", "header_link"});
  ASSERT_EQ(Run(sim, "").exit_code, 0);
  const Outcome outcome = exporter_.Run({"state", exporter_.output(), "--reset", "recrods"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("did you mean 'records'?"));
}

TEST_F(RestRunTest, ALimitForWhatTheJobDoesNotAskForIsRefused) {
  const SimProcess sim = Records({"--paginator", "header_link"});
  const Outcome outcome = Run(sim, "", {"--set", "stages.fetch.recods=2"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("stages.fetch.recods: this job has no such operation (did you "
                                     "mean 'records'?)"));
}

TEST_F(RestRunTest, ARefusedTokenNamesTheKeyToLookAt) {
  const ScriptedApi api([](const std::string&) -> ScriptedApi::Answer {
    return {R"({"message": "Bad credentials"})", "", "401 Unauthorized"};
  });
  const Outcome outcome =
      RunJob(api.url(), R"(auth = { type = "bearer", token = "env:SLUICE_TEST_TOKEN" })", "");
  EXPECT_EQ(outcome.exit_code, 6) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("check what client.auth refers to"));
  EXPECT_THAT(outcome.err, Not(HasSubstr("simulated")));
}

TEST_F(RestRunTest, RetryKnowsTheSourceOfAnExportWithoutJobFile) {
  const SimProcess sim(kSimulator, {"trakt", "--history", "30", "--ratings", "5"});
  const std::string token = std::string("env:") + Exporter::kTokenVariable;
  const std::vector<std::string> flags = {"--token", token,        "--client-id",
                                          token,     "--base-url", sim.url()};
  const auto run = [&](std::vector<std::string> args) {
    args.insert(args.end(), flags.begin(), flags.end());
    return exporter_.Run(args);
  };
  const Outcome first = run({"trakt", "--out", exporter_.output()});
  ASSERT_EQ(first.exit_code, 0) << first.err;
  const Outcome again = run({"retry", exporter_.output()});
  EXPECT_EQ(again.exit_code, 0) << again.err;
}

// Every kind of authorization that a job can name, against a server that asks for it.
struct AuthCase {
  const char* name;
  std::string server;               // of the simulator's --auth
  std::string client;               // of [client]; URL stands for the server's address
  std::vector<std::string> more{};  // of the simulator
};

class RestAuthTest : public RestRunTest, public testing::WithParamInterface<AuthCase> {};

TEST_P(RestAuthTest, IsSent) {
  const AuthCase& one = GetParam();
  std::vector<std::string> args = {"--paginator", "header_link", "--auth", one.server};
  args.insert(args.end(), one.more.begin(), one.more.end());
  const SimProcess sim = Records(args);
  std::string client = one.client;
  if (const auto at = client.find("URL"); at != client.npos) client.replace(at, 3, sim.url());
  const Outcome outcome = RunJob(sim.url(), client, "");
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const std::string text = exporter_.Output()["records.jsonl"].content;
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 250);
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, RestAuthTest,
    testing::Values(
        AuthCase{"Bearer", "bearer:simulated",
                 R"(auth = { type = "bearer", token = "env:SLUICE_TEST_TOKEN" })"},
        AuthCase{
            "Basic", "basic:me:simulated",
            R"(auth = { type = "http_basic", username = "me", password = "env:SLUICE_TEST_TOKEN" })"},
        AuthCase{
            "Key", "api_key:X-Key:simulated",
            R"(auth = { type = "api_key", name = "X-Key", api_key = "env:SLUICE_TEST_TOKEN" })"},
        AuthCase{"Header", "api_key:X-Key:simulated",
                 R"(headers = { X-Key = "env:SLUICE_TEST_TOKEN" })"},
        // A token serves two requests, so it is renewed on the way.
        AuthCase{
            "ClientCredentials",
            "oauth2:me:simulated",
            R"(auth = { type = "oauth2_client_credentials", access_token_url = "URL/oauth/token", client_id = "me", client_secret = "env:SLUICE_TEST_TOKEN" })",
            {"--token-requests", "2"}},
        AuthCase{
            "RefreshToken",
            "oauth2:me:simulated",
            R"(auth = { type = "oauth2_refresh", token_refresh_endpoint = "URL/oauth/token", client_id = "me", client_secret = "env:SLUICE_TEST_TOKEN", refresh_token = "env:SLUICE_TEST_TOKEN" })",
            {"--token-requests", "2", "--refresh-token", "simulated"}}),
    [](const auto& one) { return one.param.name; });

}  // namespace
}  // namespace sluice
