// What a user changed in the output folder is kept, whatever becomes of the output.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <functional>
#include <map>

#include "storage/output_dir.h"
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

std::string Edited(const std::string& stem, const std::string& content,
                   const std::string& extension) {
  return stem + " (edited " + Sha256Hex(content).substr(0, 8) + ")" + extension;
}

class EditsTest : public testing::Test {
 protected:
  EditsTest() : root_(temp_ / "out"), dir_(OutputDir::Open(root_).value()) {
    dir_.UseLedger({.written = [this](const std::string& path) -> Result<std::vector<FileState>> {
                      return written_[path];
                    },
                    .announce = [this](std::span<const OutputFile* const> files,
                                       std::span<const KeptEdit> edits) -> Status {
                      for (const OutputFile* file : files) announced_.push_back(file->path);
                      for (const KeptEdit& edit : edits) kept_.push_back(edit.kept_as);
                      return announce_status_;
                    }});
  }

  // As the committer does it: publish, then remember how the file was left.
  void Export(const std::string& path, const std::string& content) {
    const OutputFile file = File(path, content);
    ASSERT_TRUE(dir_.Publish({&file, 1}));
    written_[path] = {dir_.Inspect(path, WithHash::kYes).value().value()};
  }
  void Edit(const std::string& path, const std::string& content) {
    WriteFile(root_ / path, content);
    // Within one tick of the clock an edit could keep the mtime.
    const timespec times[2] = {{.tv_sec = 1, .tv_nsec = 0}, {.tv_sec = 1, .tv_nsec = 0}};
    ASSERT_EQ(::utimensat(AT_FDCWD, (root_ / path).c_str(), times, 0), 0);
  }
  void KeepMtime(const std::string& path, const std::function<void()>& edit) {
    struct stat before {};
    ASSERT_EQ(::stat((root_ / path).c_str(), &before), 0);
    edit();
    const timespec times[2] = {before.st_atim, before.st_mtim};
    ASSERT_EQ(::utimensat(AT_FDCWD, (root_ / path).c_str(), times, 0), 0);
  }
  std::string Text(const std::string& path) { return ReadFile(root_ / path); }
  std::size_t Files() {
    std::size_t count = 0;
    for (const auto& entry : fs::directory_iterator(root_)) count += entry.is_regular_file();
    return count;
  }

  TempDir temp_;
  fs::path root_;
  OutputDir dir_;
  std::map<std::string, std::vector<FileState>> written_;
  std::vector<std::string> announced_;
  std::vector<std::string> kept_;
  Status announce_status_;
};

TEST_F(EditsTest, AnEditIsKeptBesideTheNewVersion) {
  Export("Home.md", "first");
  Edit("Home.md", "mine");
  Export("Home.md", "second");
  EXPECT_EQ(Text("Home.md"), "second");
  EXPECT_EQ(Text(Edited("Home", "mine", ".md")), "mine");
  EXPECT_EQ(kept_, std::vector<std::string>{Edited("Home", "mine", ".md")});
}

TEST_F(EditsTest, AnEditOfTheSameSizeIsNoticed) {
  Export("f.md", "one");
  Edit("f.md", "two");
  Export("f.md", "six");
  EXPECT_EQ(Text(Edited("f", "two", ".md")), "two");
}

TEST_F(EditsTest, AnEditThatKeptSizeAndMtimeIsKept) {
  Export("f.md", "one");
  KeepMtime("f.md", [&] { WriteFile(root_ / "f.md", "two"); });
  Export("f.md", "three");
  EXPECT_EQ(Text(Edited("f", "two", ".md")), "two");
}

TEST_F(EditsTest, AnObsoleteFileWhoseEditKeptSizeAndMtimeIsKept) {
  Export("f.md", "one");
  KeepMtime("f.md", [&] { WriteFile(root_ / "f.md", "two"); });
  ASSERT_TRUE(dir_.Remove("f.md"));
  EXPECT_EQ(Text(Edited("f", "two", ".md")), "two");
}

TEST_F(EditsTest, ATouchedFileIsNoEdit) {
  Export("f.md", "one");
  Edit("f.md", "one");
  Export("f.md", "two");
  EXPECT_EQ(Text("f.md"), "two");
  EXPECT_EQ(Files(), 1u);
}

TEST_F(EditsTest, AnUntouchedFileIsReplaced) {
  Export("f.md", "one");
  Export("f.md", "two");
  EXPECT_EQ(Files(), 1u);
  EXPECT_TRUE(kept_.empty());
}

TEST_F(EditsTest, AFileThatSluiceNeverWroteIsKept) {
  WriteFile(root_ / "f.md", "mine");
  Export("f.md", "theirs");
  EXPECT_EQ(Text("f.md"), "theirs");
  EXPECT_EQ(Text(Edited("f", "mine", ".md")), "mine");
}

TEST_F(EditsTest, ARemovedFileIsPutBack) {
  Export("f.md", "one");
  fs::remove(root_ / "f.md");
  Export("f.md", "one");
  EXPECT_EQ(Text("f.md"), "one");
}

TEST_F(EditsTest, AnEditedFileThatIsObsoleteIsKept) {
  Export("f.md", "one");
  Edit("f.md", "mine");
  ASSERT_TRUE(dir_.Remove("f.md"));
  EXPECT_FALSE(fs::exists(root_ / "f.md"));
  EXPECT_EQ(Text(Edited("f", "mine", ".md")), "mine");
}

TEST_F(EditsTest, AnUntouchedFileThatIsObsoleteGoes) {
  Export("f.md", "one");
  ASSERT_TRUE(dir_.Remove("f.md"));
  EXPECT_EQ(Files(), 0u);
}

// A run that was killed after the rename and before its commit left bytes that only the
// announcement knows.
TEST_F(EditsTest, BytesThatWereAnnouncedAreNoEdit) {
  Export("f.md", "one");
  written_["f.md"].push_back({.bytes = 3, .sha256 = Sha256Hex("two")});
  Edit("f.md", "two");
  Export("f.md", "three");
  EXPECT_EQ(Files(), 1u);
}

TEST_F(EditsTest, NothingMovesBeforeItIsAnnounced) {
  Export("f.md", "one");
  Edit("f.md", "mine");
  announce_status_ = Fail(Code::kDisk, "full");
  const OutputFile file = File("f.md", "two");
  EXPECT_FALSE(dir_.Publish({&file, 1}));
  EXPECT_EQ(Text("f.md"), "mine");
  EXPECT_EQ(Files(), 1u);
}

TEST_F(EditsTest, WhatIsInPlaceAlreadyIsNotAnnounced) {
  Export("f.md", "one");
  announced_.clear();
  Export("f.md", "one");
  EXPECT_TRUE(announced_.empty());
}

TEST_F(EditsTest, TheSameEditTwiceIsKeptOnce) {
  Export("f.md", "one");
  for (int i = 0; i < 2; ++i) {
    Edit("f.md", "mine");
    Export("f.md", "two");
  }
  EXPECT_EQ(Files(), 2u);
}

TEST_F(EditsTest, ATakenNameGetsMoreDigits) {
  Export("f.md", "one");
  Edit("f.md", "mine");
  WriteFile(root_ / Edited("f", "mine", ".md"), "something else");
  Export("f.md", "two");
  EXPECT_EQ(Text("f (edited " + Sha256Hex("mine").substr(0, 16) + ").md"), "mine");
  EXPECT_EQ(Text(Edited("f", "mine", ".md")), "something else");
}

TEST_F(EditsTest, ALongNameIsCutBetweenCharacters) {
  std::string stem;
  for (int i = 0; i < 120; ++i) stem += "é";  // 240 bytes
  Export(stem + ".md", "one");
  Edit(stem + ".md", "mine");
  Export(stem + ".md", "two");
  ASSERT_EQ(kept_.size(), 1u);
  EXPECT_LE(kept_[0].size(), 255u);
  EXPECT_EQ(kept_[0].find("é (edited "), 232u);
  EXPECT_EQ(Text(kept_[0]), "mine");
}

}  // namespace
}  // namespace sluice
