// A state on a medium that cannot be written: a backup, a snapshot.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>

#include "storage/state_health.h"
#include "storage/state_report.h"
#include "storage/store.h"
#include "storage/verify.h"
#include "tests/support/fake_clock.h"
#include "tests/support/temp_dir.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class ReadOnlyTest : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directory(Root());
    if (mount("tmpfs", Root().c_str(), "tmpfs", 0, "size=8m") != 0) {
      GTEST_SKIP() << "a file system can be mounted by root only";
    }
    mounted_ = true;
    // Names that a URI would take apart.
    fs::create_directories(File().parent_path());
  }
  void TearDown() override {
    if (mounted_) umount2(Root().c_str(), MNT_DETACH);
  }

  fs::path Root() const { return dir_ / "disk"; }
  fs::path Folder() const { return Root() / "50% of #1?"; }
  fs::path File() const { return Folder() / ".sluice/state.db"; }
  std::unique_ptr<Store> Open() {
    return Store::Open(File(), {.fingerprint = "job"}, clock_,
                       [](const OutputRow&) { return true; })
        .value();
  }
  void Finish(Store& store) {
    ASSERT_TRUE(store.BeginRun([](const LastRun&) { return Opening{}; }));
    while (store.Advance([](const DocumentRow&) { return std::vector<Request>(); }).value()) {
    }
    ASSERT_TRUE(store.EndRun("complete", 0, ""));
  }
  void MakeReadOnly() {
    ASSERT_EQ(mount("tmpfs", Root().c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, ""), 0);
  }

  TempDir dir_;
  FakeClock clock_;
  bool mounted_ = false;
};

TEST_F(ReadOnlyTest, AFinishedExportCanBeProved) {
  Finish(*Open());
  MakeReadOnly();
  const auto verification = VerifyExport(Folder(), File(), 10);
  ASSERT_TRUE(verification) << verification.error().message;
  EXPECT_TRUE(verification->ok()) << verification->problems.at(0);
}

TEST_F(ReadOnlyTest, AFinishedExportCanBeReadAndDiagnosed) {
  Finish(*Open());
  MakeReadOnly();
  EXPECT_TRUE(ReadStateReport(File(), 10));
  EXPECT_TRUE(CheckState(File()));
}

TEST_F(ReadOnlyTest, AStateThatNeedsItsLogIsRefusedWithTheReason) {
  {
    const auto store = Open();
    Finish(*store);
    for (const char* suffix : {"", "-wal"}) {
      fs::copy_file(File().string() + suffix, (Root() / "copy").string() + suffix);
    }
  }
  for (const char* suffix : {"", "-wal"}) {
    fs::rename((Root() / "copy").string() + suffix, File().string() + suffix);
  }
  MakeReadOnly();
  const auto report = ReadStateReport(File(), 10);
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, Code::kDisk);
  EXPECT_THAT(report.error().message, HasSubstr("copy the folder to where it can be written"));
}

}  // namespace
}  // namespace sluice
