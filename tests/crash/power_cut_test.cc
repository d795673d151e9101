// The power fails: what had not reached the disk is gone. An ext4 image in a file stands for the
// disk; a copy of that file at some moment is what a cut at that moment leaves. Root only.
#include <signal.h>
#include <sys/mount.h>

#include <random>
#include <regex>
#include <thread>
#include <utility>

#include "tests/crash/crash_fixture.h"
#include "tests/support/run_process.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;

class PowerCutTest : public CrashTest {
 protected:
  static void SetUpTestSuite() {
    // It lasts about a second, so that a cut falls between commits as well as into one.
    const std::vector<std::string> args = {"notion", "--pages",   "60",  "--blocks",
                                           "4",      "--latency", "10ms"};
    sim_ = std::make_unique<SimProcess>(kSimulator, args);
    expected_ = ExportOf(*sim_);
    answers_ = sim_->Answered();
  }

  void SetUp() override {
    fs::create_directories(disk_);
    if (geteuid() != 0 || !Ran({"mkfs.ext4", "-q", "-F", image_, "64M"}) || !Mount(image_)) {
      GTEST_SKIP() << "a file system in a file can be mounted by root only";
    }
    Unmount();
    exporter_.UseOutput(disk_ / "wiki");
  }
  void TearDown() override { Unmount(); }

  static bool Ran(std::vector<std::string> args) {
    try {
      return RunProcess({.args = std::move(args)}).exit_code == 0;
    } catch (const std::exception&) {
      return false;  // there is no such tool
    }
  }
  // Nothing reaches the disk on its own for minutes: only what is synced does.
  bool Mount(const fs::path& image) {
    mounted_ = Ran({"mount", "-o", "loop,commit=300,noauto_da_alloc", image, disk_});
    return mounted_;
  }
  void Unmount() {
    if (!std::exchange(mounted_, false)) return;
    EXPECT_TRUE(Ran({"umount", disk_}));
  }

  // An export into a fresh disk is cut after `answers`; the disk is mounted again as it was then.
  void ExportAndCut(std::size_t answers, std::chrono::milliseconds after) {
    fs::remove(image_);
    ASSERT_TRUE(Ran({"mkfs.ext4", "-q", "-F", image_, "64M"}) && Mount(image_));
    {
      const auto run = exporter_.Start(*sim_, answers);
      std::this_thread::sleep_for(after);
      const pid_t pid = PidInLock();
      ASSERT_GT(pid, 1);
      kill(pid, SIGSTOP);
      ASSERT_TRUE(Ran({"cp", "--sparse=always", image_, cut_}));
      kill(pid, SIGKILL);
      run->Wait();
    }
    Unmount();
    ASSERT_TRUE(Mount(cut_));
  }

  // Behind strace the process that we started is not sluice.
  pid_t PidInLock() const {
    const std::string holder = ReadFile(exporter_.output() / ".sluice/lock");
    std::smatch match;
    if (!std::regex_search(holder, match, std::regex("pid ([0-9]+)"))) return 0;
    return static_cast<pid_t>(std::stol(match[1]));
  }

  // Files that the state calls done and that are not whole.
  std::size_t CountBroken() {
    if (!fs::exists(exporter_.state())) return 0;
    if (Query(exporter_.state(), "SELECT * FROM sqlite_schema").empty()) return 0;
    const Tree output = exporter_.Output();
    std::size_t broken = 0;
    for (const auto& row : Query(exporter_.state(), "SELECT path FROM v_outputs")) {
      ++done_;
      const auto found = output.find(row.at(0));
      const auto expected = expected_.find(row.at(0));
      broken += found == output.end() || expected == expected_.end() ||
                found->second.content != expected->second.content;
    }
    return broken;
  }

  void CutAndResume(int cuts) {
    std::mt19937 random(1);
    for (int i = 0; i < cuts; ++i) {
      SCOPED_TRACE("cut " + std::to_string(i));
      ASSERT_NO_FATAL_FAILURE(ExportAndCut(
          std::uniform_int_distribution<std::size_t>(answers_ / 4, answers_)(random),
          std::chrono::milliseconds(std::uniform_int_distribution<int>(0, 300)(random))));
      EXPECT_EQ(CountBroken(), 0u);
      ExpectResumes();
      Unmount();
    }
    RecordProperty("cuts", cuts);
    RecordProperty("files_done_at_cuts", static_cast<int>(done_));
    EXPECT_GT(done_, 0u) << "no cut came after a commit of files";
  }

  const fs::path disk_ = exporter_.folder() / "disk";
  const fs::path image_ = exporter_.folder() / "image";
  const fs::path cut_ = exporter_.folder() / "cut";
  bool mounted_ = false;
  std::size_t done_ = 0;
  static inline std::size_t answers_ = 0;
};

TEST_F(PowerCutTest, WhatTheStateCallsDoneIsThereAndTheRestResumes) { CutAndResume(5); }

// What the test above proves would be noticed: the same without the syncs of files and folders
// (SQLite syncs its own with fdatasync).
TEST_F(PowerCutTest, WithoutSyncsFilesAreBroken) {
  if (!HasStrace()) GTEST_SKIP() << "there is no strace";
  exporter_.RunUnder(Inject("fsync,syncfs", "retval=0"));
  std::size_t broken = 0;
  for (int i = 0; i < 5 && broken == 0; ++i) {
    ASSERT_NO_FATAL_FAILURE(ExportAndCut(answers_, std::chrono::milliseconds(100 * i)));
    broken = CountBroken();
    Unmount();
  }
  EXPECT_GT(broken, 0u);
}

using SoakPowerCutTest = PowerCutTest;
TEST_F(SoakPowerCutTest, TwoHundredCuts) { CutAndResume(200); }

}  // namespace
}  // namespace sluice
