// A state that was damaged while nobody used it: what is wrong in it never reaches an output. A run
// repairs it or refuses it with exit 9, and then --fresh works.
#include <algorithm>
#include <fstream>
#include <map>
#include <random>

#include "tests/crash/crash_fixture.h"
#include "tests/support/run_process.h"
#include "tests/support/sanitized.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

void Overwrite(const fs::path& file, std::mt19937& random) {
  std::fstream stream(file, std::ios::binary | std::ios::in | std::ios::out);
  const auto size = static_cast<std::int64_t>(fs::file_size(file));
  stream.seekp(
      std::uniform_int_distribution<std::int64_t>(0, std::max<std::int64_t>(size - 16, 0))(random));
  for (int i = 0; i < 16; ++i) stream.put(static_cast<char>(random()));
}

class DamageTest : public CrashTest {
 protected:
  void Finish() { ASSERT_EQ(exporter_.Export(*sim_).exit_code, 0); }
  // Killed when about half is done: the write-ahead log is still there.
  void Interrupt() {
    const auto outcome = exporter_.ExportInterrupted(*sim_, {.signal = SIGKILL, .requests = 45});
    ASSERT_EQ(outcome.exit_code, kKilled);
  }

  fs::path Saved() const { return exporter_.folder() / "saved"; }
  fs::path Wal() const { return exporter_.state().string() + "-wal"; }
  // Copies with times: a file that looks untouched is trusted to be so.
  static void Copy(const fs::path& from, const fs::path& to) {
    fs::remove_all(to);
    ASSERT_EQ(RunProcess({.args = {"cp", "-a", from, to}}).exit_code, 0);
  }

  // No output is wrong. One may be missing, if the run says that it is not complete.
  void ExpectNothingWrong(const Outcome& outcome) {
    EXPECT_TRUE(outcome.exit_code == 0 || outcome.exit_code == 3 || outcome.exit_code == 9)
        << outcome.exit_code << outcome.err;
    ++ended_[outcome.exit_code];
    for (const auto& [path, file] : exporter_.Output()) {
      const auto expected = expected_.find(path);
      if (expected == expected_.end()) {
        ADD_FAILURE() << path << " should not be there, exit " << outcome.exit_code;
      } else {
        EXPECT_EQ(file.content, expected->second.content) << path << outcome.exit_code;
      }
    }
    if (outcome.exit_code == 0) {
      EXPECT_THAT(Differences(expected_, exporter_.Output()), testing::IsEmpty());
    }
    if (outcome.exit_code == 9) {
      EXPECT_THAT(outcome.err, HasSubstr("--fresh"));
      const Outcome fresh = exporter_.Export(*sim_, {"--fresh"});
      EXPECT_EQ(fresh.exit_code, 0) << fresh.err;
      EXPECT_THAT(Differences(expected_, exporter_.Output()), testing::IsEmpty());
    }
  }

  // `times` damages of `file` of what lies in the output folder now, each followed by a run.
  void Damage(int times, const fs::path& file, const std::vector<std::string>& flags = {}) {
    Copy(exporter_.output(), Saved());
    for (int seed = 0; seed < times; ++seed) {
      SCOPED_TRACE("seed " + std::to_string(seed));
      Copy(Saved(), exporter_.output());
      std::mt19937 random(seed);
      Overwrite(file, random);
      ExpectNothingWrong(exporter_.Export(*sim_, flags));
    }
  }

  void Truncate(int times) {
    Interrupt();
    Copy(exporter_.output(), Saved());
    const auto size = fs::file_size(Wal());
    for (int i = 0; i < times; ++i) {
      SCOPED_TRACE(std::to_string(i) + " of " + std::to_string(times));
      Copy(Saved(), exporter_.output());
      fs::resize_file(Wal(), size * i / times);
      ExpectNothingWrong(exporter_.Export(*sim_));
    }
  }

  void TearDown() override {
    for (const auto& [code, times] : ended_) {
      RecordProperty("exit_" + std::to_string(code), times);
    }
  }
  std::map<int, int> ended_;
};

// A disk that says that it has written and has not: `times` runs, each with one write of SQLite
// left out, from the first to past the last.
class LyingDiskTest : public DamageTest {
 protected:
  static constexpr int kWrites = 310;  // of the busiest thread

  void SetUp() override {
    if (!HasStrace()) GTEST_SKIP() << "there is no strace";
    if (kSanitized) GTEST_SKIP() << "a sanitizer reads as many bytes as are said to be written";
  }
  void LeaveOutOneWrite(int times) {
    for (int i = 0; i < times; ++i) {
      const std::string when = std::to_string(2 + i * kWrites / times);
      SCOPED_TRACE("write " + when);
      exporter_.Clear();
      const Outcome lied = ExportUnder(Inject("pwrite64", "retval=4096:when=" + when));
      EXPECT_NE(lied.exit_code, 1) << lied.err;
      for (const auto& [path, file] : exporter_.Output()) {
        EXPECT_EQ(file.content, expected_[path].content) << path;
      }
      ExpectNothingWrong(exporter_.Export(*sim_));
    }
  }
};
TEST_F(LyingDiskTest, AWriteThatNeverHappenedGivesNothingWrong) { LeaveOutOneWrite(10); }

using SoakLyingDiskTest = LyingDiskTest;
TEST_F(SoakLyingDiskTest, EveryWrite) { LeaveOutOneWrite(kWrites); }

const std::vector<std::string> kOffline = {"--offline"};

using DamagedStateTest = DamageTest;
TEST_F(DamagedStateTest, FinishedStateGivesNothingWrong) {
  Finish();
  Damage(8, exporter_.state());
}
TEST_F(DamagedStateTest, FinishedStateRenderedAgainGivesNothingWrong) {
  Finish();
  Damage(8, exporter_.state(), kOffline);
}
TEST_F(DamagedStateTest, InterruptedStateGivesNothingWrong) {
  Interrupt();
  Damage(8, exporter_.state());
}
TEST_F(DamagedStateTest, LogOfAnInterruptedStateGivesNothingWrong) {
  Interrupt();
  Damage(6, Wal());
}
TEST_F(DamagedStateTest, TruncatedLogGivesNothingWrong) { Truncate(6); }
TEST_F(DamagedStateTest, DeletedLogGivesNothingWrong) {
  Interrupt();
  fs::remove(Wal());
  ExpectNothingWrong(exporter_.Export(*sim_));
}

using SoakDamagedStateTest = DamageTest;
TEST_F(SoakDamagedStateTest, FinishedState) {
  Finish();
  Damage(300, exporter_.state());
}
TEST_F(SoakDamagedStateTest, FinishedStateRenderedAgain) {
  Finish();
  Damage(300, exporter_.state(), kOffline);
}
TEST_F(SoakDamagedStateTest, InterruptedState) {
  Interrupt();
  Damage(300, exporter_.state());
}
TEST_F(SoakDamagedStateTest, LogOfAnInterruptedState) {
  Interrupt();
  Damage(300, Wal());
}
TEST_F(SoakDamagedStateTest, TruncatedLog) { Truncate(300); }

}  // namespace
}  // namespace sluice
