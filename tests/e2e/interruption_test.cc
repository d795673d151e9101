// Stopped or killed at any moment, the same command goes on exactly there.
#include <signal.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "tests/e2e/export_fixture.h"

namespace sluice {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::IsEmpty;

// Fewer than the default, so that the bound on what is repeated is a tight one.
constexpr std::size_t kInFlight = 16;
const std::vector<std::string> kFewInFlight = {"--set",
                                               "limits.in_flight=" + std::to_string(kInFlight)};

std::string Text(const LogLine& line) { return line.method + " " + line.path + " " + line.body; }

std::set<std::string> Distinct(const std::vector<LogLine>& log) {
  std::set<std::string> texts;
  for (const LogLine& line : log) texts.insert(Text(line));
  return texts;
}

class InterruptionTest : public ExportTest {
 protected:
  // About 2,000 items: 1,400 requests, 600 documents.
  static SimProcess Workspace() { return Simulate({"--pages", "600", "--blocks", "6"}); }

  // One export, killed `kills` times at moments drawn from `seed`, then left alone. Everything that
  // a kill may not change is checked.
  void KillAndResume(unsigned seed, int kills) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const SimProcess sim = Workspace();
    std::mt19937 random(seed);
    int killed = 0;
    for (int i = 0; i < kills; ++i) {
      const std::size_t left = total_ - std::min(total_, Distinct(sim.Log()).size());
      const std::size_t share = left / static_cast<std::size_t>(kills - i);
      const Exporter::Interruption at = {
          .signal = SIGKILL,
          .requests = std::uniform_int_distribution<std::size_t>(0, 2 * share)(random),
          .after = milliseconds(std::uniform_int_distribution<int>(0, 40)(random))};
      killed += exporter_.ExportInterrupted(sim, at, kFewInFlight).exit_code == 128 + SIGKILL;
    }
    EXPECT_GE(killed, 1);
    killed_ += killed;
    const Outcome last = exporter_.Export(sim, kFewInFlight);
    EXPECT_EQ(last.exit_code, 0) << last.err;
    EXPECT_THAT(Differences(expected_, exporter_.Output()), IsEmpty());
    EXPECT_THAT(exporter_.Leftovers(), IsEmpty());
    ExpectFewRepeats(sim.Log(), killed);
  }

  // What was in flight may be asked again, once for each kill; a run that was not killed begins a
  // new listing, whose requests are not counted.
  static void ExpectFewRepeats(const std::vector<LogLine>& log, int killed) {
    std::map<std::string, std::size_t> asked;
    std::size_t repeated = 0;
    for (const LogLine& line : log) {
      if (line.path.starts_with("/v1/blocks/") && ++asked[Text(line)] > 1) ++repeated;
    }
    EXPECT_LE(repeated, kInFlight * static_cast<std::size_t>(killed));
  }

  static void SetUpTestSuite() {
    const SimProcess sim = Workspace();
    expected_ = ExportOf(sim);
    total_ = sim.Answered();
  }
  void TearDown() override { RecordProperty("killed", killed_); }

  int killed_ = 0;  // some ended before their signal came
  static Tree expected_;
  static std::size_t total_;  // requests of an export that nothing interrupts
};

Tree InterruptionTest::expected_;
std::size_t InterruptionTest::total_ = 0;

// 4 exports, each killed 25 times: 100 moments.
class KillTest : public InterruptionTest, public testing::WithParamInterface<unsigned> {};
TEST_P(KillTest, ResumesToTheSameTree) { KillAndResume(GetParam(), 25); }
INSTANTIATE_TEST_SUITE_P(Moments, KillTest, testing::Range(1u, 5u));

// Label `soak`: about 220 exports, each killed 5 times; one signal in ten comes too late.
using SoakKillTest = InterruptionTest;
TEST_F(SoakKillTest, ThousandKillsResumeToTheSameTree) {
  for (unsigned seed = 100; killed_ < 1000; ++seed) {
    exporter_.Clear();
    KillAndResume(seed, 5);
  }
}

class StopTest : public InterruptionTest {
 protected:
  Outcome Stop(const SimProcess& sim, int times = 1) {
    return exporter_.ExportInterrupted(sim,
                                       {.signal = SIGTERM, .requests = total_ / 3, .times = times});
  }
};

TEST_F(StopTest, SigtermEndsWithItsCodeAndSaysThatTheSameCommandGoesOn) {
  const SimProcess sim = Workspace();
  const Outcome outcome = Stop(sim);
  EXPECT_EQ(outcome.exit_code, 143) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("the same command goes on exactly there"));
}

TEST_F(StopTest, SigintEndsWithItsCode) {
  const SimProcess sim = Workspace();
  const Outcome outcome =
      exporter_.ExportInterrupted(sim, {.signal = SIGINT, .requests = total_ / 3});
  EXPECT_EQ(outcome.exit_code, 130) << outcome.err;
}

TEST_F(StopTest, ResumedExportIsTheSame) {
  const SimProcess sim = Workspace();
  ASSERT_EQ(Stop(sim).exit_code, 143);
  const Outcome resumed = exporter_.Export(sim);
  EXPECT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_THAT(Differences(expected_, exporter_.Output()), IsEmpty());
}

TEST_F(StopTest, NothingIsAskedAgainAfterAStop) {
  const SimProcess sim = Workspace();
  ASSERT_EQ(Stop(sim).exit_code, 143);
  ASSERT_EQ(exporter_.Export(sim).exit_code, 0);
  const std::vector<LogLine> log = sim.Log();
  EXPECT_EQ(log.size(), Distinct(log).size());
  EXPECT_EQ(log.size(), total_);
}

TEST_F(StopTest, SecondSignalEndsAtOnce) {
  // Answers take longer than the test waits: only an exit that waits for nothing is in time.
  const SimProcess sim = Simulate({"--pages", "50", "--latency", "20s"});
  const auto start = std::chrono::steady_clock::now();
  const Outcome outcome =
      exporter_.ExportInterrupted(sim, {.signal = SIGTERM, .after = milliseconds(500), .times = 2});
  EXPECT_EQ(outcome.exit_code, 143) << outcome.err;
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(3));
}

TEST_F(StopTest, AfterTwoSignalsTheExportIsTheSame) {
  const SimProcess sim = Workspace();
  ASSERT_EQ(Stop(sim, 2).exit_code, 143);
  ASSERT_EQ(exporter_.Export(sim).exit_code, 0);
  EXPECT_THAT(Differences(expected_, exporter_.Output()), IsEmpty());
}

TEST_F(StopTest, TheSecondSignalMayComeAtAnyMoment) {
  const SimProcess sim = Workspace();
  const Outcome outcome = exporter_.ExportInterrupted(
      sim, {.signal = SIGINT, .requests = total_ / 3, .after = milliseconds(50), .times = 2});
  EXPECT_EQ(outcome.exit_code, 130) << outcome.err;
  ASSERT_EQ(exporter_.Export(sim).exit_code, 0);
  EXPECT_THAT(Differences(expected_, exporter_.Output()), IsEmpty());
}

TEST_F(StopTest, AClosedTerminalIsAKillAndLosesNothing) {
  const SimProcess sim = Workspace();
  const Outcome outcome =
      exporter_.ExportInterrupted(sim, {.signal = SIGHUP, .requests = total_ / 3});
  EXPECT_EQ(outcome.exit_code, 128 + SIGHUP);
  ASSERT_EQ(exporter_.Export(sim).exit_code, 0);
  EXPECT_THAT(Differences(expected_, exporter_.Output()), IsEmpty());
}

// Both outputs end in a `head` that leaves after the first line.
TEST_F(StopTest, APipeThatNobodyReadsAnyMoreDoesNotEndTheExport) {
  const SimProcess sim = Workspace();
  exporter_.RunUnder(
      {"/bin/bash", "-c", "set -o pipefail; \"$@\" 2>&1 | head -n 1 >/dev/null", "bash"});
  const Outcome outcome = exporter_.Export(sim, {"-v", "-v"});
  exporter_.RunUnder({});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(Differences(expected_, exporter_.Output()), IsEmpty());
}

// Label `soak`: 100 stops at moments drawn at random, each gone on with.
using SoakStopTest = InterruptionTest;
TEST_F(SoakStopTest, HundredStopsAskForNothingTwice) {
  std::mt19937 random(1);
  for (int i = 0; i < 100; ++i) {
    SCOPED_TRACE("stop " + std::to_string(i));
    exporter_.Clear();
    const SimProcess sim = Workspace();
    const int signal = i % 2 == 0 ? SIGINT : SIGTERM;
    const Outcome outcome = exporter_.ExportInterrupted(
        sim, {.signal = signal,
              .requests = std::uniform_int_distribution<std::size_t>(1, total_ - 20)(random),
              .after = milliseconds(std::uniform_int_distribution<int>(0, 40)(random))});
    EXPECT_EQ(outcome.exit_code, 128 + signal) << outcome.err;
    EXPECT_EQ(exporter_.Export(sim).exit_code, 0);
    EXPECT_THAT(Differences(expected_, exporter_.Output()), IsEmpty());
    EXPECT_EQ(sim.Answered(), total_);
  }
}

}  // namespace
}  // namespace sluice
