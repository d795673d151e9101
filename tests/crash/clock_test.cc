// The wall clock is wrong, or is put right between two runs: nothing waits for a time that will not
// come for years, and no byte of an output knows what time it was. The real binary under
// libfaketime.
#include <signal.h>
#include <unistd.h>

#include "tests/crash/crash_fixture.h"
#include "tests/support/sanitized.h"

namespace sluice {
namespace {

using std::chrono::milliseconds;
using testing::IsEmpty;

constexpr const char* kFakeTime = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";

class ClockTest : public CrashTest {
 protected:
  void SetUp() override {
    if (kSanitized) GTEST_SKIP() << "a sanitizer wants to be the first library";
    if (access(kFakeTime, R_OK) != 0) GTEST_SKIP() << "there is no libfaketime";
  }

  // Every command from now on runs `offset` ("-1h") away from the present.
  void SetClock(const std::string& offset) {
    exporter_.UseEnvironment({{"LD_PRELOAD", kFakeTime},
                              {"FAKETIME", offset},
                              {"DONT_FAKE_MONOTONIC", "1"},
                              {"NO_FAKE_STAT", "1"}});
  }
  void SetClockRight() { exporter_.UseEnvironment({}); }
};

constexpr const char* kAnHourBack = "-1h";
constexpr const char* kAMonthAhead = "+30d";
constexpr const char* kThirtyYearsAhead = "+10957d";

TEST_F(ClockTest, WhateverTheTimeTheBytesAreTheSame) {
  for (const char* offset : {kAnHourBack, kAMonthAhead, kThirtyYearsAhead}) {
    SCOPED_TRACE(offset);
    exporter_.Clear();
    SetClock(offset);
    ExpectResumes();
  }
}

TEST_F(ClockTest, ARunAtAnotherTimeTouchesNoFileAndAsksForTheListingAlone) {
  ASSERT_EQ(exporter_.Export(*sim_).exit_code, 0);
  const Tree before = exporter_.Output();
  const std::size_t blocks = sim_->Count("GET", "/v1/blocks/");
  for (const char* offset : {kThirtyYearsAhead, kAnHourBack, kAMonthAhead}) {
    SCOPED_TRACE(offset);
    SetClock(offset);
    EXPECT_EQ(exporter_.Export(*sim_).exit_code, 0);
    EXPECT_THAT(Touched(before, exporter_.Output()), IsEmpty());
    EXPECT_EQ(sim_->Count("GET", "/v1/blocks/"), blocks);
  }
}

TEST_F(ClockTest, AStopInOneYearIsGoneOnWithInAnother) {
  for (const char* offset : {kThirtyYearsAhead, kAnHourBack}) {
    SCOPED_TRACE(offset);
    exporter_.Clear();
    SetClock(offset);
    ASSERT_EQ(exporter_.ExportInterrupted(*sim_, {.signal = SIGKILL, .requests = 30}).exit_code,
              kKilled);
    SetClockRight();
    ExpectResumes();
  }
}

// Refused for 7 s in the year 2056, and killed in front of that wall.
TEST_F(ClockTest, AWaitOfAClockThatWasAheadIsNotWaitedForForYears) {
  const SimProcess sim = Simulate({"--pages", "30", "--blocks", "4", "--wall", "7"});
  SetClock(kThirtyYearsAhead);
  const Outcome killed = exporter_.ExportInterrupted(
      sim, {.signal = SIGKILL, .requests = 5, .after = milliseconds(1500)});
  ASSERT_EQ(killed.exit_code, kKilled) << killed.err;
  const std::size_t refused = sim.CountStatus(429);
  ASSERT_GE(refused, 1u);
  SetClockRight();
  const Outcome outcome = exporter_.Export(sim);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_LE(sim.CountStatus(429), refused + 1) << "not too early either: a probe at most";
  EXPECT_THAT(Differences(expected_, exporter_.Output()), IsEmpty());
}

}  // namespace
}  // namespace sluice
