#include "storage/output_dir.h"

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include <csignal>

#include "storage/spill_writer.h"
#include "tests/support/temp_dir.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;

OutputFile File(std::string path, std::string content) {
  OutputFile file{.path = std::move(path), .content = std::move(content)};
  file.bytes = static_cast<std::int64_t>(file.content.size());
  file.sha256 = Sha256Hex(file.content);
  return file;
}

struct stat StatOf(const fs::path& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) throw std::runtime_error("no " + path.string());
  return info;
}

mode_t ModeOf(const fs::path& path) { return StatOf(path).st_mode & 07777; }

class OutputDirTest : public testing::Test {
 protected:
  OutputDirTest() : root_(temp_ / "out"), dir_(OutputDir::Open(root_).value()) {}

  Status Publish(const OutputFile& file) { return dir_.Publish({&file, 1}); }
  std::string PublishError(const OutputFile& file) {
    const Status status = Publish(file);
    return status ? "" : status.error().message;
  }

  TempDir temp_;
  fs::path root_;
  OutputDir dir_;
};

TEST_F(OutputDirTest, PublishedContentStandsInItsFolder) {
  ASSERT_TRUE(Publish(File("a/b/c.md", "text")));
  EXPECT_EQ(ReadFile(root_ / "a/b/c.md"), "text");
}

TEST_F(OutputDirTest, BatchOfManyIsPublishedWhole) {
  std::vector<OutputFile> files;
  for (int i = 0; i < 50; ++i) files.push_back(File("d" + std::to_string(i) + "/f", "x"));
  ASSERT_TRUE(dir_.Publish(files));
  for (const OutputFile& file : files) EXPECT_EQ(ReadFile(root_ / file.path), "x");
}

TEST_F(OutputDirTest, LastOfTwoFilesWithOnePathCounts) {
  ASSERT_TRUE(Publish(File("f", "two")));
  const std::vector<OutputFile> files = {File("f", "one"), File("f", "two")};
  ASSERT_TRUE(dir_.Publish(files));
  EXPECT_EQ(ReadFile(root_ / "f"), "two");
}

TEST_F(OutputDirTest, IdenticalContentKeepsInodeAndMtime) {
  ASSERT_TRUE(Publish(File("f", "same")));
  const struct stat before = StatOf(root_ / "f");
  ASSERT_TRUE(Publish(File("f", "same")));
  const struct stat after = StatOf(root_ / "f");
  EXPECT_EQ(before.st_ino, after.st_ino);
  EXPECT_EQ(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
}

TEST_F(OutputDirTest, LeftoversAreSweptOnOpen) {
  WriteFile(root_ / ".sluice/staging/9.part", "half");
  ASSERT_TRUE(OutputDir::Open(root_));
  EXPECT_TRUE(fs::is_empty(root_ / ".sluice/staging"));
}

TEST_F(OutputDirTest, PathsThatLeaveTheFolderAreRefused) {
  for (const char* path : {"", "/etc/x", "../x", "a/../x", "a//b", "a/", "./a", ".sluice/x"}) {
    const Status status = Publish(File(path, "x"));
    ASSERT_FALSE(status) << path;
    EXPECT_EQ(status.error().code, Code::kInvalid) << path;
  }
  EXPECT_FALSE(fs::exists(temp_ / "x"));
}

TEST_F(OutputDirTest, LinkedParentIsNamedAndNotFollowed) {
  fs::create_directory(temp_ / "elsewhere");
  fs::create_directory_symlink(temp_ / "elsewhere", root_ / "a");
  EXPECT_NE(PublishError(File("a/f", "x")).find("out/a is a symbolic link"), std::string::npos);
  EXPECT_TRUE(fs::is_empty(temp_ / "elsewhere"));
}

TEST_F(OutputDirTest, LinkInPlaceOfTheFileIsNamedAndNotFollowed) {
  WriteFile(temp_ / "victim", "old");
  fs::create_symlink(temp_ / "victim", root_ / "f");
  EXPECT_NE(PublishError(File("f", "new")).find("out/f is a symbolic link"), std::string::npos);
  EXPECT_EQ(ReadFile(temp_ / "victim"), "old");
}

TEST_F(OutputDirTest, FifoInTheWayIsNamedAndDoesNotHang) {
  ASSERT_EQ(::mkfifo((root_ / "f").c_str(), 0600), 0);
  EXPECT_NE(PublishError(File("f", "x")).find("a FIFO"), std::string::npos);
}

TEST_F(OutputDirTest, FolderInTheWayIsNamed) {
  fs::create_directory(root_ / "f");
  EXPECT_NE(PublishError(File("f", "x")).find("a folder"), std::string::npos);
}

TEST_F(OutputDirTest, WalkRefusesLinksAsOpenat2Does) {
  fs::create_directory(root_ / "real");
  fs::create_directory_symlink(root_ / "real", root_ / "link");
  const UniqueFd root(::open(root_.c_str(), O_PATH | O_DIRECTORY));
  EXPECT_TRUE(WalkBeneath(root.get(), "real/f", O_WRONLY | O_CREAT, 0600));
  EXPECT_FALSE(WalkBeneath(root.get(), "link/f", O_RDONLY));
  EXPECT_FALSE(WalkBeneath(root.get(), "../out/real/f", O_RDONLY));
}

TEST_F(OutputDirTest, NamesOf240BytesFit) {
  const std::string name(240, 'n');
  ASSERT_TRUE(Publish(File(name + "/" + name, "x")));
  EXPECT_EQ(ReadFile(root_ / name / name), "x");
}

TEST_F(OutputDirTest, ModesHoldUnderUmaskZero) {
  const mode_t before = ::umask(0);
  OutputDir dir = OutputDir::Open(temp_ / "open").value();
  const StagedFile staged = dir.Stage().value();
  const OutputFile file = File("f", "x");
  const Status published = dir.Publish({&file, 1});
  ::umask(before);
  ASSERT_TRUE(published);
  EXPECT_EQ(ModeOf(temp_ / "open"), 0755u);
  EXPECT_EQ(ModeOf(temp_ / "open/.sluice"), 0700u);
  EXPECT_EQ(ModeOf(temp_ / "open/.sluice/staging"), 0700u);
  EXPECT_EQ(ModeOf(temp_ / "open/.sluice/staging/0.part"), 0600u);
  EXPECT_EQ(ModeOf(temp_ / "open/f"), 0644u);
}

TEST_F(OutputDirTest, FileThatCannotGrowIsADiskErrorThatNamesPathAndNeed) {
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  const rlimit small{.rlim_cur = 1000, .rlim_max = before.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &small);
  const Status status = Publish(File("f", std::string(5000, 'x')));
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Code::kDisk);
  EXPECT_NE(status.error().message.find("out/f, 5000 bytes"), std::string::npos);
  EXPECT_FALSE(fs::exists(root_ / "f"));
  EXPECT_TRUE(fs::is_empty(root_ / ".sluice/staging"));
}

TEST_F(OutputDirTest, FullDiskNamesTheNeedAndTheSameCallSucceedsOnceSpaceIsFree) {
  fs::create_directory(temp_ / "small");
  if (::mount("tmpfs", (temp_ / "small").c_str(), "tmpfs", 0, "size=600k") != 0) {
    GTEST_SKIP() << "mounting a tmpfs needs root";
  }
  {
    OutputDir dir = OutputDir::Open(temp_ / "small/out").value();
    WriteFile(temp_ / "small/ballast", std::string(400'000, 'b'));
    const OutputFile file = File("f", std::string(300'000, 'x'));
    const Status full = dir.Publish({&file, 1});
    EXPECT_FALSE(full);
    if (!full) {
      EXPECT_NE(full.error().message.find("No space left"), std::string::npos);
      EXPECT_NE(full.error().message.find("out/f, 300000 bytes"), std::string::npos);
    }
    fs::remove(temp_ / "small/ballast");
    EXPECT_TRUE(dir.Publish({&file, 1}));
  }
  ::umount((temp_ / "small").c_str());
}

TEST_F(OutputDirTest, InspectHashesOnRequestOnly) {
  ASSERT_TRUE(Publish(File("f", "abc")));
  EXPECT_EQ(dir_.Inspect("f", WithHash::kNo).value()->sha256, "");
  EXPECT_EQ(dir_.Inspect("f", WithHash::kYes).value()->sha256, Sha256Hex("abc"));
  EXPECT_FALSE(dir_.Inspect("g", WithHash::kNo).value());
}

TEST_F(OutputDirTest, RemoveTakesEmptyParentsAndLeavesOthers) {
  ASSERT_TRUE(Publish(File("a/b/f", "x")));
  ASSERT_TRUE(Publish(File("a/g", "x")));
  ASSERT_TRUE(dir_.Remove("a/b/f"));
  EXPECT_FALSE(fs::exists(root_ / "a/b"));
  EXPECT_TRUE(fs::exists(root_ / "a/g"));
}

TEST_F(OutputDirTest, RemoveOfWhatIsGoneSucceeds) { EXPECT_TRUE(dir_.Remove("a/f")); }

TEST_F(OutputDirTest, DroppedStagedFileLeavesNothing) {
  { ASSERT_TRUE(dir_.Stage().value().Write("half")); }
  EXPECT_TRUE(fs::is_empty(root_ / ".sluice/staging"));
}

TEST_F(OutputDirTest, SmallSpillStaysInMemory) {
  SpillWriter writer(dir_);
  ASSERT_TRUE(writer.Write("small"));
  const OutputFile file = writer.Finish("f").value();
  EXPECT_EQ(file.content, "small");
  EXPECT_EQ(file.sha256, Sha256Hex("small"));
}

TEST_F(OutputDirTest, LargeSpillIsStagedAndPublishedWhole) {
  SpillWriter writer(dir_);
  const std::string part(100'000, 'p');
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(writer.Write(part));
  const OutputFile file = writer.Finish("big").value();
  EXPECT_FALSE(file.staged.empty());
  ASSERT_TRUE(Publish(file));
  EXPECT_EQ(Sha256Hex(ReadFile(root_ / "big")), file.sha256);
  EXPECT_EQ(file.bytes, 500'000);
}

}  // namespace
}  // namespace sluice
