#include "pipeline/cli.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

Result<Command> Parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "sluice");
  return ParseCommandLine(static_cast<int>(arguments.size()), arguments.data());
}

Command Parsed(const std::vector<const char*>& arguments) {
  auto command = Parse(arguments);
  EXPECT_TRUE(command) << command.error().message;
  return command.value_or(Command{});
}

std::string Refusal(const std::vector<const char*>& arguments) {
  const auto command = Parse(arguments);
  EXPECT_FALSE(command);
  if (command) return "";
  EXPECT_EQ(command.error().code, Code::kUsage);
  return command.error().message;
}

TEST(CliTest, RunTakesAJobAndItsFlags) {
  const Command command = Parsed({"run", "wiki.toml", "--fresh", "--full", "--progress", "json",
                                  "--report", "r.json", "--max-duration", "10m", "--max-requests",
                                  "5", "--max-delete", "10%", "--wait-lock=30s"});
  EXPECT_EQ(command.verb, Verb::kRun);
  EXPECT_EQ(command.job_file, "wiki.toml");
  EXPECT_TRUE(command.run.fresh);
  EXPECT_TRUE(command.run.full);
  EXPECT_EQ(command.run.progress, ProgressMode::kJson);
  EXPECT_EQ(command.run.report, "r.json");
  EXPECT_EQ(command.run.duration_max, 10min);
  EXPECT_EQ(command.run.requests_max, 5);
  EXPECT_EQ(command.run.delete_max, DeleteLimit(Percent{10}));
  EXPECT_EQ(command.run.lock_wait, 30s);
}

TEST(CliTest, CacheCommandsTakeAFolder) {
  EXPECT_EQ(Parsed({"cache", "stats", "d"}).verb, Verb::kCacheStats);
  EXPECT_EQ(Parsed({"cache", "clear", "d"}).verb, Verb::kCacheClear);
  const Command trim = Parsed({"cache", "trim", "d", "--max-bytes", "1MB", "--max-age", "24h"});
  EXPECT_EQ(trim.verb, Verb::kCacheTrim);
  EXPECT_EQ(trim.folder, "d");
  EXPECT_EQ(trim.cache_limits.bytes_max, 1'000'000);
  EXPECT_EQ(trim.cache_limits.age_max, 24h);
}

TEST(CliTest, DoctorTakesAJobOrNothing) {
  EXPECT_EQ(Parsed({"doctor"}).verb, Verb::kDoctor);
  EXPECT_FALSE(Parsed({"doctor"}).job_file);
  const Command command = Parsed({"doctor", "wiki.toml", "--offline", "--json"});
  EXPECT_EQ(command.job_file, "wiki.toml");
  EXPECT_TRUE(command.run.offline);
  EXPECT_EQ(command.format, ReportFormat::kJson);
}

TEST(CliTest, CacheTrimNeedsALimit) {
  EXPECT_THAT(Refusal({"cache", "trim", "d"}), HasSubstr("--max-bytes or --max-age"));
}

TEST(CliTest, OfflineGoesNeitherWithFreshNorWithFull) {
  EXPECT_TRUE(Parsed({"notion", "--out", "d", "--offline"}).run.offline);
  EXPECT_THAT(Refusal({"run", "j.toml", "--offline", "--full"}), HasSubstr("--offline"));
  EXPECT_THAT(Refusal({"run", "j.toml", "--offline", "--fresh"}), HasSubstr("--offline"));
}

TEST(CliTest, VerifyTakesAFolder) {
  const Command command = Parsed({"verify", "d", "--json"});
  EXPECT_EQ(command.verb, Verb::kVerify);
  EXPECT_EQ(command.folder, "d");
  EXPECT_EQ(command.format, ReportFormat::kJson);
}

TEST(CliTest, NotionNeedsNoJobFile) {
  const Command command = Parsed({"notion", "--out", "d", "--token", "env:T", "--tpslimit", "0"});
  EXPECT_EQ(command.verb, Verb::kRun);
  EXPECT_EQ(command.job_file, std::nullopt);
  ASSERT_EQ(command.settings.size(), 3u);
  EXPECT_EQ(command.settings[0].key, "job.output");
  EXPECT_EQ(command.settings[1].key, "notion.token");
  EXPECT_EQ(command.settings[2].key, "limits.rate");
  EXPECT_EQ(command.settings[2].origin, "--tpslimit");
}

TEST(CliTest, TraktNeedsNoJobFileAndNamesItsSource) {
  const Command command =
      Parsed({"trakt", "--out", "d", "--token", "env:T", "--client-id", "env:C"});
  EXPECT_EQ(command.verb, Verb::kRun);
  ASSERT_EQ(command.settings.size(), 4u);
  EXPECT_EQ(command.settings[0].key, "job.source");
  EXPECT_EQ(command.settings[0].value, "trakt");
  EXPECT_EQ(command.settings[2].key, "trakt.token");
  EXPECT_EQ(command.settings[3].key, "trakt.client_id");
}

TEST(CliTest, AFlagOfAJobMeansTheKeyOfItsSource) {
  EXPECT_EQ(Parsed({"run", "j.toml", "--token", "env:T"}).settings[0].key, "source.token");
}

TEST(CliTest, FlagsOfTheirOwnNameComeAfterSet) {
  const Command command =
      Parsed({"run", "--tpslimit", "1", "--set", "limits.rate=2", "--set", "a=b=c", "wiki.toml"});
  ASSERT_EQ(command.settings.size(), 3u);
  EXPECT_EQ(command.settings[0].value, "2");
  EXPECT_EQ(command.settings[1].value, "b=c");
  EXPECT_EQ(command.settings[2].origin, "--tpslimit");
  EXPECT_EQ(command.job_file, "wiki.toml");
}

TEST(CliTest, StateCommandsTakeAFolder) {
  const Command status = Parsed({"status", "d", "--json"});
  EXPECT_EQ(status.verb, Verb::kStatus);
  EXPECT_EQ(status.folder, "d");
  EXPECT_EQ(status.format, ReportFormat::kJson);
  EXPECT_EQ(Parsed({"failures", "d"}).verb, Verb::kFailures);
}

TEST(CliTest, RetryRunsInItsFolder) {
  const Command command = Parsed({"retry", "d", "--job", "wiki.toml"});
  EXPECT_EQ(command.verb, Verb::kRetry);
  EXPECT_EQ(command.job_file, "wiki.toml");
  ASSERT_EQ(command.settings.size(), 1u);
  EXPECT_EQ(command.settings[0].key, "job.output");
  EXPECT_EQ(command.settings[0].value, "d");
}

TEST(CliTest, LoudnessIsCounted) {
  EXPECT_EQ(Parsed({"status", "d"}).log.level, LogLevel::kInfo);
  EXPECT_EQ(Parsed({"status", "d", "-v"}).log.level, LogLevel::kDebug);
  EXPECT_EQ(Parsed({"status", "d", "-q"}).log.level, LogLevel::kWarning);
  EXPECT_EQ(Parsed({"status", "d", "-qqq"}).log.level, LogLevel::kError);
  EXPECT_EQ(Parsed({"status", "d", "--log-format", "json"}).log.format, LogFormat::kJson);
}

TEST(CliTest, VersionAndHelpAreText) {
  EXPECT_THAT(Parsed({"version"}).text, testing::StartsWith("sluice "));
  EXPECT_EQ(Parsed({"--version"}).verb, Verb::kVersion);
  EXPECT_EQ(Parsed({"--help"}).verb, Verb::kHelp);
  EXPECT_THAT(Parsed({"run", "--help"}).text, HasSubstr("Usage: sluice run"));
}

TEST(CliTest, WhatIsNotBuiltIsNotOffered) {
  const std::string help = Parsed({"--help"}).text;
  for (const char* word : {"plan", "tune"}) {
    EXPECT_THAT(help, Not(HasSubstr(word)));
    EXPECT_THAT(Refusal({word, "x"}), HasSubstr("unknown command"));
  }
}

TEST(CliTest, UsageErrorsAreOneLineAndAHint) {
  EXPECT_EQ(Refusal({"rnu", "x"}),
            "unknown command 'rnu' (did you mean 'run'?)\nTry 'sluice --help'.");
  EXPECT_EQ(Refusal({"run", "j", "--ofline"}), "unknown flag --ofline\nTry 'sluice run --help'.");
  EXPECT_EQ(Refusal({"run", "j", "--max-duration", "10"}),
            "--max-duration: must be a duration as \"30s\", \"15m\" or \"24h\"\n"
            "Try 'sluice run --help'.");
  EXPECT_EQ(Refusal({"run", "j", "--fresh=x"}),
            "--fresh: takes no value\nTry 'sluice run --help'.");
  EXPECT_EQ(Refusal({}), "no command given\nTry 'sluice --help'.");
}

TEST(CliTest, WrongArgumentsAreRefused) {
  const std::vector<std::vector<const char*>> cases = {{"run"},
                                                       {"notion"},
                                                       {"run", "a", "b"},
                                                       {"run", "j", "--set", "noequals"},
                                                       {"run", "j", "--set"},
                                                       {"run", "j", "--progress", "loud"},
                                                       {"run", "j", "--max-requests", "-1"},
                                                       {"run", "j", "--max-delete", "200%"},
                                                       {"status"},
                                                       {"retry", "d", "--fresh"},
                                                       {"retry", "d", "--out", "e"}};
  for (const auto& arguments : cases) EXPECT_NE(Refusal(arguments), "");
}

TEST(CliTest, NoMessageRepeatsAnArgumentsValue) {
  const std::vector<std::vector<const char*>> cases = {{"run", "j", "--tokne", "ntn_SECRET"},
                                                       {"run", "j", "--tokne=ntn_SECRET"},
                                                       {"run", "j", "ntn_SECRET"},
                                                       {"run", "j", "--set", "ntn_SECRET"},
                                                       {"run", "j", "--progress=ntn_SECRET"},
                                                       {"run", "j", "--fresh=ntn_SECRET"},
                                                       {"status", "d", "--json=ntn_SECRET"},
                                                       {"run", "j", "--max-delete", "ntn_SECRET"}};
  for (const auto& arguments : cases) EXPECT_THAT(Refusal(arguments), Not(HasSubstr("SECRET")));
}

}  // namespace
}  // namespace sluice
