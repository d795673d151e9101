// The store as a machine of rules: what becomes ready when, what is asked again, what a restart
// finds. No HTTP, no files: responses are told, outputs are only recorded.
#include "storage/store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "storage/base/compress.h"
#include "storage/schema.h"
#include "storage/store_reader.h"
#include "tests/support/fake_clock.h"
#include "tests/support/temp_dir.h"

namespace sluice {
namespace {

Request Listing(std::string target) {
  return {.operation = "search", .target = std::move(target), .listing = true};
}

Request Content(const std::string& document, std::string target) {
  return {.operation = "blocks", .target = std::move(target), .document = DocumentId(document)};
}

DocumentUpdate Page(const std::string& id, const std::string& revision = "r1") {
  return {.id = DocumentId(id),
          .kind = "page",
          .place = Place::kTop,
          .title = "Title of " + id,
          .name = "Name " + id,
          .extension = ".md",
          .revision = Revision(revision),
          .object = "{\"id\":\"" + id + "\"}",
          .content = {Content(id, "/blocks/" + id)}};
}

DocumentUpdate Under(DocumentUpdate page, const std::string& parent) {
  page.place = Place::kUnder;
  page.parent = DocumentId(parent);
  return page;
}

DocumentUpdate Hint(const std::string& id, const std::string& parent = "") {
  DocumentUpdate hint{.id = DocumentId(id), .kind = "page", .title = "Hint of " + id};
  if (!parent.empty()) {
    hint.place = Place::kUnder;
    hint.parent = DocumentId(parent);
  }
  return hint;
}

class StoreTest : public testing::Test {
 protected:
  StoreTest() { Open(); }

  void Open(StoreOptions options = {.fingerprint = "job"}) {
    taken_.clear();
    store_.reset();
    auto opened = Store::Open(File(), std::move(options), clock_, [this](const OutputRow& row) {
      return !touched_.contains(row.path);
    });
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    store_ = std::move(*opened);
  }

  std::filesystem::path File() const { return dir_ / "state.db"; }

  Store::Start Begin(std::vector<Request> first = {Listing("/search")}) {
    auto start = store_->BeginRun([&](const LastRun&) { return Opening{.requests = first}; });
    EXPECT_TRUE(start.has_value()) << start.error().message;
    return *start;
  }

  // Takes everything that may run and remembers it by name: target of a request, id of a document.
  std::set<std::string> Ready() {
    auto items = store_->Take(1000);
    EXPECT_TRUE(items.has_value()) << items.error().message;
    for (FrontierItem& item : *items) {
      const std::string name = NameOf(item);
      taken_[name] = std::move(item);
    }
    std::set<std::string> names;
    for (const auto& [name, item] : taken_) names.insert(name);
    return names;
  }

  static std::string NameOf(const FrontierItem& item) {
    return item.kind == ItemKind::kRequest ? item.request.target : item.document.value;
  }

  // The answer to `target` arrived; `say` fills in what it revealed.
  void Answer(const std::string& target, const std::function<void(CommitRecord&)>& say = {}) {
    CommitRecord record = Record(target);
    record.response = StoredResponse{.revision = record.item.request.revision, .body = target};
    if (say) say(record);
    Commit(std::move(record));
  }

  void Lists(const std::string& target, std::vector<DocumentUpdate> documents) {
    Answer(target, [&](CommitRecord& record) { record.documents = std::move(documents); });
  }

  void Mentions(const std::string& target, std::vector<DocumentId> ids) {
    Answer(target, [&](CommitRecord& record) { record.mentions = std::move(ids); });
  }

  void Render(const std::string& document) {
    CommitRecord record = Record(document);
    record.outputs = {{.path = document + ".md", .bytes = 1, .sha256 = "00"}};
    Commit(std::move(record));
  }

  void WaitsFor(const std::string& name, std::chrono::milliseconds wait) {
    CommitRecord record = Record(name);
    record.verdict = CommitRecord::Verdict::kRetry;
    record.failure = Failure{.code = Code::kTransient, .message = "slow"};
    record.next_attempt = 2;
    record.not_before_ms = clock_.WallNow() + wait.count();
    Commit(std::move(record));
  }

  void GivesUp(const std::string& name, Code code = Code::kTransient) {
    CommitRecord record = Record(name);
    record.verdict = CommitRecord::Verdict::kFailed;
    record.failure = Failure{.code = code, .http_status = 404, .message = "gone"};
    Commit(std::move(record));
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

  // Takes every step between phases; documents that no listing gave are asked for by "/get/<id>".
  void Advance() {
    while (true) {
      auto more = store_->Advance([](const DocumentRow& row) {
        return std::vector<Request>{
            {.operation = "pages", .target = "/get/" + row.id.value, .document = row.id}};
      });
      ASSERT_TRUE(more.has_value()) << more.error().message;
      if (!*more) return;
    }
  }

  void Finish() { ASSERT_TRUE(store_->EndRun("complete", 0, "").has_value()); }

  // One page listed, fetched and rendered; the run is over.
  void ExportOnePage(const std::string& revision = "r1") {
    Begin();
    Lists("/search", {Page("a", revision)});
    Answer("/blocks/a");
    Advance();
    Render("a");
    Finish();
  }

  DocumentRow Document(const std::string& id) {
    auto reader = StoreReader::Open(File());
    EXPECT_TRUE(reader.has_value());
    auto row = (*reader)->FindDocument(DocumentId(id));
    EXPECT_TRUE(row.has_value() && row->has_value());
    return **row;
  }

  TempDir dir_;
  FakeClock clock_;
  std::unique_ptr<Store> store_;
  std::map<std::string, FrontierItem> taken_;
  std::set<std::string> touched_;
};

using Names = std::set<std::string>;

TEST_F(StoreTest, ARunBeginsWithTheListing) {
  Begin();
  EXPECT_EQ(Ready(), Names{"/search"});
}

TEST_F(StoreTest, WhatAListingGivesIsFetched) {
  Begin();
  Lists("/search", {Page("a"), Page("b")});
  EXPECT_EQ(Ready(), (Names{"/blocks/a", "/blocks/b"}));
}

TEST_F(StoreTest, ADocumentIsReadyWhenItsLastRequestIsDone) {
  Begin();
  Lists("/search", {Page("a")});
  Answer("/blocks/a",
         [](CommitRecord& record) { record.requests = {Content("a", "/blocks/a?2")}; });
  EXPECT_EQ(Ready(), Names{"/blocks/a?2"});
  Answer("/blocks/a?2");
  EXPECT_EQ(Ready(), Names{"a"});
}

TEST_F(StoreTest, TheSameRequestIsNotAskedTwiceInOneRun) {
  Begin();
  Lists("/search", {Page("a")});
  Answer("/blocks/a", [](CommitRecord& record) {
    record.requests = {Content("a", "/x"), Content("a", "/x")};
  });
  Answer("/x", [](CommitRecord& record) { record.requests = {Content("a", "/x")}; });
  EXPECT_EQ(Ready(), Names{"a"});
}

TEST_F(StoreTest, DocumentsComeBeforeListingsAndDeepRequestsBeforeShallowOnes) {
  Begin({Listing("/search"), Content("", "/shallow")});
  Request deep = Content("", "/deep");
  deep.depth = 7;
  Answer("/search", [&](CommitRecord& record) { record.requests = {Listing("/search?2"), deep}; });
  taken_.clear();
  Open();
  Begin();
  auto items = store_->Take(10);
  ASSERT_TRUE(items.has_value());
  std::vector<std::string> order;
  for (const FrontierItem& item : *items) order.push_back(NameOf(item));
  EXPECT_EQ(order, (std::vector<std::string>{"/search?2", "/deep", "/shallow"}));
}

TEST_F(StoreTest, PathsHoldTheNamesOfTheAncestors) {
  Begin();
  Lists("/search", {Under(Page("child"), "a"), Page("a")});
  EXPECT_EQ(Document("child").path, "Name a/Name child.md");
}

TEST_F(StoreTest, ADocumentWaitsForThePathOfItsParent) {
  Begin();
  Lists("/search", {Under(Page("child"), "a")});
  Answer("/blocks/child", [](CommitRecord& record) { record.requests = {Listing("/more")}; });
  EXPECT_EQ(Ready(), Names{"/more"});
  Lists("/more", {Page("a")});
  EXPECT_EQ(Ready(), (Names{"/blocks/a", "child"}));
}

TEST_F(StoreTest, ADocumentWaitsForThePathsItMentions) {
  Begin({Listing("/search"), Listing("/later")});
  Lists("/search", {Page("a")});
  Mentions("/blocks/a", {DocumentId("b")});
  EXPECT_EQ(Ready(), Names{"/later"});
  Lists("/later", {Page("b")});
  EXPECT_EQ(Ready(), (Names{"/blocks/b", "a"}));
}

TEST_F(StoreTest, AMentionThatLeadsNowhereStopsWaitingWhenDiscoveryEnds) {
  Begin();
  Lists("/search", {Page("a")});
  Mentions("/blocks/a", {DocumentId("nobody")});
  EXPECT_EQ(Ready(), Names{});
  Advance();
  EXPECT_EQ(Ready(), Names{"a"});
}

TEST_F(StoreTest, WhatTheWalkFoundIsAskedForOnlyAfterTheListing) {
  Begin({Listing("/search"), Listing("/later")});
  Lists("/search", {Page("a")});
  Answer("/blocks/a", [](CommitRecord& record) { record.documents = {Hint("b", "a")}; });
  Advance();
  EXPECT_FALSE(Ready().contains("/get/b"));
  Lists("/later", {});
  Advance();
  EXPECT_TRUE(Ready().contains("/get/b"));
}

TEST_F(StoreTest, WhatAListingGaveIsNotAskedForAgain) {
  Begin();
  Lists("/search", {Page("a"), Under(Page("b"), "a")});
  Answer("/blocks/a", [](CommitRecord& record) { record.documents = {Hint("b", "a")}; });
  Advance();
  EXPECT_FALSE(Ready().contains("/get/b"));
}

TEST_F(StoreTest, TheWalkTellsUnderWhichPageABlockHolds) {
  Begin();
  DocumentUpdate nested = Page("b");
  nested.place = Place::kUnresolved;
  nested.parent = DocumentId("block-1");
  Lists("/search", {Page("a"), nested});
  EXPECT_EQ(Document("b").path, "");
  Answer("/blocks/a", [](CommitRecord& record) { record.documents = {Hint("b", "a")}; });
  EXPECT_EQ(Document("b").path, "Name a/Name b.md");
}

TEST_F(StoreTest, APlaceThatNobodyClaimsIsTheTop) {
  Begin();
  DocumentUpdate nested = Page("b");
  nested.place = Place::kUnresolved;
  nested.parent = DocumentId("block-1");
  Lists("/search", {nested});
  Answer("/blocks/b");
  Advance();
  EXPECT_EQ(Document("b").path, "Name b.md");
}

TEST_F(StoreTest, ParentsInALoopEndAtTheTop) {
  Begin();
  Lists("/search", {Under(Page("a"), "b"), Under(Page("b"), "a")});
  Answer("/blocks/a");
  Answer("/blocks/b");
  Advance();
  EXPECT_EQ(Ready(), (Names{"a", "b"}));
}

TEST_F(StoreTest, AnAliasLeadsToItsDocument) {
  Begin();
  DocumentUpdate source = Page("source");
  source.aliases = {DocumentId("container")};
  Lists("/search", {Page("a"), source});
  EXPECT_EQ(Document("container").id.value, "source");
}

TEST_F(StoreTest, AHintUnderAnAliasIsNoDocumentOfItsOwn) {
  Begin({Listing("/search"), Listing("/later")});
  Lists("/search", {Page("a")});
  Answer("/blocks/a", [](CommitRecord& record) { record.documents = {Hint("container", "a")}; });
  DocumentUpdate source = Page("source");
  source.aliases = {DocumentId("container")};
  source.place = Place::kUnresolved;
  source.parent = DocumentId("block-1");
  Lists("/later", {source});
  Advance();
  EXPECT_FALSE(Ready().contains("/get/container"));
  EXPECT_EQ(Document("source").path, "Name a/Name source.md");
}

TEST_F(StoreTest, AnUnchangedDocumentSendsNothingInTheNextRun) {
  ExportOnePage();
  Open();
  EXPECT_FALSE(Begin().resumed);
  Lists("/search", {Page("a")});
  Advance();
  EXPECT_EQ(Ready(), Names{});
}

TEST_F(StoreTest, AChangedRevisionIsFetchedAgain) {
  ExportOnePage("r1");
  Open();
  Begin();
  Lists("/search", {Page("a", "r2")});
  EXPECT_EQ(Ready(), Names{"/blocks/a"});
}

TEST_F(StoreTest, ARevisionThatWasStillFreshIsFetchedAgain) {
  Begin();
  DocumentUpdate fresh = Page("a");
  fresh.stable = false;
  Lists("/search", {fresh});
  Answer("/blocks/a");
  Advance();
  Render("a");
  Finish();
  Open();
  Begin();
  Lists("/search", {Page("a")});
  EXPECT_EQ(Ready(), Names{"/blocks/a"});
}

TEST_F(StoreTest, AnOutputThatWasTouchedIsRenderedAgainWithoutARequest) {
  ExportOnePage();
  touched_.insert("a.md");
  Open();
  Begin();
  Lists("/search", {Page("a")});
  EXPECT_EQ(Ready(), Names{"a"});
}

TEST_F(StoreTest, IgnoringRevisionsFetchesEverythingAgain) {
  ExportOnePage();
  Open({.fingerprint = "job", .ignore_revisions = true});
  Begin();
  Lists("/search", {Page("a")});
  EXPECT_EQ(Ready(), Names{"/blocks/a"});
}

TEST_F(StoreTest, AnotherJobWalksEverythingAgain) {
  ExportOnePage();
  Open({.fingerprint = "another job"});
  EXPECT_FALSE(Begin().resumed);
  Lists("/search", {Page("a")});
  EXPECT_EQ(Ready(), Names{"/blocks/a"});
}

TEST_F(StoreTest, ARenamedDocumentIsRenderedAgainWhereItIsMentioned) {
  Begin();
  Lists("/search", {Page("a"), Page("b")});
  Mentions("/blocks/a", {DocumentId("b")});
  Answer("/blocks/b");
  Advance();
  Render("a");
  Render("b");
  Finish();
  Open();
  Begin();
  DocumentUpdate renamed = Page("b", "r2");
  renamed.title = "New title";
  renamed.name = "New name";
  Lists("/search", {Page("a"), renamed});
  EXPECT_EQ(Ready(), (Names{"a", "/blocks/b"}));
}

TEST_F(StoreTest, ChildrenMoveWithTheirParent) {
  Begin();
  Lists("/search", {Page("a"), Under(Page("b"), "a")});
  Answer("/blocks/a");
  Answer("/blocks/b");
  Advance();
  Render("a");
  Render("b");
  Finish();
  Open();
  Begin();
  DocumentUpdate renamed = Page("a", "r2");
  renamed.name = "New name";
  Lists("/search", {renamed, Under(Page("b"), "a")});
  EXPECT_EQ(Document("b").path, "New name/Name b.md");
  EXPECT_TRUE(Ready().contains("b"));
}

TEST_F(StoreTest, ADocumentThatChangedWhileItWasRenderedIsRenderedOnceMore) {
  Begin({Listing("/search"), Listing("/later")});
  Lists("/search", {Page("a"), Page("b")});
  Mentions("/blocks/a", {DocumentId("b")});
  CommitRecord rendering = Record("a");
  DocumentUpdate renamed = Page("b", "r2");
  renamed.name = "New name";
  Lists("/later", {renamed});
  Commit(std::move(rendering));
  EXPECT_TRUE(Ready().contains("a"));
}

TEST_F(StoreTest, AVanishedDocumentIsAskedForBeforeItCountsAsDeleted) {
  Begin();
  Lists("/search", {Page("a"), Page("b"), Page("c"), Page("d"), Page("e")});
  for (const char* id : {"a", "b", "c", "d", "e"}) Answer(std::string("/blocks/") + id);
  Advance();
  for (const char* id : {"a", "b", "c", "d", "e"}) Render(id);
  Finish();
  Open();
  Begin();
  Lists("/search", {Page("a"), Page("b"), Page("c"), Page("d")});
  Advance();
  EXPECT_EQ(Ready(), Names{"/get/e"});
  GivesUp("/get/e", Code::kNotFound);
  Advance();
  EXPECT_EQ(store_->WithdrawMissing().value(), 1);
  EXPECT_EQ(store_->ObsoleteOutputs().value(), std::vector<std::string>{"e.md"});
}

TEST_F(StoreTest, AVanishedDocumentThatStillAnswersStays) {
  Begin();
  Lists("/search", {Page("a"), Page("b"), Page("c"), Page("d")});
  for (const char* id : {"a", "b", "c", "d"}) Answer(std::string("/blocks/") + id);
  Advance();
  for (const char* id : {"a", "b", "c", "d"}) Render(id);
  Finish();
  Open();
  Begin();
  Lists("/search", {Page("a"), Page("b"), Page("c")});
  Advance();
  Lists("/get/d", {Page("d")});
  Advance();
  EXPECT_EQ(Ready(), Names{});
  EXPECT_EQ(store_->WithdrawMissing().value(), 0);
}

TEST_F(StoreTest, MoreDeletionsThanAllowedDeleteNothing) {
  ExportOnePage();
  Open();
  Begin();
  Lists("/search", {});
  Advance();
  EXPECT_EQ(Ready(), Names{});
  EXPECT_EQ(store_->WithdrawMissing().value(), 0);
  ASSERT_EQ(store_->Shortfalls().value().size(), 1U);
  EXPECT_NE(store_->Shortfalls().value()[0].find("--max-delete"), std::string::npos);
}

TEST_F(StoreTest, WhatNoListingEverGaveHasNotVanishedFromOne) {
  Begin();
  Lists("/search", {Page("a")});
  Answer("/blocks/a", [](CommitRecord& record) { record.documents = {Hint("b", "a")}; });
  Advance();
  Lists("/get/b", {Under(Page("b"), "a")});
  Answer("/blocks/b");
  Advance();
  Render("a");
  Render("b");
  Finish();
  Open({.fingerprint = "job", .delete_max = 0});
  Begin();
  Lists("/search", {Page("a")});
  Advance();
  EXPECT_EQ(Ready(), Names{"/get/b"});
  EXPECT_TRUE(store_->Shortfalls().value().empty());
}

TEST_F(StoreTest, MoreRefusalsThanMayBeDeletedDeleteNothing) {
  Begin();
  Lists("/search", {Page("a")});
  Answer("/blocks/a", [](CommitRecord& record) { record.documents = {Hint("b", "a")}; });
  Advance();
  Lists("/get/b", {Under(Page("b"), "a")});
  Answer("/blocks/b");
  Advance();
  Render("a");
  Render("b");
  Finish();
  Open({.fingerprint = "job", .delete_max = 0});
  Begin();
  Lists("/search", {Page("a")});
  Advance();
  GivesUp("/get/b", Code::kNotFound);
  Advance();
  EXPECT_EQ(store_->WithdrawMissing().value(), 0);
  EXPECT_EQ(store_->Shortfalls().value().size(), 1U);
}

TEST_F(StoreTest, ADocumentWithAFailedRequestIsNotRendered) {
  Begin();
  Lists("/search", {Page("a")});
  GivesUp("/blocks/a");
  Advance();
  EXPECT_EQ(Ready(), Names{});
  EXPECT_EQ(store_->counts().failed, 1);
}

TEST_F(StoreTest, RetryRunsTheFailedItemsAgain) {
  Begin();
  Lists("/search", {Page("a")});
  GivesUp("/blocks/a");
  Advance();
  Finish();
  Open();
  EXPECT_EQ(store_->BeginRetry().value(), 1);
  Answer("/blocks/a");
  Advance();
  EXPECT_EQ(Ready(), Names{"a"});
}

// --- files that are not as they were left when a run goes on ------------------------------------

TEST_F(StoreTest, AFileThatWasLostDuringAnInterruptionIsMadeAgain) {
  Begin();
  Lists("/search", {Page("a"), Page("b")});
  Answer("/blocks/a");
  Render("a");
  touched_.insert("a.md");
  Open();
  const Store::Start start = Begin();
  EXPECT_TRUE(start.resumed);
  EXPECT_EQ(start.lost, 1);
  EXPECT_EQ(Ready(), (Names{"a", "/blocks/b"}));
}

TEST_F(StoreTest, AFileThatLiesAsItWasLeftIsNotMadeAgain) {
  Begin();
  Lists("/search", {Page("a"), Page("b")});
  Answer("/blocks/a");
  Render("a");
  Open();
  EXPECT_EQ(Begin().lost, 0);
  EXPECT_EQ(Ready(), Names{"/blocks/b"});
}

TEST_F(StoreTest, AFileThatWasLostBeforeARetryIsMadeAgain) {
  ExportOnePage();
  touched_.insert("a.md");
  Open();
  EXPECT_EQ(store_->BeginRetry().value(), 0);
  EXPECT_EQ(Ready(), Names{"a"});
}

// The listing that goes on would otherwise walk the document again.
TEST_F(StoreTest, AFileThatTheListingWillStillComeToIsLeftToIt) {
  ExportOnePage();
  Open();
  Begin();
  touched_.insert("a.md");
  Open();
  EXPECT_EQ(Begin().lost, 0);
  Lists("/search", {Page("a")});
  EXPECT_EQ(Ready(), Names{"a"});
}

// --- when a generation is finished --------------------------------------------------------------

TEST_F(StoreTest, ARunThatEndsWithNothingLeftIsFinished) {
  ExportOnePage();
  Open();
  EXPECT_FALSE(Begin().resumed);
}

TEST_F(StoreTest, ARunThatEndsBetweenPhasesIsNotFinished) {
  Begin();
  Lists("/search", {Page("a")});
  Answer("/blocks/a", [](CommitRecord& record) { record.documents = {Hint("b", "a")}; });
  Render("a");
  ASSERT_TRUE(store_->EndRun("incomplete", 3, "").has_value());
  Open();
  EXPECT_TRUE(Begin().resumed);
  Advance();
  EXPECT_EQ(Ready(), Names{"/get/b"});
}

TEST_F(StoreTest, RetryKeepsTheCountersOfTheCache) {
  ExportOnePage();
  Open();
  ASSERT_TRUE(store_->BeginRetry().has_value());
  Finish();
  SQLite::Database raw(File().string(), SQLite::OPEN_READONLY);
  EXPECT_EQ(raw.execAndGet("SELECT misses FROM v_cache").getInt(), 2);
}

TEST_F(StoreTest, AFailedDocumentIsTriedAgainInTheNextRun) {
  Begin();
  Lists("/search", {Page("a")});
  GivesUp("/blocks/a");
  Advance();
  Finish();
  Open();
  Begin();
  Lists("/search", {Page("a")});
  EXPECT_EQ(Ready(), Names{"/blocks/a"});
}

TEST_F(StoreTest, AMentionThatLeadsNowhereIsNoFailure) {
  Begin();
  Lists("/search", {Page("a")});
  Answer("/blocks/a", [](CommitRecord& record) {
    DocumentUpdate mention = Hint("elsewhere");
    mention.optional = true;
    record.documents = {mention};
    record.mentions = {mention.id};
  });
  Advance();
  GivesUp("/get/elsewhere", Code::kNotFound);
  Advance();
  EXPECT_EQ(Ready(), Names{"a"});
}

TEST_F(StoreTest, AResponseThatWasLostIsFetchedAgain) {
  Begin();
  Lists("/search", {Page("a")});
  Answer("/blocks/a");
  Advance();
  CommitRecord record = Record("a");
  record.verdict = CommitRecord::Verdict::kReopen;
  record.requests = {Content("a", "/blocks/a")};
  Commit(std::move(record));
  EXPECT_EQ(Ready(), Names{"/blocks/a"});
  Answer("/blocks/a");
  EXPECT_EQ(Ready(), Names{"a"});
}

TEST_F(StoreTest, ATableWaitsForTheRequestsOfItsRows) {
  Begin();
  DocumentUpdate table = Page("table");
  DocumentUpdate row = Under(Page("row"), "table");
  row.part_of_parent = true;
  Lists("/search", {table, row});
  Answer("/blocks/table");
  EXPECT_EQ(Ready(), Names{"/blocks/row"});
  Answer("/blocks/row");
  EXPECT_EQ(Ready(), (Names{"row", "table"}));
}

TEST_F(StoreTest, AChangedRowIsShownInItsTable) {
  Begin({Listing("/search"), Listing("/later")});
  DocumentUpdate row = Under(Page("row"), "table");
  row.part_of_parent = true;
  Lists("/search", {Page("table"), row});
  Answer("/blocks/row");
  Answer("/blocks/table");
  Render("table");
  Render("row");
  row.revision = Revision("r2");
  Lists("/later", {row});
  EXPECT_TRUE(Ready().contains("table"));
}

TEST_F(StoreTest, ARestartGoesOnExactlyThere) {
  Begin();
  Lists("/search", {Page("a"), Page("b")});
  Answer("/blocks/a");
  Ready();  // in flight when the process dies
  Open();
  EXPECT_TRUE(Begin().resumed);
  EXPECT_EQ(Ready(), (Names{"a", "/blocks/b"}));
}

TEST_F(StoreTest, ARetryWaitsUntilItsTime) {
  Begin();
  CommitRecord record = Record("/search");
  record.verdict = CommitRecord::Verdict::kRetry;
  record.failure = Failure{.code = Code::kRateLimited, .http_status = 429, .message = "slow"};
  record.next_attempt = 2;
  record.not_before_ms = clock_.WallNow() + 5000;
  Commit(std::move(record));
  EXPECT_EQ(Ready(), Names{});
  EXPECT_EQ(store_->NextDue().value(), clock_.WallNow() + 5000);
  clock_.Advance(std::chrono::seconds(5));
  EXPECT_EQ(Ready(), Names{"/search"});
  EXPECT_EQ(taken_["/search"].attempt, 2);
}

// A clock that was years ahead, and was put right between two runs.
TEST_F(StoreTest, WhatWaitsDoesNotWaitForAClockThatWasAhead) {
  constexpr auto kYears = std::chrono::hours(24 * 365 * 30);
  clock_.JumpWall(kYears);
  Begin();
  WaitsFor("/search", std::chrono::seconds(5));
  clock_.JumpWall(-kYears);
  Open();
  Begin();
  EXPECT_EQ(store_->clock_set_back(), kYears);
  EXPECT_EQ(Ready(), Names{});
  clock_.Advance(std::chrono::seconds(5));
  EXPECT_EQ(Ready(), Names{"/search"});
}

TEST_F(StoreTest, WhatWaitsKeepsItsTimeWhereTheClockGoesOn) {
  Begin();
  WaitsFor("/search", std::chrono::hours(1));
  Open();
  clock_.Advance(std::chrono::minutes(59));
  Begin();
  EXPECT_EQ(store_->clock_set_back().count(), 0);
  EXPECT_EQ(Ready(), Names{});
}

TEST_F(StoreTest, AStoredResponseIsFoundAtItsRevisionOnly) {
  ExportOnePage();
  auto reader = StoreReader::Open(File());
  ASSERT_TRUE(reader.has_value());
  Request request = Content("a", "/blocks/a");
  request.revision = Revision("r1");
  EXPECT_TRUE((*reader)->FindResponse(request, 0).value().has_value());
  request.revision = Revision("r2");
  EXPECT_FALSE((*reader)->FindResponse(request, 0).value().has_value());
}

TEST_F(StoreTest, ADamagedBodyIsAMiss) {
  ExportOnePage();
  store_.reset();
  SQLite::Database raw(File().string(), SQLite::OPEN_READWRITE);
  raw.exec("UPDATE cache SET body = x'00112233445566778899'");
  auto reader = StoreReader::Open(File());
  Request request = Content("a", "/blocks/a");
  request.revision = Revision("r1");
  EXPECT_FALSE((*reader)->FindResponse(request, 0).value().has_value());
}

TEST_F(StoreTest, ADamagedObjectIsReplacedAtTheNextSightOfIt) {
  ExportOnePage();
  store_.reset();
  {
    SQLite::Database raw(File().string(), SQLite::OPEN_READWRITE);
    raw.exec("UPDATE objects SET body = x'00'");
  }
  Open();
  Begin();
  Lists("/search", {Page("a")});
  auto reader = StoreReader::Open(File());
  ASSERT_TRUE(reader.has_value());
  EXPECT_EQ((*reader)->Object(DocumentId("a")).value_or("damaged"), Page("a").object);
}

TEST_F(StoreTest, ObjectThatCameOnItsWayPackedIsReadBackPlain) {
  Begin();
  DocumentUpdate page = Page("a");
  page.object = Compress(page.object);
  page.object_is_packed = true;
  Lists("/search", {page});
  auto reader = StoreReader::Open(File());
  ASSERT_TRUE(reader.has_value());
  EXPECT_EQ((*reader)->Object(DocumentId("a")).value_or("damaged"), Page("a").object);
}

TEST_F(StoreTest, ADamagedFrontierRowIsRefused) {
  Begin();
  store_.reset();
  {
    SQLite::Database raw(File().string(), SQLite::OPEN_READWRITE);
    raw.exec("UPDATE frontier SET target = '/elsewhere'");
  }
  Open();
  Begin();
  auto items = store_->Take(10);
  ASSERT_FALSE(items.has_value());
  EXPECT_EQ(items.error().code, Code::kDamaged);
}

TEST_F(StoreTest, AStateOfAnUnknownVersionIsRefused) {
  store_.reset();
  {
    SQLite::Database raw(File().string(), SQLite::OPEN_READWRITE);
    raw.exec("PRAGMA user_version = 99");
  }
  auto opened = Store::Open(File(), {}, clock_, [](const OutputRow&) { return true; });
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code, Code::kDamaged);
  EXPECT_NE(opened.error().message.find("99"), std::string::npos);
}

// Version 3 was the same without parts of long answers.
TEST_F(StoreTest, StateOfTheVersionBeforeIsBroughtUpToDate) {
  Begin();
  Lists("/search", {Page("a")});
  store_.reset();
  {
    SQLite::Database raw(File().string(), SQLite::OPEN_READWRITE);
    raw.exec("DROP TABLE cache_parts; PRAGMA user_version = 3");
  }
  EXPECT_NE(StoreReader::Open(File()).error().message.find("older sluice"), std::string::npos);
  Open();
  SQLite::Database raw(File().string(), SQLite::OPEN_READONLY);
  EXPECT_EQ(raw.execAndGet("PRAGMA user_version").getInt(), kSchemaVersion);
  EXPECT_EQ(raw.execAndGet("SELECT count(*) FROM cache_parts").getInt(), 0);
  EXPECT_EQ(store_->counts().queued(), 1);
}

TEST_F(StoreTest, TheCacheKeepsToItsBound) {
  Open({.fingerprint = "job", .cache = {.bytes_max = 2000}});
  Begin();
  std::vector<DocumentUpdate> pages;
  for (int i = 0; i < 100; ++i) pages.push_back(Page(std::to_string(i)));
  Lists("/search", pages);
  for (int i = 0; i < 100; ++i) Answer("/blocks/" + std::to_string(i));
  SQLite::Database raw(File().string(), SQLite::OPEN_READONLY);
  EXPECT_LE(raw.execAndGet("SELECT bytes FROM v_cache").getInt64(), 2000);
  EXPECT_EQ(raw.execAndGet("SELECT bytes FROM v_cache").getInt64(),
            raw.execAndGet("SELECT coalesce(sum(bytes), 0) FROM cache").getInt64());
}

TEST_F(StoreTest, CountsInMemoryEqualTheTable) {
  Begin();
  Lists("/search", {Page("a"), Page("b"), Page("c")});
  Answer("/blocks/a");
  GivesUp("/blocks/b");
  SQLite::Database raw(File().string(), SQLite::OPEN_READONLY);
  EXPECT_EQ(store_->counts().requests,
            raw.execAndGet("SELECT count(*) FROM frontier WHERE kind='request' AND state='queued'")
                .getInt64());
  EXPECT_EQ(store_->counts().failed, raw.execAndGet("SELECT count(*) FROM v_failures").getInt64());
}

TEST_F(StoreTest, ARetryOfARenderingThatFailedIsDone) {
  Begin();
  Lists("/search", {Page("a")});
  Answer("/blocks/a");
  Advance();
  GivesUp("a");
  Finish();
  Open();
  EXPECT_EQ(store_->BeginRetry().value(), 1);
  Render("a");
  EXPECT_EQ(store_->CountDocuments()->done, 1);
}

TEST_F(StoreTest, OfflineAfterARenderingThatFailedLeavesNoFailure) {
  Begin();
  Lists("/search", {Page("a")});
  Answer("/blocks/a");
  Advance();
  GivesUp("a");
  Finish();
  Open();
  EXPECT_EQ(store_->BeginOffline()->documents, 1);
  Render("a");
  EXPECT_EQ(store_->CountOpen().value(), Frontier::Counts{});
}

TEST_F(StoreTest, TrustIsNoGreaterAfterAGenerationThatWasGivenUp) {
  ExportOnePage();
  Open({.fingerprint = "another job"});
  Begin();
  Open({.fingerprint = "another job"});
  ASSERT_TRUE(store_->BeginOffline().has_value());
  Open({.fingerprint = "another job"});
  EXPECT_FALSE(Begin().resumed);
  Lists("/search", {Page("a")});
  EXPECT_EQ(Ready(), Names{"/blocks/a"});
}

TEST_F(StoreTest, AnInterruptedOfflineRunIsGoneOnWith) {
  ExportOnePage();
  Open();
  ASSERT_TRUE(store_->BeginOffline().has_value());
  Open();
  EXPECT_EQ(store_->BeginOffline()->documents, 1);
  Open();
  EXPECT_TRUE(Begin().resumed);
  EXPECT_EQ(Ready(), Names{"a"});
}

TEST_F(StoreTest, ADamagedGenerationIsRefused) {
  ExportOnePage();
  store_.reset();
  {
    SQLite::Database raw(File().string(), SQLite::OPEN_READWRITE);
    raw.exec("UPDATE meta SET value = 'abc' WHERE key = 'generation'");
  }
  Open();
  auto start = store_->BeginRun([](const LastRun&) { return Opening{}; });
  ASSERT_FALSE(start.has_value());
  EXPECT_EQ(start.error().code, Code::kDamaged);
}

TEST_F(StoreTest, ATriggerThatSomebodyPlantedIsNotExecuted) {
  store_.reset();
  {
    SQLite::Database raw(File().string(), SQLite::OPEN_READWRITE);
    raw.exec("CREATE TRIGGER t AFTER INSERT ON outputs BEGIN DELETE FROM outputs; END");
  }
  Open();
  ExportOnePage();
  SQLite::Database raw(File().string(), SQLite::OPEN_READONLY);
  EXPECT_EQ(raw.execAndGet("SELECT count(*) FROM v_outputs").getInt(), 1);
}

TEST_F(StoreTest, TheStateFileIsForItsOwnerAlone) {
  const auto mode = std::filesystem::status(File()).permissions();
  EXPECT_EQ(mode & std::filesystem::perms::all, static_cast<std::filesystem::perms>(0600));
}

}  // namespace
}  // namespace sluice
