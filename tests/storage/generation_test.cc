// Generations that are not finished: cut anywhere, given up, begun anew, tried again. Whatever
// happened, the run that nothing disturbs ends with what it would have made of an empty folder.
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

constexpr int kAll = 1'000'000;

// A store that is worked off one item a commit, against a source that is told what to say.
class Worker {
 public:
  virtual ~Worker() = default;

  void Open(StoreOptions options = {.fingerprint = "job"}) {
    store_.reset();
    auto opened = Store::Open(dir_ / "state.db", std::move(options), clock_,
                              [](const OutputRow&) { return true; });
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    store_ = std::move(*opened);
  }
  void Full() { Open({.fingerprint = "job", .ignore_revisions = true}); }
  void OtherJob() { Open({.fingerprint = "other"}); }

  // Each begins a run and works off at most `commits` items.
  void Run(int commits = kAll) {
    auto start = store_->BeginRun([this](const LastRun& last) { return Begins(last); });
    ASSERT_TRUE(start.has_value()) << start.error().message;
    Work(commits);
  }
  void Retry() {
    auto count = store_->BeginRetry();
    ASSERT_TRUE(count.has_value()) << count.error().message;
    Work(kAll);
  }
  Store::OfflineStart Offline() {
    auto start = store_->BeginOffline();
    EXPECT_TRUE(start.has_value()) << start.error().message;
    offline_ = true;
    Work(kAll);
    offline_ = false;
    return *start;
  }

  // Requests to this target give up.
  void Fails(std::string target) { failing_ = std::move(target); }

  // What the manifest has, a line a file: path and what stands in it.
  std::set<std::string> Outputs() { return Lines("SELECT path || ': ' || sha256 FROM v_outputs"); }
  // Documents that a finished export should not have.
  std::set<std::string> Unfinished() {
    return Lines("SELECT id || ' ' || state FROM documents WHERE state NOT IN ('done', 'missing')");
  }
  bool Drained() { return store_->CountOpen()->queued() == 0; }
  std::int64_t failed() { return store_->CountOpen()->failed; }
  int commits() const { return commits_; }
  Store& store() { return *store_; }
  std::filesystem::path file() const { return dir_ / "state.db"; }

 protected:
  virtual Opening Begins(const LastRun& last) = 0;
  virtual void Answer(CommitRecord& record) = 0;
  // What is rendered of a document.
  virtual std::string Content(StoreReader& reader, const DocumentRow& document) = 0;
  virtual std::vector<Request> AsksFor(const DocumentRow& /*document*/) { return {}; }

 private:
  std::set<std::string> Lines(const std::string& sql) {
    Database database(file(), Database::Mode::kReadOnly);
    Statement statement(database, sql.c_str());
    std::set<std::string> lines;
    auto run = statement.Use();
    while (run.Next()) lines.insert(run.Text(0));
    return lines;
  }

  void Work(int commits) {
    for (commits_ = 0; commits_ < commits; ++commits_) {
      Advance();
      auto items = store_->Take(1);
      ASSERT_TRUE(items.has_value()) << items.error().message;
      if (items->empty()) break;
      CommitRecord record;
      record.item = std::move(items->front());
      Fill(record);
      std::vector<CommitRecord> group;
      group.push_back(std::move(record));
      const Status status = store_->Commit(group);
      ASSERT_TRUE(status.has_value()) << status.error().message;
    }
    if (!Drained()) return;  // cut
    ASSERT_TRUE(store_->WithdrawMissing().has_value());
    ASSERT_TRUE(store_->ForgetOutputs(*store_->ObsoleteOutputs()).has_value());
    ASSERT_TRUE(store_->EndRun("", 0, "").has_value());
  }

  void Advance() {
    while (true) {
      auto more = store_->Advance([this](const DocumentRow& row) { return AsksFor(row); });
      ASSERT_TRUE(more.has_value()) << more.error().message;
      if (!*more) return;
    }
  }

  void Fill(CommitRecord& record) {
    const bool is_request = record.item.kind == ItemKind::kRequest;
    if (is_request && (offline_ || record.item.request.target == failing_)) {
      record.verdict = CommitRecord::Verdict::kFailed;
      record.failure = Failure{.code = Code::kTransient, .http_status = 500, .message = "no"};
      return;
    }
    if (is_request) {
      Answer(record);
      return;
    }
    auto reader = StoreReader::Open(file());
    ASSERT_TRUE(reader.has_value());
    auto document = (*reader)->FindDocument(record.item.document);
    ASSERT_TRUE(document.has_value() && document->has_value());
    record.outputs = {
        {.path = (*document)->path, .bytes = 1, .sha256 = Content(**reader, **document)}};
  }

  TempDir dir_;
  FakeClock clock_;
  std::unique_ptr<Store> store_;
  std::string failing_;
  bool offline_ = false;
  int commits_ = 0;
};

// --- a tree of pages ----------------------------------------------------------------------------

DocumentUpdate Page(const std::string& id) {
  return {.id = DocumentId(id),
          .kind = "page",
          .place = Place::kTop,
          .title = id,
          .name = id,
          .extension = ".md",
          .revision = Revision("r1"),
          .object = "{}",
          .content = {{.target = "/blocks/" + id, .document = DocumentId(id)}}};
}

DocumentUpdate Under(DocumentUpdate page, Place place, const std::string& parent) {
  page.place = place;
  page.parent = DocumentId(parent);
  return page;
}

DocumentUpdate Hint(const std::string& id, const std::string& parent) {
  return Under({.id = DocumentId(id), .kind = "page", .title = id}, Place::kUnder, parent);
}

// a
// ├── b       in a block of a, so that only the walk of a tells where it is
// │   └── d
// ├── c       found by the walk of a alone
// │   └── e
// └── table   one row, which is a page with blocks
class Tree : public Worker {
 protected:
  Opening Begins(const LastRun&) override {
    return {.requests = {{.target = "/search", .listing = true}}};
  }

  void Answer(CommitRecord& record) override {
    const std::string& target = record.item.request.target;
    record.response = StoredResponse{.revision = record.item.request.revision, .body = target};
    if (target == "/search") {
      record.documents = {Under(Page("d"), Place::kUnder, "b"),
                          Under(Page("e"), Place::kUnder, "c"),
                          Under(Page("b"), Place::kUnresolved, "block")};
      record.requests = {{.target = "/search?2", .listing = true}};
    } else if (target == "/search?2") {
      DocumentUpdate table = Under(Page("table"), Place::kUnder, "a");
      table.content = {
          {.target = "/query/table", .document = DocumentId("table"), .listing = true}};
      record.documents = {Page("a"), table};
    } else if (target == "/blocks/a") {
      record.documents = {Hint("b", "a"), Hint("c", "a")};
      record.mentions = {DocumentId("b"), DocumentId("c"), DocumentId("table")};
    } else if (target == "/blocks/d") {
      record.mentions = {DocumentId("a"), DocumentId("row")};
    } else if (target == "/get/c") {
      record.documents = {Under(Page("c"), Place::kUnder, "a")};
    } else if (target == "/query/table") {
      DocumentUpdate row = Under(Page("row"), Place::kUnder, "table");
      row.part_of_parent = true;
      record.documents = {row};
    }
  }

  // The paths that it mentions, and whether the answers of its rows are there.
  std::string Content(StoreReader& reader, const DocumentRow& document) override {
    std::string content = document.id.value;
    const std::map<std::string, std::vector<std::string>> shown = {{"a", {"b", "c", "table"}},
                                                                   {"d", {"a", "row"}}};
    if (auto found = shown.find(document.id.value); found != shown.end()) {
      for (const std::string& id : found->second) {
        auto target = reader.FindDocument(DocumentId(id));
        content += " " + (target && *target ? (*target)->path : "nowhere");
      }
    }
    if (document.id.value == "table") {
      const Request row{.target = "/blocks/row", .revision = Revision("r1")};
      auto stored = reader.FindResponse(row, 0);
      content += stored && *stored ? " with its row" : " without its row";
    }
    return content;
  }

  std::vector<Request> AsksFor(const DocumentRow& row) override {
    return {{.target = "/get/" + row.id.value, .document = row.id}};
  }
};

const std::set<std::string>& Undisturbed() {
  static const std::set<std::string> outputs = [] {
    Tree tree;
    tree.Open();
    tree.Run();
    return tree.Outputs();
  }();
  return outputs;
}

void ExpectWhole(Tree& tree) {
  EXPECT_TRUE(tree.Drained());
  EXPECT_EQ(tree.Unfinished(), std::set<std::string>());
  EXPECT_EQ(tree.Outputs(), Undisturbed());
}

using Trigger = void (*)(Tree&);
// What begins another generation over one that is not finished.
const std::map<std::string, Trigger> kTriggers = {
    {"--full",
     [](Tree& tree) {
       tree.Full();
       tree.Run();
     }},
    {"--full, cut as well, and the job again",
     [](Tree& tree) {
       tree.Full();
       tree.Run(3);
       tree.Open();
       tree.Run();
     }},
    {"another job",
     [](Tree& tree) {
       tree.OtherJob();
       tree.Run();
     }},
    {"--offline",
     [](Tree& tree) {
       tree.Open();
       tree.Offline();
       tree.Open();
       tree.Run();
     }},
};

TEST(GenerationTest, OneThatBeginsOverAnUnfinishedOneIsWhole) {
  for (const auto& [name, trigger] : kTriggers) {
    bool cut = true;
    for (int at = 0; cut; ++at) {
      SCOPED_TRACE(name + ", cut at " + std::to_string(at));
      Tree tree;
      tree.Open();
      tree.Run(at);
      cut = !tree.Drained();
      trigger(tree);
      ExpectWhole(tree);
    }
  }
}

TEST(GenerationTest, OneThatBeginsOverAnUnfinishedSecondOneIsWhole) {
  for (const auto& [name, trigger] : kTriggers) {
    for (int at = 0; at < 12; ++at) {
      SCOPED_TRACE(name + ", cut at " + std::to_string(at));
      Tree tree;
      tree.Open();
      tree.Run();
      tree.OtherJob();
      tree.Run(at);
      trigger(tree);
      ExpectWhole(tree);
    }
  }
}

const std::vector<std::string> kTargets = {"/blocks/a", "/blocks/b",    "/blocks/c",  "/blocks/d",
                                           "/get/c",    "/query/table", "/blocks/row"};

using Repair = void (*)(Tree&);
// What may follow a run in which something failed.
const std::map<std::string, Repair> kRepairs = {
    {"the next run", [](Tree& tree) { tree.Run(); }},
    {"a retry", [](Tree& tree) { tree.Retry(); }},
    {"a retry and the next run",
     [](Tree& tree) {
       tree.Retry();
       tree.Open();
       tree.Run();
     }},
    {"--offline and the next run",
     [](Tree& tree) {
       tree.Offline();
       tree.Open();
       tree.Run();
     }},
    {"--offline and a retry",
     [](Tree& tree) {
       tree.Offline();
       tree.Open();
       tree.Retry();
     }},
};

TEST(GenerationTest, WhatFailedLeavesNoTraceOnceItSucceeds) {
  for (const auto& [name, repair] : kRepairs) {
    for (const std::string& target : kTargets) {
      SCOPED_TRACE(target + " fails, then " + name);
      Tree tree;
      tree.Open();
      tree.Fails(target);
      tree.Run();
      EXPECT_EQ(tree.failed(), 1);
      tree.Fails("");
      tree.Open();
      repair(tree);
      ExpectWhole(tree);
      EXPECT_EQ(tree.failed(), 0);
    }
  }
}

TEST(GenerationTest, OfflineDoesNotRenderWhatFailed) {
  Tree tree;
  tree.Open();
  tree.Fails("/query/table");
  tree.Run();
  tree.Open();
  const Store::OfflineStart start = tree.Offline();
  EXPECT_EQ(start.left_out, 1);
  EXPECT_EQ(start.first_left_out, "table");
  EXPECT_EQ(tree.failed(), 1);
}

// --- rows ---------------------------------------------------------------------------------------

// Two pages of records, two notes a record; a file each.
class Rest : public Worker {
 public:
  void Use(Disposition disposition, bool keys) {
    disposition_ = disposition;
    keys_ = keys;
  }
  void Reset(const std::string& collection) {
    const Status status = store().ResetCollection(DocumentId(collection));
    ASSERT_TRUE(status.has_value()) << status.error().message;
  }

 protected:
  Opening Begins(const LastRun& last) override {
    generation_ = last.generation;
    // Where both know where they were, there is nothing new since.
    bool goes_on = disposition_ != Disposition::kReplace;
    for (const char* resource : {"records", "notes"}) {
      const auto known = last.find(DocumentId(resource));
      if (!known || known->cursor.empty()) goes_on = false;
    }
    DocumentUpdate records = Resource("records");
    records.content = {List("records", goes_on ? "/records?since" : "/records?1")};
    DocumentUpdate notes = Resource("notes");
    notes.needs = {DocumentId("records")};
    return {.documents = {records, notes, FileOf("records"), FileOf("notes")}};
  }

  void Answer(CommitRecord& record) override {
    const std::string& target = record.item.request.target;
    const std::string resource = record.item.request.document.value;
    const char id = target.back();
    if (target == "/records?1") {
      Gives(record, {"1", "2"}, '1');
      record.requests = {List("records", "/records?2"), Notes("1"), Notes("2")};
    } else if (target == "/records?2") {
      Gives(record, {"3", "4"}, '2');
      record.requests = {Notes("3"), Notes("4")};
    } else if (resource == "notes") {
      Gives(record, {std::string{id, 'x'}, std::string{id, 'y'}}, id);
    } else {
      Gives(record, {}, '9');
    }
  }

  std::string Content(StoreReader& reader, const DocumentRow& document) override {
    const std::string id = document.id.value.substr(0, document.id.value.find('.'));
    std::string content;
    const Status status = reader.ForEachRow(DocumentId(id), [&](const Row& row) {
      content += row.body + " ";
      return true;
    });
    EXPECT_TRUE(status.has_value()) << status.error().message;
    return content;
  }

 private:
  DocumentUpdate Resource(const std::string& name) const {
    return {.id = DocumentId(name),
            .kind = "resource",
            .place = Place::kTop,
            .revision = Revision("d"),
            .object = "{}",
            .collection = CollectionSpec{.disposition = disposition_, .definition = Revision("d")}};
  }
  static DocumentUpdate FileOf(const std::string& name) {
    return {.id = DocumentId(name + ".jsonl"),
            .kind = "file",
            .place = Place::kTop,
            .title = name + ".jsonl",
            .name = name,
            .extension = ".jsonl",
            .revision = Revision("f"),
            .object = "{}",
            .needs = {DocumentId(name)}};
  }
  static Request List(const std::string& resource, std::string target) {
    return {.target = std::move(target), .document = DocumentId(resource), .listing = true};
  }
  static Request Notes(const std::string& record) {
    return {.target = "/notes/" + record, .document = DocumentId("notes")};
  }
  // A row stands where its generation, then its place in the list put it.
  void Gives(CommitRecord& record, const std::vector<std::string>& ids, char list) const {
    std::vector<Row> rows;
    for (const std::string& id : ids) {
      rows.push_back({.key = keys_ ? id : "",
                      .position = std::to_string(100 + generation_) + list + id,
                      .body = id});
    }
    record.rows = RowBatch{.rows = SpoolOf(rows), .cursor = ids.empty() ? "" : ids.back()};
  }

  Disposition disposition_ = Disposition::kReplace;
  bool keys_ = true;
  std::int64_t generation_ = 0;
};

const std::set<std::string> kFiles = {"records.jsonl: 1 2 3 4 ",
                                      "notes.jsonl: 1x 1y 2x 2y 3x 3y 4x 4y "};

void ExpectWhole(Rest& rest) {
  EXPECT_TRUE(rest.Drained());
  EXPECT_EQ(rest.Unfinished(), std::set<std::string>());
  EXPECT_EQ(rest.Outputs(), kFiles);
}

TEST(ResetTest, EndsAGenerationWhereverItWasCut) {
  for (const char* collection : {"records", "notes"}) {
    bool cut = true;
    for (int at = 0; cut; ++at) {
      SCOPED_TRACE(std::string(collection) + ", cut at " + std::to_string(at));
      Rest rest;
      rest.Use(Disposition::kMerge, /*keys=*/true);
      rest.Open();
      rest.Run(at);
      cut = !rest.Drained();
      rest.Open();
      rest.Reset(collection);
      rest.Open();
      rest.Run();
      ExpectWhole(rest);
    }
  }
}

TEST(ResetTest, LeavesNothingToTryAgain) {
  Rest rest;
  rest.Open();
  rest.Fails("/notes/2");
  rest.Run();
  rest.Open();
  rest.Reset("notes");
  rest.Open();
  EXPECT_EQ(rest.failed(), 0);
  EXPECT_EQ(rest.store().BeginRetry().error().code, Code::kUsage);
  rest.Fails("");
  rest.Open();
  rest.Run();
  ExpectWhole(rest);
}

TEST(ResetTest, OfflineLeavesTheFileOfAResetCollectionAlone) {
  Rest rest;
  rest.Open();
  rest.Run();
  rest.Open();
  rest.Reset("notes");
  rest.Open();
  const Store::OfflineStart start = rest.Offline();
  EXPECT_EQ(start.left_out, 1);
  EXPECT_EQ(start.first_left_out, "notes.jsonl");
  EXPECT_EQ(rest.Outputs(), kFiles);
  rest.Open();
  rest.Run();
  ExpectWhole(rest);
}

TEST(ResetTest, OfflineLeavesTheFileOfAFailedCollectionAlone) {
  Rest rest;
  rest.Open();
  rest.Run();
  rest.Fails("/notes/2");
  rest.Full();
  rest.Run();
  rest.Open();
  EXPECT_EQ(rest.Offline().first_left_out, "notes.jsonl");
  EXPECT_EQ(rest.Outputs(), kFiles);
}

// Rows that a generation gave and did not complete are given again, at other positions.
TEST(ResetTest, RowsOfAnUnfinishedGenerationAreNeitherDoubledNorElsewhere) {
  for (const Disposition disposition :
       {Disposition::kReplace, Disposition::kMerge, Disposition::kAppend}) {
    for (const bool keys : {true, false}) {
      for (const char* failing : {"/records?2", "/notes/1", "/notes/4"}) {
        SCOPED_TRACE(std::string(failing) + " fails, keys: " + std::to_string(keys) +
                     ", disposition " + std::to_string(static_cast<int>(disposition)));
        Rest rest;
        rest.Use(disposition, keys);
        rest.Open();
        rest.Fails(failing);
        rest.Run();
        rest.Fails("");
        rest.OtherJob();
        rest.Run();
        EXPECT_EQ(rest.failed(), 0);
        EXPECT_TRUE(rest.Outputs().contains("notes.jsonl: 1x 1y 2x 2y 3x 3y 4x 4y "));
      }
    }
  }
}

}  // namespace
}  // namespace sluice
