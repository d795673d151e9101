// Exports of a few pages, whole and damaged, and what the proof says of them.
#include "storage/verify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/store.h"
#include "tests/support/fake_clock.h"
#include "tests/support/temp_dir.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class VerifyTest : public testing::Test {
 protected:
  VerifyTest()
      : root_(temp_ / "out"),
        output_(OutputDir::Open(root_).value()),
        store_(Store::Open(StateFile(), {.fingerprint = "job"}, clock_, [](const OutputRow&) {
                 return true;
               }).value()) {
    Begin();
  }

  fs::path StateFile() const { return root_ / ".sluice/state.db"; }
  void Begin() {
    const Request listing{.operation = "search", .target = "/search", .listing = true};
    ASSERT_TRUE(store_->BeginRun([&](const LastRun&) { return Opening{.requests = {listing}}; }));
  }
  void End(const std::string& outcome) {
    Advance();
    ASSERT_TRUE(store_->EndRun(outcome, 0, ""));
  }
  void Advance() {
    while (store_->Advance([](const DocumentRow&) { return std::vector<Request>(); }).value()) {
    }
  }

  // The listing gives these pages, which have no content beside their object.
  void List(const std::vector<std::string>& ids) {
    CommitRecord record{.item = Next()};
    for (const std::string& id : ids) {
      record.documents.push_back({.id = DocumentId(id),
                                  .kind = "page",
                                  .place = Place::kTop,
                                  .title = id,
                                  .name = id,
                                  .extension = ".md",
                                  .revision = Revision("r1"),
                                  .object = "{}"});
    }
    ASSERT_TRUE(store_->Commit({record}));
    Advance();
  }
  void RenderAll() {
    const auto items = store_->Take(100).value();
    for (const FrontierItem& item : items) {
      CommitRecord record{.item = item};
      OutputFile file{.path = item.document.value + ".md", .content = "text of a page"};
      file.bytes = static_cast<std::int64_t>(file.content.size());
      file.sha256 = Sha256Hex(file.content);
      ASSERT_TRUE(output_.Publish({&file, 1}));
      record.outputs = {file};
      ASSERT_TRUE(store_->Commit({record}));
    }
  }
  void ExportPages(const std::vector<std::string>& ids) {
    List(ids);
    RenderAll();
    End("complete");
  }
  FrontierItem Next() { return store_->Take(1).value().at(0); }
  Verification Verify() { return VerifyExport(root_, StateFile(), 100).value(); }

  TempDir temp_;
  FakeClock clock_;
  fs::path root_;
  OutputDir output_;
  std::unique_ptr<Store> store_;
};

TEST_F(VerifyTest, AWholeExportIsProved) {
  ExportPages({"a", "b"});
  const Verification verification = Verify();
  EXPECT_THAT(verification.problems, IsEmpty());
  EXPECT_TRUE(verification.ok());
  EXPECT_EQ(verification.outputs, 2);
  EXPECT_EQ(verification.bytes, 28);
}

TEST_F(VerifyTest, AnExportThatWasNeverFinishedIsNotProved) {
  End("complete");
  EXPECT_THAT(Verify().problems, Contains("the export has never been finished"));
}

TEST_F(VerifyTest, AMissingOutputIsNamed) {
  ExportPages({"a", "b"});
  fs::remove(root_ / "b.md");
  EXPECT_THAT(Verify().problems, ElementsAre("b.md: missing"));
}

TEST_F(VerifyTest, AnOutputOfAnotherSizeIsNamed) {
  ExportPages({"a"});
  WriteFile(root_ / "a.md", "short");
  EXPECT_THAT(Verify().problems, ElementsAre("a.md: changed: 5 bytes instead of 14"));
}

TEST_F(VerifyTest, OneFlippedByteIsNoticed) {
  ExportPages({"a"});
  WriteFile(root_ / "a.md", "Text of a page");
  EXPECT_THAT(Verify().problems, ElementsAre(HasSubstr("a.md: changed: SHA-256")));
}

TEST_F(VerifyTest, AnOutputReplacedByALinkIsNotFollowed) {
  ExportPages({"a"});
  fs::rename(root_ / "a.md", temp_ / "elsewhere");
  fs::create_symlink(temp_ / "elsewhere", root_ / "a.md");
  EXPECT_THAT(Verify().problems, ElementsAre(HasSubstr("a.md")));
}

TEST_F(VerifyTest, AFileOfTheUserIsCountedAndNoProblem) {
  ExportPages({"a"});
  WriteFile(root_ / "mine.txt", "x");
  const Verification verification = Verify();
  EXPECT_TRUE(verification.ok());
  EXPECT_EQ(verification.other_files, 1);
}

TEST_F(VerifyTest, ADocumentThatIsStillOpenIsNamed) {
  List({"a"});
  const auto problems = Verify().problems;
  EXPECT_THAT(problems, testing::Contains(HasSubstr("still to be done: 1 documents")));
  EXPECT_THAT(problems, testing::Contains(HasSubstr("page a 'a' is not exported")));
  EXPECT_THAT(problems, testing::Contains(HasSubstr("has not ended, or was killed")));
}

TEST_F(VerifyTest, AFailureIsNamed) {
  CommitRecord record{.item = Next(),
                      .verdict = CommitRecord::Verdict::kFailed,
                      .failure = Failure{.code = Code::kInvalid, .message = "no such thing"}};
  ASSERT_TRUE(store_->Commit({record}));
  End("complete");
  EXPECT_THAT(Verify().problems, ElementsAre("GET /search: failed (invalid): no such thing"));
}

TEST_F(VerifyTest, AShortListingIsNamed) {
  CommitRecord record{.item = Next()};
  record.shortfall = "the listing ended early";
  ASSERT_TRUE(store_->Commit({record}));
  End("complete");
  EXPECT_THAT(Verify().problems, ElementsAre("the listing ended early"));
}

TEST_F(VerifyTest, ARunThatDidNotEndCompleteIsNamed) {
  List({"a"});
  RenderAll();
  End("stopped");
  EXPECT_THAT(Verify().problems, ElementsAre(HasSubstr("ended stopped")));
}

TEST_F(VerifyTest, ProblemsBeyondTheBoundAreCounted) {
  ExportPages({"a", "b", "c"});
  for (const char* path : {"a.md", "b.md", "c.md"}) fs::remove(root_ / path);
  const Verification verification = VerifyExport(root_, StateFile(), 2).value();
  EXPECT_EQ(verification.problems.size(), 2u);
  EXPECT_EQ(verification.problems_total, 3);
}

TEST_F(VerifyTest, AFolderWithoutAnExportIsRefused) {
  const auto verification = VerifyExport(temp_ / "x", temp_ / "x/.sluice/state.db", 10);
  ASSERT_FALSE(verification);
  EXPECT_EQ(verification.error().code, Code::kDisk);
}

// What a killed run announced and put in place, but did not commit, is known to the next one.
TEST_F(VerifyTest, AnnouncedBytesAreKnownAfterAKill) {
  const OutputFile file{.path = "a.md", .bytes = 1, .sha256 = "aa", .source = DocumentId("a")};
  const OutputFile* const files[] = {&file};
  ASSERT_TRUE(store_->Announce(files, {}));
  store_.reset();
  store_ = Store::Open(StateFile(), {.fingerprint = "job"}, clock_, [](const OutputRow&) {
             return true;
           }).value();
  Begin();
  const auto written = store_->WrittenAt("a.md").value();
  ASSERT_FALSE(written.empty());
  EXPECT_EQ(written[0].sha256, "aa");
}

TEST_F(VerifyTest, ACommitSettlesWhatWasAnnounced) {
  List({"a"});
  const OutputFile file{.path = "a.md", .bytes = 1, .sha256 = "old", .source = DocumentId("a")};
  const OutputFile* const files[] = {&file};
  ASSERT_TRUE(store_->Announce(files, {}));
  RenderAll();
  const auto written = store_->WrittenAt("a.md").value();
  ASSERT_EQ(written.size(), 1u);
  EXPECT_EQ(written[0].sha256, Sha256Hex("text of a page"));
}

}  // namespace
}  // namespace sluice
