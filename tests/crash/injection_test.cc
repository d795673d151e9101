// Killed in the middle of any system call that changes something, or told by one that it failed:
// the same command goes on, to the same bytes.
#include <array>
#include <filesystem>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "tests/crash/crash_fixture.h"

namespace sluice {
namespace {

using testing::Contains;
using testing::HasSubstr;

// What an export changes the world with (strace -c -f), and how often its busiest thread calls it
// for the small workspace.
struct CallCount {
  const char* call;
  int most;
};
constexpr std::array kCalls = {
    CallCount{"renameat", 35}, CallCount{"fsync", 7},      CallCount{"fdatasync", 20},
    CallCount{"syncfs", 5},    CallCount{"pwrite64", 310}, CallCount{"openat2", 239},
    CallCount{"mkdirat", 14},  CallCount{"unlink", 6},     CallCount{"ftruncate", 6},
    CallCount{"write", 36},
};

class InjectionTest : public CrashTest {
 protected:
  void SetUp() override {
    if (!HasStrace()) GTEST_SKIP() << "there is no strace";
  }

  // What a state before had and this one does not know may lie there as well.
  void ExpectEveryExpectedFileAndNoEdit() const {
    Tree output = exporter_.Output();
    for (const auto& [path, file] : expected_) EXPECT_EQ(output[path].content, file.content);
    for (const auto& [path, file] : output) EXPECT_THAT(path, testing::Not(HasSubstr("(edited")));
    EXPECT_THAT(exporter_.Leftovers(), testing::IsEmpty());
  }

  // `count` positions of each call, from the first to past the last, evenly.
  template <class Use>
  static void ForPositions(int count, Use use) {
    for (const auto& [call, most] : kCalls) {
      for (int i = 0; i < count; ++i) {
        const int when = 1 + i * most / count;
        SCOPED_TRACE(std::string(call) + " " + std::to_string(when));
        use(std::string(call), std::to_string(when));
      }
    }
  }

  void KillAtEachCall(int count) {
    int killed = 0;
    int positions = 0;
    ForPositions(count, [&](const std::string& call, const std::string& when) {
      exporter_.Clear();
      const Outcome outcome = ExportUnder(Inject(call, "signal=KILL:when=" + when));
      EXPECT_TRUE(outcome.exit_code == kKilled || outcome.exit_code == 0) << outcome.err;
      killed += outcome.exit_code == kKilled;
      ++positions;
      ExpectResumes();
    });
    RecordProperty("positions", positions);
    RecordProperty("killed", killed);
    EXPECT_GE(killed, positions / 2) << "the positions miss what a run calls";
  }

  // An error ends the run with a class of its own, or does not matter.
  void FailEachCall(int count, const std::string& error, const std::string& repeat) {
    static const std::set<int> kAllowed = {0, 3, 4, 5, 9};
    ForPositions(count, [&](const std::string& call, const std::string& when) {
      // Most of them wake a thread or write a line of the log; no disk has a part in that.
      if (call == "write") return;
      SCOPED_TRACE(error + repeat);
      exporter_.Clear();
      const Outcome outcome =
          ExportUnder(Inject(call, "error=" + error + ":when=" + when + repeat));
      EXPECT_THAT(kAllowed, Contains(outcome.exit_code)) << outcome.err;
      if (outcome.exit_code != 0) {
        EXPECT_THAT(outcome.err, HasSubstr("error"));
      }
      if (outcome.exit_code == 4) {
        EXPECT_THAT(outcome.err, HasSubstr(exporter_.folder().string())) << "which disk";
      }
      ++ended_[outcome.exit_code];
      ExpectResumes();
    });
  }
  void TearDown() override {
    for (const auto& [code, times] : ended_) {
      RecordProperty("exit_" + std::to_string(code), times);
    }
  }

  std::map<int, int> ended_;
};

using KillAtCallTest = InjectionTest;
TEST_F(KillAtCallTest, AnyStateChangingCallResumesToTheSameTree) { KillAtEachCall(4); }

// While the state is being made: each of the first writes, and what orders them.
TEST_F(KillAtCallTest, AStateThatIsHalfMadeIsMadeAgain) {
  const std::vector<std::pair<std::string, int>> calls = {
      {"pwrite64", 9}, {"fdatasync", 3}, {"openat2", 3}};
  for (const auto& [call, most] : calls) {
    for (int when = 1; when <= most; ++when) {
      SCOPED_TRACE(call + " " + std::to_string(when));
      exporter_.Clear();
      const Outcome outcome = ExportUnder(Inject(call, "signal=KILL:when=" + std::to_string(when)));
      EXPECT_EQ(outcome.exit_code, kKilled);
      ExpectResumes();
    }
  }
}

// It gives way to a new state in one step: the old one knows which files are sluice's own, and so
// does the new one.
TEST_F(KillAtCallTest, AFreshBeginningTakesNoFileForAnEdit) {
  namespace fs = std::filesystem;
  // Some pages were others then, so that what lies there is not what is to come.
  const SimProcess earlier = Simulate({"--pages", "30", "--blocks", "4", "--edit", "12"});
  ASSERT_EQ(exporter_.Export(earlier).exit_code, 0);
  const fs::path kept = exporter_.folder() / "kept";
  fs::rename(exporter_.output(), kept);
  const std::vector<std::pair<std::string, int>> calls = {
      {"pwrite64", 12}, {"fdatasync", 4}, {"unlink", 5}, {"rename", 1}, {"fsync", 2}};
  int killed = 0;
  for (const auto& [call, most] : calls) {
    for (int when = 1; when <= most; ++when) {
      SCOPED_TRACE(call + " " + std::to_string(when));
      exporter_.Clear();
      fs::copy(kept, exporter_.output(), fs::copy_options::recursive);
      exporter_.RunUnder(Inject(call, "signal=KILL:when=" + std::to_string(when)));
      killed += exporter_.Export(*sim_, {"--fresh"}).exit_code == kKilled;
      exporter_.RunUnder({});
      const Outcome outcome = exporter_.Export(*sim_);
      EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
      ExpectEveryExpectedFileAndNoEdit();
    }
  }
  EXPECT_GE(killed, 20);
}

using SoakKillAtCallTest = InjectionTest;
TEST_F(SoakKillAtCallTest, Positions350ResumeToTheSameTree) { KillAtEachCall(35); }

using InjectedErrorTest = InjectionTest;
TEST_F(InjectedErrorTest, OnceEndsInOrderAndResumes) { FailEachCall(2, "EIO", ""); }
TEST_F(InjectedErrorTest, ForEverEndsInOrderAndResumes) { FailEachCall(2, "ENOSPC", "+"); }

// What was not synced once may be gone, and a second attempt that succeeds says nothing about it:
// the run ends, and whatever it had done since the last commit is done again.
TEST_F(InjectedErrorTest, ASyncThatFailedOnceIsNeverTakenForDoneLater) {
  // So many of each there are always, whatever came into one group.
  const std::vector<std::pair<std::string, int>> calls = {
      {"fsync", 1}, {"fsync", 2}, {"fdatasync", 2}, {"fdatasync", 4}, {"syncfs", 1}, {"syncfs", 2},
  };
  for (const auto& [call, when] : calls) {
    SCOPED_TRACE(call + " " + std::to_string(when));
    exporter_.Clear();
    const Outcome outcome = ExportUnder(Inject(call, "error=EIO:when=" + std::to_string(when)));
    EXPECT_EQ(outcome.exit_code, 4) << outcome.err;
    ExpectResumes();
  }
}

using SoakInjectedErrorTest = InjectionTest;
TEST_F(SoakInjectedErrorTest, Once) { FailEachCall(11, "EIO", ""); }
TEST_F(SoakInjectedErrorTest, ForEver) { FailEachCall(11, "EIO", "+"); }
TEST_F(SoakInjectedErrorTest, NoSpaceForEver) { FailEachCall(11, "ENOSPC", "+"); }
TEST_F(SoakInjectedErrorTest, NoDescriptorsOnce) { FailEachCall(11, "EMFILE", ""); }

}  // namespace
}  // namespace sluice
