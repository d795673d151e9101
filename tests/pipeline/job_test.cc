#include "pipeline/job.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "pipeline/check.h"
#include "tests/support/temp_dir.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kHead = "[job]\nsource = \"notion\"\noutput = \"./wiki\"\n";  // 3 lines
constexpr const char* kSecret = "ntn_SECRET4711";

class JobTest : public testing::Test {
 protected:
  Result<Job> Load(const std::string& text, std::vector<Setting> flags = {},
                   std::vector<Setting> environment = {}) {
    WriteFile(folder_ / "wiki.toml", text);
    return LoadJob({.file = folder_ / "wiki.toml",
                    .environment = std::move(environment),
                    .flags = std::move(flags)});
  }
  // The job of a file that must be right.
  Job Loaded(const std::string& body, std::vector<Setting> flags = {},
             std::vector<Setting> environment = {}) {
    auto job = Load(kHead + body, std::move(flags), std::move(environment));
    EXPECT_TRUE(job) << job.error().message;
    return job.value_or(Job{});
  }
  // The message about a file that must be wrong.
  std::string Refusal(const std::string& body, std::vector<Setting> flags = {}) {
    return RefusalOfWhole(kHead + body, std::move(flags));
  }
  std::string RefusalOfWhole(const std::string& text, std::vector<Setting> flags = {}) {
    const auto job = Load(text, std::move(flags));
    EXPECT_FALSE(job) << "was accepted: " << text;
    if (job) return "";
    EXPECT_EQ(job.error().code, Code::kUsage);
    return job.error().message;
  }
  std::string At(int line) { return (folder_ / "wiki.toml").string() + ":" + std::to_string(line); }

  TempDir folder_;
};

TEST_F(JobTest, LeftOutKeysHaveTheDocumentedDefaults) {
  const Job job = Loaded("");
  EXPECT_EQ(job.name, "wiki");
  EXPECT_EQ(job.notion.version, "2025-09-03");
  EXPECT_THAT(job.notion.include, ElementsAre("pages", "databases", "users"));
  EXPECT_EQ(job.limits.in_flight, 64);
  EXPECT_EQ(job.limits.requests_per_second, std::nullopt);
  EXPECT_EQ(job.stages.fetch.blocks, 15);
  EXPECT_EQ(job.retry.max_wait, 15min);
}

TEST_F(JobTest, EveryKeyOfTheDocumentedFileIsRead) {
  const Job job = Loaded(R"(name = "w"
[notion]
token = "file:/run/secret"
base_url = "https://api.notion.com/"
include = ["pages", "comments", "assets"]
roots = ["0123456789abcdef0123456789abcdef"]
[limits]
in_flight = 32
memory = "20MB"
rate = "1000/5m"
burst = 7
[stages]
list      = { limit = 2 }
lookup    = { limit = 3 }
fetch     = { pages = 6, databases = 4, blocks = 16, comments = 11, users = 26, properties = 17, autotune = false }
transform = { limit = 4 }
write     = { batch_items = 10, batch_delay = "50ms" }
[retry]
read_attempts = 9
base = "1s"
max_wait = "PT5M"
[cache]
enabled = false
max_bytes = "1MiB"
max_entries = 5
ttl = "2h"
memory_entries = 6
[checkpoint]
interval = "5s"
[monitoring]
listen = "127.0.0.1:6060"
profiling = true
)");
  EXPECT_EQ(job.name, "w");
  EXPECT_EQ(job.notion.token, "file:/run/secret");
  EXPECT_EQ(job.notion.base_url, "https://api.notion.com");
  EXPECT_EQ(job.limits.in_flight, 32);
  EXPECT_EQ(job.limits.memory_bytes, 20'000'000);
  EXPECT_DOUBLE_EQ(job.limits.requests_per_second.value(), 1000.0 / 300);
  EXPECT_EQ(job.limits.burst, 7);
  EXPECT_EQ(job.stages.list_limit, 2);
  EXPECT_EQ(job.stages.fetch.properties, 17);
  EXPECT_FALSE(job.stages.fetch.autotune);
  EXPECT_EQ(job.stages.write_batch_delay, 50ms);
  EXPECT_EQ(job.retry.max_wait, 5min);
  EXPECT_FALSE(job.cache.enabled);
  EXPECT_EQ(job.cache.bytes_max, 1 << 20);
  EXPECT_EQ(job.checkpoint.interval, 5s);
  EXPECT_TRUE(job.monitoring.profiling);
}

TEST_F(JobTest, OutputOfTheFileIsRelativeToItsFolder) {
  EXPECT_EQ(Loaded("").output, folder_ / "wiki");
}

TEST_F(JobTest, OutputOfAFlagIsRelativeToTheCurrentFolder) {
  EXPECT_EQ(Loaded("", {{"job.output", "there", "--out"}}).output, "there");
}

TEST_F(JobTest, LaterLayersWin) {
  const std::string file = "[limits]\nrate = 1\n";
  const Setting variable{"limits.rate", "2", "SLUICE_LIMITS_RATE"};
  EXPECT_EQ(Loaded(file).limits.requests_per_second, 1);
  EXPECT_EQ(Loaded(file, {}, {variable}).limits.requests_per_second, 2);
  const Job job = Loaded(file, {{"limits.rate", "3/s", "--set"}}, {variable});
  EXPECT_EQ(job.limits.requests_per_second, 3);
  EXPECT_EQ(job.origins.at("limits.rate"), "--set");
}

TEST_F(JobTest, VariablesAreNamedAfterTheirKeys) {
  const char* const environment[] = {"SLUICE_LIMITS_RATE=1/s", "SLUICE_STAGES_FETCH_PAGES=2",
                                     "SLUICE_WERROR=ON", "PATH=/bin", nullptr};
  const auto settings = JobEnvironment(environment);
  ASSERT_EQ(settings.size(), 2u);
  EXPECT_EQ(settings[0].key, "limits.rate");
  EXPECT_EQ(settings[1].key, "stages.fetch.pages");
}

TEST_F(JobTest, AMisspeltVariableOfASectionIsRefused) {
  const char* const environment[] = {"SLUICE_LIMITS_RAET=1/s", nullptr};
  const auto job = LoadJob(
      {.environment = JobEnvironment(environment), .flags = {{"job.output", "x", "--out"}}});
  ASSERT_FALSE(job);
  EXPECT_EQ(job.error().message,
            "SLUICE_LIMITS_RAET: limits.raet: unknown key (did you mean 'limits.rate'?)");
}

TEST_F(JobTest, AnUnknownKeyIsNamedWithFileAndLineAndTheNearest) {
  EXPECT_EQ(Refusal("[limits]\nin_fligth = 3\n"),
            At(5) + ": limits.in_fligth: unknown key (did you mean 'limits.in_flight'?)");
}

TEST_F(JobTest, AKeyInTheWrongSectionIsSentToItsOwn) {
  EXPECT_THAT(Refusal("[retry]\nburst = 3\n"), HasSubstr("did you mean 'limits.burst'?"));
}

TEST_F(JobTest, AnUnknownSectionIsNamed) {
  EXPECT_THAT(Refusal("[limit]\nrate = 3\n"),
              HasSubstr(At(4) + ": limit: unknown key (did you mean 'limits'?)"));
}

TEST_F(JobTest, EveryProblemHasALineBelowTheHeadline) {
  const std::string message = Refusal("[limits]\nin_flight = 0\nrate = \"fast\"\nfoo = 1\n");
  EXPECT_THAT(message, testing::StartsWith("the job has 3 problems\n"));
  EXPECT_THAT(message, HasSubstr(At(5) + ": limits.in_flight: must be a whole number from 1 to"));
  EXPECT_THAT(message, HasSubstr(At(6) + ": limits.rate: must be a rate as"));
  EXPECT_THAT(message, HasSubstr(At(7) + ": limits.foo: unknown key"));
}

TEST_F(JobTest, WrongTypesAndRangesAreRefused) {
  for (const char* body : {"[limits]\nin_flight = \"64\"",
                           "[limits]\nin_flight = 1.5",
                           "[limits]\nrate = -1",
                           "[limits]\nrate = nan",
                           "[limits]\nrate = true",
                           "[limits]\nmemory = \"1kB\"",
                           "[limits]\nburst = 0",
                           "[limits]\nin_flight = [1]",
                           "[limits]\nin_flight = 1979-05-27",
                           "[retry]\nbase = 5",
                           "[retry]\nbase = \"5\"",
                           "[cache]\nenabled = \"yes\"",
                           "[notion]\ninclude = \"pages\"",
                           "[notion]\ninclude = []",
                           "[notion]\ninclude = [\"page\"]",
                           "[notion]\ninclude = [1]",
                           "[notion]\nroots = [\"home\"]",
                           "[notion]\nversion = \"2024\"",
                           "[stages]\nfetch = 5",
                           "[stages]\nfetch = { search = 5 }",
                           "limits = 5\n",
                           "[monitoring]\nlisten = \"0.0.0.0:6060\""}) {
    EXPECT_NE(Refusal(body), "") << body;
  }
}

TEST_F(JobTest, ALiteralTokenIsRefusedWithoutItsValue) {
  const std::string message = Refusal("[notion]\ntoken = \"" + std::string(kSecret) + "\"\n");
  EXPECT_THAT(message, HasSubstr(At(5) + ": notion.token: must be a reference"));
  EXPECT_THAT(message, Not(HasSubstr(kSecret)));
}

TEST_F(JobTest, NoMessageRepeatsAValue) {
  const std::string secret = kSecret;
  for (const std::string& body :
       {"[notion]\ntoken = " + secret, "[notion]\ntoken = \"" + secret + "\n",
        "[limits]\nrate = \"" + secret + "\"", "[limits]\nfoo = \"" + secret + "\"",
        "[notion]\nbase_url = \"https://me:" + secret + "@api.notion.com\"",
        "[notion]\ntoken = [\"" + secret + "\"]",
        "[notion]\ntoken = { env = \"" + secret + "\" }"}) {
    EXPECT_THAT(Refusal(body), Not(HasSubstr(secret))) << body;
  }
  EXPECT_THAT(Refusal("", {{"notion.token", secret, "--token"}}), Not(HasSubstr(secret)));
}

TEST_F(JobTest, BrokenTomlIsNamedWithItsPlace) {
  EXPECT_THAT(RefusalOfWhole("[job]\nname = \"wiki\noutput = 3\n"), HasSubstr(At(2) + ":"));
}

TEST_F(JobTest, BaseUrlIsHttpsOrLoopback) {
  const auto with = [](const std::string& url) { return "[notion]\nbase_url = \"" + url + "\"\n"; };
  for (const char* url : {"https://proxy.example.org:8443/notion", "http://127.0.0.1:80",
                          "http://127.1.2.3:9", "http://localhost:1234", "http://[::1]:5"}) {
    EXPECT_EQ(Loaded(with(url)).notion.base_url, url);
  }
  for (const char* url :
       {"http://api.notion.com", "http://127.0.0.1.example.org", "http://localhost.example.org",
        "https://u:p@api.notion.com", "https://api.notion.com?x=1", "https://", "api.notion.com",
        "ftp://api.notion.com", "https://a b", "https://a:0", "https://a:99999", "https://a#b"}) {
    EXPECT_THAT(Refusal(with(url)), HasSubstr("notion.base_url: must be")) << url;
  }
}

TEST_F(JobTest, AllowHttpLetsPlainHttpThroughWhereverItStands) {
  const Job job = Loaded("[notion]\nbase_url = \"http://proxy:80\"\nallow_http = true\n");
  EXPECT_EQ(job.notion.base_url, "http://proxy:80");
}

TEST_F(JobTest, AnUnknownSourceIsRefused) {
  EXPECT_THAT(RefusalOfWhole("[job]\nsource = \"gopher\"\noutput = \"x\"\n"),
              HasSubstr(R"(job.source: must be "notion", "trakt" or "rest")"));
}

TEST_F(JobTest, ASectionOfAnotherSourceHasNoEffectAndIsRefused) {
  EXPECT_EQ(Refusal("[trakt]\nrows = \"full\"\nfoo = 1\n"),
            At(4) + ": [trakt] has no effect in a notion job");
  EXPECT_EQ(Refusal("", {{"trakt.rows", "full", "--set"}}),
            "--set: trakt.rows: has no effect in a notion job");
}

TEST_F(JobTest, AVariableOfAnotherSourceIsMeantForAnotherJob) {
  EXPECT_EQ(Loaded("", {}, {{"trakt.rows", "nonsense", "SLUICE_TRAKT_ROWS"}}).trakt.rows, "full");
}

TEST_F(JobTest, AFlagOfEverySourceSetsTheKeyOfTheJobs) {
  EXPECT_EQ(Loaded("", {{"source.token", "env:X", "--token"}}).notion.token, "env:X");
}

TEST_F(JobTest, SourceAndOutputAreRequired) {
  EXPECT_THAT(RefusalOfWhole("[job]\noutput = \"x\"\n"), HasSubstr("job.source: is missing"));
  EXPECT_THAT(RefusalOfWhole("[job]\nsource = \"notion\"\n"), HasSubstr("job.output: is missing"));
}

TEST_F(JobTest, AMissingFileIsNamed) {
  const auto job = LoadJob({.file = folder_ / "none.toml"});
  ASSERT_FALSE(job);
  EXPECT_THAT(job.error().message, HasSubstr("none.toml"));
}

TEST_F(JobTest, CheckShowsValuesAndWhereTheyCameFrom) {
  const auto text =
      CheckJob(Loaded("[limits]\nrate = \"2/s\"\n"), [](const char*) { return "ntn_SECRET4711"; });
  ASSERT_TRUE(text) << text.error().message;
  EXPECT_THAT(*text, testing::ContainsRegex("limits.rate +\"2/s\" +from .*wiki.toml:5"));
  EXPECT_THAT(*text, testing::ContainsRegex("stages.fetch.blocks +15\n"));
  EXPECT_THAT(*text, HasSubstr("token: set"));
  EXPECT_THAT(*text, Not(HasSubstr(kSecret)));
}

TEST_F(JobTest, CheckSaysWhatIsAcceptedButNotDone) {
  EXPECT_THAT(DescribeJob(Loaded("[notion]\ninclude = [\"assets\"]\n")),
              HasSubstr("does not download assets"));
  EXPECT_THAT(DescribeJob(Loaded("")), Not(HasSubstr("note:")));
}

TEST_F(JobTest, CheckNamesTheVariableThatIsMissing) {
  const auto text = CheckJob(Loaded(""), [](const char*) -> const char* { return nullptr; });
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().code, Code::kUsage);
  EXPECT_THAT(text.error().message, HasSubstr("NOTION_TOKEN is not set"));
}

TEST_F(JobTest, CheckRefusesATokenFileThatOthersCanRead) {
  const auto no_variables = [](const char*) -> const char* { return nullptr; };
  const std::string file = folder_ / "token";
  WriteFile(file, kSecret);
  chmod(file.c_str(), 0644);
  const auto open = CheckTokenReference("file:" + file, no_variables);
  ASSERT_FALSE(open);
  EXPECT_THAT(open.error().message, HasSubstr("chmod 600"));
  chmod(file.c_str(), 0600);
  EXPECT_TRUE(CheckTokenReference("file:" + file, no_variables));
}

TEST_F(JobTest, CheckDoesNotShowACommand) {
  const Job job = Loaded("[notion]\ntoken = \"cmd:curl -H ntn_SECRET4711 x\"\n");
  EXPECT_THAT(DescribeJob(job), Not(HasSubstr(kSecret)));
}

}  // namespace
}  // namespace sluice
