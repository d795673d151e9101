// What is wrong is said in one line that names the thing and what to do, with its exit code; and
// once it is right, the same command exports everything.
#include <signal.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>

#include "tests/e2e/export_fixture.h"
#include "tests/support/raw_server.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// The last line that was logged; the others tell the course of the run.
std::string LastLine(std::string text) {
  while (text.ends_with('\n')) text.pop_back();
  return text.substr(text.rfind('\n') + 1);
}

class BadInputTest : public ExportTest {
 protected:
  static SimProcess Workspace(std::vector<std::string> more = {}) {
    std::vector<std::string> args = {"--pages", "40", "--blocks", "4", "--databases", "2"};
    args.insert(args.end(), more.begin(), more.end());
    return Simulate(std::move(args));
  }
  std::string WriteJob(const std::string& text) {
    WriteFile(exporter_.folder() / "job.toml", text);
    return (exporter_.folder() / "job.toml").string();
  }
  // Nothing was lost: the command, now that all is well, exports everything.
  void ExpectGoodExport(const std::vector<std::string>& more = {}) {
    const SimProcess sim = Workspace();
    const Outcome outcome = exporter_.Export(sim, more);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_THAT(Differences(ExportOf(sim), exporter_.Output()), IsEmpty());
  }
  static void ExpectOneLine(const Outcome& outcome, int exit_code) {
    EXPECT_EQ(outcome.exit_code, exit_code);
    EXPECT_EQ(std::ranges::count(outcome.err, '\n'), 1) << outcome.err;
    EXPECT_THAT(outcome.out, IsEmpty());
  }
};

using UsageTest = BadInputTest;

TEST_F(UsageTest, UnknownKeyIsNamedWithFileLineAndTheKeyThatWasMeant) {
  const std::string job = WriteJob(
      "[job]\nname = \"x\"\nsource = \"notion\"\noutput = \"./out\"\n[limits]\nrat = \"3/s\"\n");
  for (const char* verb : {"check", "run"}) {
    const Outcome outcome = exporter_.Run({verb, job});
    ExpectOneLine(outcome, 2);
    EXPECT_THAT(outcome.err, HasSubstr("job.toml:6: limits.rat: unknown key"));
    EXPECT_THAT(outcome.err, HasSubstr("did you mean 'limits.rate'?"));
  }
}

TEST_F(UsageTest, AGoodJobFileIsCheckedAndRun) {
  const SimProcess sim = Workspace();
  const std::string job = WriteJob(
      "[job]\nname = \"x\"\nsource = \"notion\"\noutput = \"./out\"\n[notion]\ntoken = \"env:" +
      std::string(Exporter::kTokenVariable) + "\"\nbase_url = \"" + sim.url() +
      "\"\n[limits]\nrate = 0\n");
  const Outcome check = exporter_.Run({"check", job});
  EXPECT_EQ(check.exit_code, 0) << check.err;
  EXPECT_EQ(sim.Answered(), 0u);
  const Outcome run = exporter_.Run({"run", job, "--progress", "none"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(Differences(ExportOf(sim), exporter_.Output()), IsEmpty());
}

TEST_F(UsageTest, UnknownKeyOfAFlagIsNamed) {
  const Outcome outcome = exporter_.Export({"--set", "limits.rat=1"});
  ExpectOneLine(outcome, 2);
  EXPECT_THAT(outcome.err, HasSubstr("--set: limits.rat: unknown key (did you mean"));
  ExpectGoodExport();
}

TEST_F(UsageTest, LiteralTokenIsRefusedAndNotRepeated) {
  const std::string token = "ntn_0123456789abcdefghijklmnopqrstuvwxyz";
  const Outcome outcome = exporter_.Export({"--token", token});
  ExpectOneLine(outcome, 2);
  EXPECT_THAT(outcome.err,
              AllOf(HasSubstr("--token"), HasSubstr("env:NAME"), Not(HasSubstr(token))));
}

TEST_F(UsageTest, MissingTokenVariableIsNamed) {
  const Outcome outcome = exporter_.Export({"--token", "env:SLUICE_TEST_NOT_SET"});
  ExpectOneLine(outcome, 2);
  EXPECT_THAT(outcome.err, HasSubstr("export SLUICE_TEST_NOT_SET"));
}

TEST_F(UsageTest, TokenFileThatOthersMayReadIsRefused) {
  const fs::path file = exporter_.folder() / "token";
  WriteFile(file, "simulated\n");
  fs::permissions(file, fs::perms(0644));
  const Outcome outcome = exporter_.Export({"--token", "file:" + file.string()});
  ExpectOneLine(outcome, 2);
  EXPECT_THAT(outcome.err, HasSubstr("chmod 600 " + file.string()));
  fs::permissions(file, fs::perms(0600));
  ExpectGoodExport({"--token", "file:" + file.string()});
}

TEST_F(UsageTest, MissingJobFileIsNamed) {
  const Outcome outcome = exporter_.Run({"run", "nowhere.toml"});
  ExpectOneLine(outcome, 2);
  EXPECT_THAT(outcome.err, HasSubstr("nowhere.toml"));
}

TEST_F(UsageTest, AFolderWithoutAnExportIsNamed) {
  for (const char* verb : {"status", "failures"}) {
    const Outcome outcome = exporter_.Run({verb, "nowhere"});
    ExpectOneLine(outcome, 4);
    EXPECT_THAT(outcome.err, HasSubstr("nowhere"));
  }
}

using ServerTest = BadInputTest;

TEST_F(ServerTest, UnreachableServerEndsTheRunSoon) {
  const auto start = std::chrono::steady_clock::now();
  const Outcome outcome = exporter_.Export({"--set", "retry.base=10ms"});
  EXPECT_EQ(outcome.exit_code, 5);
  EXPECT_THAT(LastLine(outcome.err), AllOf(HasSubstr("127.0.0.1"), HasSubstr("port 9")));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
  ExpectGoodExport();
}

TEST_F(ServerTest, RefusedTokenEndsTheRunWithItsFirstRequest) {
  const SimProcess sim = Workspace();
  exporter_.SetToken("bad");
  const Outcome outcome = exporter_.Export(sim);
  EXPECT_EQ(outcome.exit_code, 6);
  EXPECT_THAT(LastLine(outcome.err), HasSubstr("401"));
  EXPECT_EQ(sim.Answered(), 1u);
  exporter_.SetToken("simulated");
  ExpectGoodExport();
}

TEST_F(ServerTest, TokenRefusedMidwayLosesNothing) {
  const Outcome outcome = exporter_.Export(Workspace({"--fault", "401-after:30"}));
  EXPECT_EQ(outcome.exit_code, 6) << outcome.err;
  ExpectGoodExport();
}

struct AnswerCase {
  std::string name;
  std::string fault;
  std::string said;  // in `sluice failures`
};
void PrintTo(const AnswerCase& test, std::ostream* out) { *out << test.name; }
class BadAnswerTest : public BadInputTest, public testing::WithParamInterface<AnswerCase> {};

TEST_P(BadAnswerTest, IsAFailureThatSaysWhy) {
  const Outcome outcome =
      exporter_.Export(Workspace({"--fault", GetParam().fault}), {"--set", "retry.base=10ms"});
  EXPECT_EQ(outcome.exit_code, 3) << outcome.err;
  EXPECT_THAT(LastLine(outcome.err),
              AllOf(HasSubstr("sluice failures"), HasSubstr("sluice retry")));
  const Outcome failures = exporter_.Run({"failures", exporter_.output()});
  EXPECT_EQ(failures.exit_code, 0);
  EXPECT_THAT(failures.out, AllOf(HasSubstr("POST /v1/search"), HasSubstr(GetParam().said)));
}

TEST_P(BadAnswerTest, IsTriedAgainByRetry) {
  ASSERT_EQ(exporter_.Export(Workspace({"--fault", GetParam().fault}), {"--set", "retry.base=10ms"})
                .exit_code,
            3);
  const SimProcess sim = Workspace();
  const Outcome retry = exporter_.Run({"retry", exporter_.output(), "--base-url", sim.url(),
                                       "--token", std::string("env:") + Exporter::kTokenVariable,
                                       "--tpslimit", "0", "--progress", "none"});
  EXPECT_EQ(retry.exit_code, 0) << retry.err;
  EXPECT_THAT(Differences(ExportOf(sim), exporter_.Output()), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Answers, BadAnswerTest,
                         testing::Values(AnswerCase{"BadJson", "bad-json", "not whole JSON"},
                                         AnswerCase{"Html", "502-html", "HTTP 502"},
                                         AnswerCase{"ServerError", "500", "internal_server_error"},
                                         AnswerCase{"DeepJson", "deep-json",
                                                    "nested deeper than 256 levels"},
                                         AnswerCase{"GzipBomb", "gzip-bomb", "larger than 67 MB"}),
                         [](const auto& test) { return test.param.name; });

// A workspace of two pages that is written by the test: what it leaves out is answered with 404.
class OnePageMissingTest : public BadInputTest {
 protected:
  static constexpr const char* kThere = "11111111-1111-4111-8111-111111111111";
  static constexpr const char* kAway = "22222222-2222-4222-8222-222222222222";

  OnePageMissingTest() {
    AddPage(kThere, "There");
    AddPage(kAway, "Away");
    AddText(kThere);
  }
  void AddPage(const std::string& id, const std::string& title) {
    Record("search/" + title + ".json",
           R"({"object":"page","id":")" + id +
               R"(","created_time":"2025-01-01T00:00:00.000Z",)"
               R"("last_edited_time":"2025-01-02T00:00:00.000Z","archived":false,)"
               R"("parent":{"type":"workspace","workspace":true},"url":"https://notion.so/x",)"
               R"("properties":{"title":{"id":"title","type":"title","title":[{"type":"text",)"
               R"("text":{"content":")" +
               title + R"("},"plain_text":")" + title + R"("}]}}})");
  }
  void AddText(const std::string& page) {
    Record("blocks/" + page + ".children.json",
           R"({"object":"block","id":"33333333-3333-4333-8333-333333333333","type":"paragraph",)"
           R"("has_children":false,"paragraph":{"rich_text":[{"type":"text",)"
           R"("text":{"content":"its text"},"plain_text":"its text"}]}})");
  }
  void Record(const std::string& name, const std::string& result) {
    WriteFile(Recordings() / "api" / name, R"({"object":"list","results":[)" + result +
                                               R"(],"next_cursor":null,"has_more":false})");
  }
  fs::path Recordings() const { return exporter_.folder() / "recordings"; }
  SimProcess Replay() const { return SimProcess(kSimulator, {"replay", Recordings()}); }
};

TEST_F(OnePageMissingTest, TheRestIsExportedAndTheFailureNamed) {
  const Outcome outcome = exporter_.Export(Replay());
  EXPECT_EQ(outcome.exit_code, 3) << outcome.err;
  const Tree tree = exporter_.Output();
  const auto there = tree.find("There 11111111111141118111111111111111.md");
  ASSERT_NE(there, tree.end());
  EXPECT_THAT(there->second.content, HasSubstr("its text"));
  const Outcome failures = exporter_.Run({"failures", exporter_.output()});
  EXPECT_THAT(failures.out, AllOf(HasSubstr(kAway), HasSubstr("404"), Not(HasSubstr(kThere))));
}

TEST_F(OnePageMissingTest, RetryAsksForTheMissingPageAlone) {
  ASSERT_EQ(exporter_.Export(Replay()).exit_code, 3);
  AddText(kAway);
  const SimProcess sim = Replay();
  const Outcome retry = exporter_.Run({"retry", exporter_.output(), "--base-url", sim.url(),
                                       "--token", std::string("env:") + Exporter::kTokenVariable,
                                       "--tpslimit", "0", "--progress", "none"});
  EXPECT_EQ(retry.exit_code, 0) << retry.err;
  EXPECT_EQ(sim.Answered(), 1u);
  EXPECT_EQ(sim.Count("GET", kAway), 1u);
  EXPECT_THAT(Differences(ExportOf(sim), exporter_.Output()), IsEmpty());
}

using DiskTest = BadInputTest;

TEST_F(DiskTest, AFileInTheWayOfTheOutputIsNamed) {
  WriteFile(exporter_.output(), "in the way");
  const Outcome outcome = exporter_.Export();
  EXPECT_EQ(outcome.exit_code, 4);
  EXPECT_THAT(LastLine(outcome.err),
              AllOf(HasSubstr(exporter_.output().string()), HasSubstr("move it and run again")));
  fs::remove(exporter_.output());
  ExpectGoodExport();
}

TEST_F(DiskTest, AFolderThatCannotBeWrittenIsNamed) {
  const SimProcess sim = Workspace();
  // Nobody may create a folder there, not even root.
  const Outcome outcome =
      exporter_.Run({"notion", "--out", "/proc/sluice-test", "--base-url", sim.url(), "--token",
                     std::string("env:") + Exporter::kTokenVariable});
  EXPECT_EQ(outcome.exit_code, 4);
  EXPECT_THAT(LastLine(outcome.err), HasSubstr("/proc/sluice-test"));
  EXPECT_EQ(sim.Answered(), 0u);
}

using StateTest = BadInputTest;

TEST_F(StateTest, UnknownVersionIsRefusedAndLeftAsItIs) {
  ExpectGoodExport();
  const std::string version = Query(exporter_.state(), "PRAGMA user_version").at(0).at(0);
  Query(exporter_.state(), "PRAGMA user_version = 99");
  const Outcome outcome = exporter_.Export();
  EXPECT_EQ(outcome.exit_code, 9);
  EXPECT_THAT(LastLine(outcome.err), AllOf(HasSubstr("version 99"), HasSubstr("--fresh")));
  EXPECT_EQ(Query(exporter_.state(), "PRAGMA user_version").at(0).at(0), "99");
  Query(exporter_.state(), "PRAGMA user_version = " + version);
  ExpectGoodExport();
}

TEST_F(StateTest, AFileThatIsNoDatabaseIsRefused) {
  WriteFile(exporter_.state(), std::string(10'000, 'x'));
  const Outcome outcome = exporter_.Export();
  EXPECT_EQ(outcome.exit_code, 9);
  EXPECT_THAT(LastLine(outcome.err), AllOf(HasSubstr("state.db"), HasSubstr("--fresh")));
  EXPECT_EQ(ReadFile(exporter_.state()), std::string(10'000, 'x'));
  ExpectGoodExport({"--fresh"});
}

TEST_F(StateTest, ADatabaseOfAnotherProgramIsRefused) {
  WriteFile(exporter_.state(), "");
  Query(exporter_.state(), "CREATE TABLE theirs(a)");
  const Outcome outcome = exporter_.Export();
  EXPECT_EQ(outcome.exit_code, 9);
  EXPECT_THAT(LastLine(outcome.err), HasSubstr("not a sluice state"));
  EXPECT_EQ(Query(exporter_.state(), "SELECT count(*) FROM theirs").at(0).at(0), "0");
}

TEST_F(StateTest, SecondRunOnTheSameFolderNamesTheFirst) {
  const SimProcess slow = Workspace({"--latency", "300ms"});
  const auto first = exporter_.Start(slow, 1);
  const Outcome second = exporter_.Export(slow);
  EXPECT_EQ(second.exit_code, 8);
  EXPECT_THAT(LastLine(second.err), HasSubstr("pid " + std::to_string(first->pid())));
  first->Kill(SIGKILL);
  first->Wait();
  ExpectGoodExport();
}

using BoundTest = BadInputTest;

TEST_F(BoundTest, MaxRequestsEndsTheRunWhichGoesOnLater) {
  const SimProcess sim = Workspace();
  const Outcome outcome = exporter_.Export(sim, {"--max-requests", "20"});
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_THAT(LastLine(outcome.err), HasSubstr("--max-requests"));
  EXPECT_LE(sim.Answered(), 20u);
  EXPECT_EQ(exporter_.Export(sim).exit_code, 0);
  EXPECT_THAT(Differences(ExportOf(sim), exporter_.Output()), IsEmpty());
}

TEST_F(BoundTest, MaxDurationEndsTheRunWhichGoesOnLater) {
  const Outcome outcome =
      exporter_.Export(Workspace({"--latency", "50ms"}), {"--max-duration", "300ms"});
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_THAT(LastLine(outcome.err), HasSubstr("--max-duration"));
  ExpectGoodExport();
}

TEST_F(BoundTest, ARefusalForLongerThanMaxWaitEndsTheRun) {
  RawServer server([](RawConnection& connection) {
    while (!connection.ReadRequest().empty()) {
      connection.Answer(R"({"object":"error","status":429,"code":"rate_limited","message":"no"})",
                        "429 Too Many Requests", "Retry-After: 3600\r\n");
    }
  });
  exporter_.UseService("http://127.0.0.1:" + std::to_string(server.port()));
  const Outcome outcome = exporter_.Export({"--max-wait", "1s"});
  EXPECT_EQ(outcome.exit_code, 7);
  EXPECT_THAT(outcome.err, ContainsRegex("20[0-9][0-9]-[0-9][0-9]-[0-9][0-9]T|3[56][0-9][0-9] s"));
  // The refusal outlasts the run; a day's patience would too, so the state begins anew.
  exporter_.Clear();
  ExpectGoodExport();
}

}  // namespace
}  // namespace sluice
