// What a job file says about a Trakt account.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pipeline/check.h"
#include "pipeline/job.h"
#include "tests/support/temp_dir.h"

namespace sluice {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kHead = "[job]\nsource = \"trakt\"\noutput = \"./out\"\n";  // 3 lines

class TraktJobTest : public testing::Test {
 protected:
  Result<Job> Load(const std::string& body, std::vector<Setting> flags = {}) {
    WriteFile(folder_ / "trakt.toml", kHead + body);
    return LoadJob({.file = folder_ / "trakt.toml", .flags = std::move(flags)});
  }
  Job Loaded(const std::string& body, std::vector<Setting> flags = {}) {
    auto job = Load(body, std::move(flags));
    EXPECT_TRUE(job) << job.error().message;
    return job.value_or(Job{});
  }
  std::string Refusal(const std::string& body, std::vector<Setting> flags = {}) {
    const auto job = Load(body, std::move(flags));
    EXPECT_FALSE(job) << "was accepted: " << body;
    return job ? "" : job.error().message;
  }
  std::string At(int line) {
    return (folder_ / "trakt.toml").string() + ":" + std::to_string(line);
  }

  TempDir folder_;
};

TEST_F(TraktJobTest, LeftOutKeysHaveTheDocumentedDefaults) {
  const Job job = Loaded("");
  EXPECT_EQ(job.source, SourceKind::kTrakt);
  EXPECT_EQ(job.trakt.base_url, "https://api.trakt.tv");
  EXPECT_EQ(job.trakt.auth_url, "https://auth.trakt.tv");
  EXPECT_EQ(job.trakt.token, "");
  EXPECT_THAT(job.trakt.include,
              ElementsAre("history", "ratings", "watchlist", "collection", "shows"));
}

TEST_F(TraktJobTest, EveryKeyOfTheDocumentedFileIsRead) {
  const Job job = Loaded(R"([trakt]
client_id = "env:ID"
client_secret = "file:/run/secret"
token = "env:TRAKT_TOKEN"
token_file = "/var/lib/trakt.json"
base_url = "http://127.0.0.1:8080/"
auth_url = "http://127.0.0.1:8081"
include = ["history", "lists"]
history_mode = "aggregated"
rows = "new_only"
timezone = "Europe/Paris"
tags = ["trakt", "import 2026"]
reviews = true
)");
  EXPECT_EQ(job.trakt.client_id, "env:ID");
  EXPECT_EQ(job.trakt.client_secret, "file:/run/secret");
  EXPECT_EQ(job.trakt.token, "env:TRAKT_TOKEN");
  EXPECT_EQ(job.trakt.token_file, "/var/lib/trakt.json");
  EXPECT_EQ(job.trakt.base_url, "http://127.0.0.1:8080");
  EXPECT_EQ(job.trakt.auth_url, "http://127.0.0.1:8081");
  EXPECT_THAT(job.trakt.include, ElementsAre("history", "lists"));
  EXPECT_EQ(job.trakt.history_mode, "aggregated");
  EXPECT_EQ(job.trakt.rows, "new_only");
  EXPECT_EQ(job.trakt.timezone, "Europe/Paris");
  EXPECT_THAT(job.trakt.tags, ElementsAre("trakt", "import 2026"));
  EXPECT_TRUE(job.trakt.reviews);
}

TEST_F(TraktJobTest, WrongValuesAreRefused) {
  for (const char* body :
       {"client_id = \"0123456789abcdef\"", "token = \"0123456789abcdef\"", "include = []",
        "include = [\"films\"]", "history_mode = \"both\"", "rows = \"some\"",
        "timezone = \"Europe/Atlantis\"", "timezone = \"../../etc/passwd\"",
        "timezone = \"Europe\"", "tags = [\"a,b\"]", "tags = [\"\"]", "reviews = \"yes\"",
        "base_url = \"http://api.trakt.tv\"", "auth_url = \"http://auth.trakt.tv\""}) {
    EXPECT_THAT(Refusal(std::string("[trakt]\n") + body), HasSubstr("must be")) << body;
  }
}

TEST_F(TraktJobTest, AMisspeltKeyIsNamedWithTheNearest) {
  EXPECT_EQ(Refusal("[trakt]\nhistory_mod = \"individual\"\n"),
            At(5) + ": trakt.history_mod: unknown key (did you mean 'trakt.history_mode'?)");
}

TEST_F(TraktJobTest, ASectionOfNotionHasNoEffectAndIsRefused) {
  EXPECT_EQ(Refusal("[notion]\nroots = []\n"), At(4) + ": [notion] has no effect in a trakt job");
}

TEST_F(TraktJobTest, FlagsOfEverySourceMeanTheKeysOfTrakt) {
  const Job job = Loaded(
      "", {{"source.token", "env:T", "--token"}, {"source.client_id", "env:C", "--client-id"}});
  EXPECT_EQ(job.trakt.token, "env:T");
  EXPECT_EQ(job.trakt.client_id, "env:C");
}

TEST_F(TraktJobTest, LimitsInFlightHaveTheNamesOfTheSourcesOperations) {
  EXPECT_EQ(Loaded("[stages]\nfetch = { history = 2 }\n").stages.fetch.operations.at("history"), 2);
  EXPECT_THAT(Refusal("[stages]\nfetch = { history = 0 }\n"),
              HasSubstr(At(5) + ": stages.fetch.history: must be a whole number from 1 to 1000"));
}

TEST_F(TraktJobTest, ProblemsStandInTheOrderOfTheFile) {
  const std::string message =
      Refusal("[trakt]\nrows = 1\n[limits]\nrate = true\n[cache]\nfoo = 1\n");
  const auto rows = message.find("trakt.rows");
  const auto rate = message.find("limits.rate");
  const auto foo = message.find("cache.foo");
  EXPECT_LT(rows, rate);
  EXPECT_LT(rate, foo);
}

TEST_F(TraktJobTest, CheckShowsOnlyTheKeysOfTheJob) {
  const std::string text = DescribeJob(Loaded(""));
  EXPECT_THAT(text, HasSubstr("trakt.rows"));
  EXPECT_THAT(text, Not(HasSubstr("notion")));
  EXPECT_THAT(text, Not(HasSubstr("stages.fetch.pages")));
}

}  // namespace
}  // namespace sluice
