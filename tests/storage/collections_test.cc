// Rows of collections through the store: what is kept, what is made again, what a restart finds.
// No HTTP, no files: answers are told, outputs are only recorded.
#include "storage/collections.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "storage/store.h"
#include "storage/store_reader.h"
#include "tests/support/fake_clock.h"
#include "tests/support/rows.h"
#include "tests/support/temp_dir.h"

namespace sluice {
namespace {

using Names = std::set<std::string>;
using Bodies = std::vector<std::string>;

Row ARow(const std::string& key, const std::string& position, const std::string& body = "") {
  return {.key = key, .position = position, .body = body.empty() ? key + position : body};
}

class CollectionsTest : public testing::Test {
 protected:
  CollectionsTest() { Open(); }

  void Open(StoreOptions options = {.fingerprint = "job"}) {
    taken_.clear();
    store_.reset();
    auto opened = Store::Open(dir_ / "state.db", std::move(options), clock_,
                              [](const OutputRow&) { return true; });
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    store_ = std::move(*opened);
  }

  // The job: a resource "records" whose rows stand in "records.jsonl", and its child "notes".
  Opening Job(const LastRun& last) {
    last_ = last.find(DocumentId("records"));
    DocumentUpdate records = Resource("records");
    records.content = {Page("records", "/records")};
    DocumentUpdate notes = Resource("notes");
    notes.needs = {DocumentId("records")};
    return {.documents = {records, notes, FileOf("records"), FileOf("notes")}};
  }

  DocumentUpdate Resource(const std::string& name) {
    return {.id = DocumentId(name),
            .kind = "resource",
            .place = Place::kTop,
            .revision = Revision(definition_),
            .object = "{}",
            .collection = CollectionSpec{
                .disposition = disposition_, .order = order_, .definition = Revision(definition_)}};
  }

  static DocumentUpdate FileOf(const std::string& name) {
    return {.id = DocumentId(name + ".jsonl"),
            .kind = "file",
            .place = Place::kTop,
            .name = name,
            .extension = ".jsonl",
            .revision = Revision("jsonl"),
            .object = "{}",
            .needs = {DocumentId(name)}};
  }

  Request Page(const std::string& resource, std::string target) {
    return {.operation = resource,
            .target = std::move(target),
            .document = DocumentId(resource),
            .revision = Revision(definition_),
            .listing = true};
  }

  void Begin() {
    auto start = store_->BeginRun([&](const LastRun& last) { return Job(last); });
    ASSERT_TRUE(start.has_value()) << start.error().message;
  }

  Names Ready() {
    auto items = store_->Take(1000);
    EXPECT_TRUE(items.has_value()) << items.error().message;
    for (FrontierItem& item : *items) {
      taken_[item.kind == ItemKind::kRequest ? item.request.target : item.document.value] =
          std::move(item);
    }
    Names names;
    for (const auto& [name, item] : taken_) names.insert(name);
    return names;
  }

  CommitRecord Record(const std::string& name) {
    Ready();
    EXPECT_TRUE(taken_.contains(name)) << name << " is not ready";
    CommitRecord record;
    record.item = taken_[name];
    taken_.erase(name);
    return record;
  }

  void Commit(CommitRecord record) {
    std::vector<CommitRecord> group;
    group.push_back(std::move(record));
    const Status status = store_->Commit(group);
    EXPECT_TRUE(status.has_value()) << status.error().message;
  }

  // The answer to `target` holds `rows`; `say` adds what else it reveals.
  void Gives(const std::string& target, const std::vector<Row>& rows,
             const std::function<void(CommitRecord&)>& say = {}) {
    CommitRecord record = Record(target);
    record.rows = RowBatch{.rows = SpoolOf(rows)};
    if (say) say(record);
    Commit(std::move(record));
  }

  void GivesUp(const std::string& name) {
    CommitRecord record = Record(name);
    record.verdict = CommitRecord::Verdict::kFailed;
    record.failure = Failure{.code = Code::kInvalid, .http_status = 400, .message = "bad"};
    Commit(std::move(record));
  }

  void Render(const std::string& file) {
    CommitRecord record = Record(file);
    record.outputs = {{.path = file, .bytes = 1, .sha256 = "00"}};
    Commit(std::move(record));
  }

  void Advance() {
    while (true) {
      auto more = store_->Advance([](const DocumentRow&) { return std::vector<Request>{}; });
      ASSERT_TRUE(more.has_value()) << more.error().message;
      if (!*more) return;
    }
  }

  void Finish() {
    Advance();
    ASSERT_TRUE(store_->WithdrawMissing().has_value());
    ASSERT_TRUE(store_->EndRun("complete", 0, "").has_value());
  }

  // A whole run in which /records gives `rows`; files are rendered where they are ready.
  Names Run(std::vector<Row> rows, std::string cursor = "") {
    Begin();
    Gives("/records", std::move(rows),
          [&](CommitRecord& record) { record.rows->cursor = std::move(cursor); });
    Advance();
    const Names files = Ready();
    for (const std::string& file : files) Render(file);
    Finish();
    return files;
  }

  Bodies Rows(const std::string& collection = "records") {
    auto reader = StoreReader::Open(dir_ / "state.db");
    EXPECT_TRUE(reader.has_value());
    Bodies bodies;
    const Status status = (*reader)->ForEachRow(DocumentId(collection), [&](const Row& row) {
      bodies.push_back(row.body);
      return true;
    });
    EXPECT_TRUE(status.has_value()) << status.error().message;
    return bodies;
  }

  std::vector<std::string> Shortfalls() { return *store_->Shortfalls(); }

  TempDir dir_;
  FakeClock clock_;
  Disposition disposition_ = Disposition::kReplace;
  CollectionSpec::Order order_ = CollectionSpec::Order::kFirstSeen;
  std::string definition_ = "d1";
  std::optional<LastRun::Collection> last_;
  std::unique_ptr<Store> store_;
  std::map<std::string, FrontierItem> taken_;
};

TEST_F(CollectionsTest, AFileIsMadeWhenItsResourceIsDone) {
  Begin();
  EXPECT_EQ(Ready(), Names{"/records"});
  Gives("/records", {ARow("1", "a")},
        [&](CommitRecord& record) { record.requests = {Page("records", "/records?2")}; });
  EXPECT_EQ(Ready(), Names{"/records?2"});
  Gives("/records?2", {ARow("2", "b")});
  EXPECT_TRUE(Ready().contains("records.jsonl"));
  EXPECT_EQ(Rows(), (Bodies{"1a", "2b"}));
}

TEST_F(CollectionsTest, AChildWaitsForItsParent) {
  Begin();
  Gives("/records", {ARow("1", "a")}, [&](CommitRecord& record) {
    record.requests = {Page("records", "/records?2"), Page("notes", "/records/1/notes")};
  });
  Gives("/records/1/notes", {ARow("n1", "a")});
  EXPECT_FALSE(Ready().contains("notes.jsonl"));  // page 2 may lead to more of them
  Gives("/records?2", {});
  EXPECT_TRUE(Ready().contains("notes.jsonl"));
}

TEST_F(CollectionsTest, RowsAreReadInTheOrderOfTheirPositions) {
  Begin();
  Gives("/records", {ARow("3", "c"), ARow("1", "a"), ARow("2", "b")});
  EXPECT_EQ(Rows(), (Bodies{"1a", "2b", "3c"}));
}

TEST_F(CollectionsTest, OfTwoRowsWithOneKeyTheLaterInTheListCountsWhicheverArrivesFirst) {
  const std::vector<Row> both = {ARow("1", "a", "early"), ARow("1", "z", "late")};
  for (const auto& order : {std::vector{0, 1}, std::vector{1, 0}}) {
    Open({.fingerprint = std::to_string(order[0])});
    Begin();
    for (const int i : order) {
      const std::string target = order[0] == i ? "/records" : "/records?2";
      Gives(target, {both[static_cast<std::size_t>(i)], ARow("2", "m", "between")},
            [&](CommitRecord& record) {
              if (target == "/records") record.requests = {Page("records", "/records?2")};
            });
    }
    EXPECT_EQ(Rows(), (Bodies{"late", "between"}));  // at the place where it was first
    Finish();
  }
}

TEST_F(CollectionsTest, TheSameRowsAgainMakeNoFileAgain) {
  EXPECT_EQ(Run({ARow("1", "a")}), (Names{"records.jsonl", "notes.jsonl"}));
  EXPECT_EQ(Run({ARow("1", "a")}), Names{});
}

TEST_F(CollectionsTest, AChangedRowMakesTheFileAgain) {
  Run({ARow("1", "a", "old")});
  EXPECT_EQ(Run({ARow("1", "a", "new")}), Names{"records.jsonl"});
  EXPECT_EQ(Rows(), Bodies{"new"});
}

TEST_F(CollectionsTest, WhatIsReplacedLosesTheRowsThatDidNotComeAgain) {
  Run({ARow("1", "a"), ARow("2", "b")});
  EXPECT_EQ(Run({ARow("2", "a", "two")}), Names{"records.jsonl"});
  EXPECT_EQ(Rows(), Bodies{"two"});
}

TEST_F(CollectionsTest, TheOldRowsStandUntilTheListIsComplete) {
  Run({ARow("1", "a"), ARow("2", "b")});
  Begin();
  Gives("/records", {ARow("2", "b")},
        [&](CommitRecord& record) { record.requests = {Page("records", "/records?2")}; });
  GivesUp("/records?2");
  EXPECT_EQ(Rows(), (Bodies{"1a", "2b"}));
}

TEST_F(CollectionsTest, MergedRowsStayAndAreReplacedByKey) {
  disposition_ = Disposition::kMerge;
  Run({ARow("1", "1a"), ARow("2", "1b")});
  Run({ARow("3", "2a", "three"), ARow("1", "2b", "one")});
  EXPECT_EQ(Rows(), (Bodies{"one", "21b", "three"}));
}

TEST_F(CollectionsTest, AppendedRowsAreNeverReplaced) {
  disposition_ = Disposition::kAppend;
  Run({ARow("1", "1a", "one"), ARow("", "1b", "x")});
  Run({ARow("1", "2a", "again"), ARow("", "2b", "x")});
  EXPECT_EQ(Rows(), (Bodies{"one", "x", "x"}));
}

TEST_F(CollectionsTest, AGivenOrderFollowsTheNewestPosition) {
  disposition_ = Disposition::kMerge;
  order_ = CollectionSpec::Order::kAsGiven;
  Run({ARow("1", "2020"), ARow("2", "2021")});
  Run({ARow("1", "2022", "moved")});
  EXPECT_EQ(Rows(), (Bodies{"22021", "moved"}));
}

TEST_F(CollectionsTest, TheCursorMovesWhenTheListIsComplete) {
  disposition_ = Disposition::kMerge;
  Run({ARow("1", "1a")}, "2024-05-01T00:00:00Z");
  Begin();
  ASSERT_TRUE(last_.has_value());
  EXPECT_EQ(last_->cursor, "2024-05-01T00:00:00Z");
  EXPECT_EQ(last_->rows, 1);
}

TEST_F(CollectionsTest, TheCursorStaysWhenTheListFailed) {
  disposition_ = Disposition::kMerge;
  Run({ARow("1", "1a")}, "10");
  Begin();
  Gives("/records", {ARow("2", "2a")}, [&](CommitRecord& record) {
    record.rows->cursor = "20";
    record.requests = {Page("records", "/records?2")};
  });
  GivesUp("/records?2");
  Finish();
  Begin();
  EXPECT_EQ(last_->cursor, "10");
}

TEST_F(CollectionsTest, TheCursorNeverGoesBack) {
  disposition_ = Disposition::kMerge;
  Run({ARow("1", "1a")}, "10");
  Run({ARow("1", "1a")}, "9");
  Begin();
  EXPECT_EQ(last_->cursor, "10");
}

TEST_F(CollectionsTest, AnotherDefinitionBeginsAnew) {
  disposition_ = Disposition::kMerge;
  Run({ARow("1", "1a")}, "10");
  definition_ = "d2";
  Begin();
  Gives("/records", {ARow("2", "2a")});
  EXPECT_EQ(Rows(), Bodies{"22a"});
}

TEST_F(CollectionsTest, WithoutTrustThereIsNoCursor) {
  disposition_ = Disposition::kMerge;
  Run({ARow("1", "1a")}, "10");
  Open({.fingerprint = "job", .ignore_revisions = true});
  Begin();
  EXPECT_FALSE(last_.has_value());
}

TEST_F(CollectionsTest, AFailedListMakesNoFile) {
  Begin();
  GivesUp("/records");
  Advance();
  EXPECT_EQ(Ready(), Names{});
  EXPECT_EQ(store_->CountDocuments()->failed, 2);  // the file, and that of the child
}

TEST_F(CollectionsTest, ARetryThatSucceedsMakesTheFilesAfterAll) {
  Begin();
  GivesUp("/records");
  Finish();
  Open();
  ASSERT_EQ(*store_->BeginRetry(), 1);
  Gives("/records", {ARow("1", "a")});
  Advance();
  EXPECT_EQ(Ready(), (Names{"records.jsonl", "notes.jsonl"}));
}

TEST_F(CollectionsTest, AListThatGaveFewerThanItDeclaredIsShort) {
  Begin();
  Gives("/records", {ARow("1", "a")}, [](CommitRecord& record) {
    record.rows->list = "/records";
    record.rows->declared = 3;
    record.rows->given = 1;
  });
  EXPECT_EQ(Shortfalls(),
            std::vector<std::string>{"records, /records: the API declares 3 records and gave 1"});
}

TEST_F(CollectionsTest, AShortListDeletesNothingAndKeepsItsCursor) {
  Run({ARow("1", "a"), ARow("2", "b")}, "10");
  Begin();
  Gives("/records", {ARow("1", "a")}, [](CommitRecord& record) {
    record.rows->cursor = "20";
    record.rows->declared = 2;
    record.rows->given = 1;
  });
  Finish();
  EXPECT_EQ(Rows(), (Bodies{"1a", "2b"}));
  Begin();
  EXPECT_EQ(last_->cursor, "10");
}

// An account's section says when it has changed; its pages are not asked for otherwise.
class SectionTest : public CollectionsTest {
 protected:
  void BeginSection() {
    auto start = store_->BeginRun([&](const LastRun& last) {
      left_ = last.find_document(DocumentId("records"));
      DocumentUpdate records = Resource("records");
      records.content = {Page("records", "/records")};
      records.content[0].listing = false;
      return Opening{.documents = {records}};
    });
    ASSERT_TRUE(start.has_value()) << start.error().message;
  }
  void RunSection(std::int64_t declared, std::int64_t given) {
    BeginSection();
    Gives("/records", {ARow("1", "a")}, [&](CommitRecord& record) {
      record.rows->declared = declared;
      record.rows->given = given;
    });
    Finish();
  }
  std::optional<LastRun::Document> left_;
};

TEST_F(SectionTest, WholeSectionIsNotAskedForAgain) {
  RunSection(1, 1);
  BeginSection();
  EXPECT_EQ(Ready(), Names{});
  ASSERT_TRUE(left_.has_value());
  EXPECT_TRUE(left_->done);
  EXPECT_EQ(left_->revision, Revision("d1"));
}

TEST_F(SectionTest, ShortSectionIsAskedForAgain) {
  RunSection(3, 1);
  BeginSection();
  EXPECT_EQ(Ready(), Names{"/records"});
}

TEST_F(SectionTest, ResetSectionIsAskedForAgain) {
  RunSection(1, 1);
  ASSERT_TRUE(store_->ResetCollection(DocumentId("records")).has_value());
  BeginSection();
  EXPECT_EQ(Ready(), Names{"/records"});
}

TEST_F(SectionTest, NothingIsLeftOfAGenerationThatIsNotTrusted) {
  RunSection(1, 1);
  Open({.fingerprint = "job", .ignore_revisions = true});
  BeginSection();
  EXPECT_FALSE(left_.has_value());
}

TEST_F(CollectionsTest, AListMayShrinkWhileItIsWalked) {
  Begin();
  Gives("/records", {ARow("1", "a")}, [&](CommitRecord& record) {
    record.rows->declared = 3;
    record.rows->given = 1;
    record.requests = {Page("records", "/records?2")};
  });
  Gives("/records?2", {ARow("2", "b")}, [](CommitRecord& record) {
    record.rows->declared = 2;
    record.rows->given = 1;
  });
  EXPECT_TRUE(Shortfalls().empty());
}

TEST_F(CollectionsTest, ANextPageThatWasAskedBeforeIsACircle) {
  Begin();
  Gives("/records", {ARow("1", "a")}, [&](CommitRecord& record) {
    record.requests = {Page("records", "/records?b")};
    record.requests[0].next_page = true;
  });
  Gives("/records?b", {ARow("2", "b")}, [&](CommitRecord& record) {
    record.requests = {Page("records", "/records")};
    record.requests[0].next_page = true;
  });
  ASSERT_EQ(Shortfalls().size(), 1u);
  EXPECT_NE(Shortfalls()[0].find("leads in a circle"), std::string::npos);
}

TEST_F(CollectionsTest, RowsAndProgressSurviveARestart) {
  Begin();
  Gives("/records", {ARow("1", "a")},
        [&](CommitRecord& record) { record.requests = {Page("records", "/records?2")}; });
  Open();
  Begin();
  EXPECT_EQ(Ready(), Names{"/records?2"});
  Gives("/records?2", {ARow("2", "b")});
  EXPECT_EQ(Rows(), (Bodies{"1a", "2b"}));
}

TEST_F(CollectionsTest, AResourceThatLeftTheJobTakesItsRowsAndItsFileAlong) {
  Run({ARow("1", "a")});
  Open({.fingerprint = "another job"});
  ASSERT_TRUE(store_->BeginRun([](const LastRun&) { return Opening{}; }).has_value());
  Finish();
  EXPECT_EQ(Rows(), Bodies{});
  EXPECT_EQ(store_->ObsoleteOutputs()->size(), 2u);
}

TEST_F(CollectionsTest, AResetCollectionIsListedFromTheBeginning) {
  disposition_ = Disposition::kMerge;
  Run({ARow("1", "1a")}, "10");
  ASSERT_TRUE(store_->ResetCollection(DocumentId("records")).has_value());
  Begin();
  EXPECT_EQ(last_->cursor, "");
  EXPECT_EQ(Rows(), Bodies{});
}

TEST_F(CollectionsTest, AnUnknownCollectionCannotBeReset) {
  Run({});
  const Status status = store_->ResetCollection(DocumentId("other"));
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().code, Code::kNotFound);
}

TEST_F(CollectionsTest, ADamagedRowIsNoticedWhenItIsRead) {
  Run({ARow("1", "a", "body")});
  store_.reset();
  Database database(dir_ / "state.db", Database::Mode::kReadWrite);
  database.Exec("UPDATE rows SET body = 'bodi'");
  auto reader = StoreReader::Open(dir_ / "state.db");
  const Status status =
      (*reader)->ForEachRow(DocumentId("records"), [](const Row&) { return true; });
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().code, Code::kDamaged);
}

TEST_F(CollectionsTest, ALostRowIsNoticedWhenItIsRead) {
  Run({ARow("1", "a"), ARow("2", "b")});
  store_.reset();
  Database database(dir_ / "state.db", Database::Mode::kReadWrite);
  database.Exec("DELETE FROM rows WHERE key = '1'");
  auto reader = StoreReader::Open(dir_ / "state.db");
  const Status status =
      (*reader)->ForEachRow(DocumentId("records"), [](const Row&) { return true; });
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().code, Code::kDamaged);
}

TEST_F(CollectionsTest, ManyRowsAreReadInParts) {
  std::vector<Row> rows;
  for (int i = 0; i < 2500; ++i) {
    rows.push_back(ARow(std::to_string(i), std::to_string(10'000 + i), std::string(900, 'x')));
  }
  Begin();
  Gives("/records", rows);
  EXPECT_EQ(Rows().size(), 2500u);
}

}  // namespace
}  // namespace sluice
