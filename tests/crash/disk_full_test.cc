// A disk that is full, by bytes and by inodes: the run says so and ends with exit 4; with more room
// the same command goes on.
#include <sys/mount.h>

#include "tests/crash/crash_fixture.h"

namespace sluice {
namespace {

using testing::HasSubstr;

class DiskFullTest : public CrashTest {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(disk_);
    if (mount("tmpfs", disk_.c_str(), "tmpfs", 0, "size=64m") != 0) {
      GTEST_SKIP() << "a file system can be mounted by root only";
    }
    mounted_ = true;
    exporter_.UseOutput(disk_ / "wiki");
  }
  void TearDown() override {
    if (mounted_) umount2(disk_.c_str(), MNT_DETACH);
  }
  void Limit(const std::string& options) {
    exporter_.Clear();
    ASSERT_EQ(mount("tmpfs", disk_.c_str(), "tmpfs", MS_REMOUNT, options.c_str()), 0) << options;
  }
  // The run ends for want of room; with room it goes on.
  void ExpectEndsAndResumes(const std::string& options) {
    SCOPED_TRACE(options);
    Limit(options);
    const Outcome outcome = exporter_.Export(*sim_);
    EXPECT_EQ(outcome.exit_code, 4) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr(disk_.string())) << "which disk";
    EXPECT_THAT(outcome.err, HasSubstr("free space")) << "what to do";
    for (const auto& [path, file] : exporter_.Output()) {
      EXPECT_EQ(file.content, expected_[path].content) << path << " is not whole";
    }
    ASSERT_EQ(mount("tmpfs", disk_.c_str(), "tmpfs", MS_REMOUNT, "size=64m,nr_inodes=10000"), 0);
    ExpectResumes();
  }

  const std::filesystem::path disk_ = exporter_.folder() / "disk";
  bool mounted_ = false;
};

TEST_F(DiskFullTest, OutOfBytesEndsWithItsCodeAndResumes) {
  for (const int kib : {4, 20, 60, 100, 160, 220, 300, 380, 440, 500}) {
    ExpectEndsAndResumes("nr_inodes=10000,size=" + std::to_string(kib) + "k");
  }
}

TEST_F(DiskFullTest, OutOfInodesEndsWithItsCodeAndResumes) {
  for (const int inodes : {3, 4, 5, 6, 7, 9, 12, 20, 30, 40}) {
    ExpectEndsAndResumes("size=64m,nr_inodes=" + std::to_string(inodes));
  }
}

}  // namespace
}  // namespace sluice
