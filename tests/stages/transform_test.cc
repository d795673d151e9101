// What a confirmed answer (304) becomes; and what a state does that cannot be read.
#include "stages/transform.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include "stages/http/secrets.h"
#include "storage/packed_body.h"
#include "storage/store.h"
#include "tests/support/fake_clock.h"
#include "tests/support/judging_source.h"
#include "tests/support/temp_dir.h"

namespace sluice {
namespace {

constexpr const char* kSecret = "transform-canary";

// Keeps every body that it can read, refusals too, and quotes it in a note.
class KeepingSource final : public JudgingSource {
 public:
  Result<Reading> Read(const Request&, const AnswerView& answer, WallMs) const override {
    if (answer.body == "later") return Fail(Code::kTransient, "not yet");
    if (answer.body == "broken") return Fail(Code::kInvalid, "not what the API promises");
    return Reading{.requests = {{.operation = "blocks", .target = "/next"}}, .keep = true};
  }
  std::optional<Reading> ReadRefusal(const Request&, const AnswerView& answer) const override {
    if (answer.status != 404) return std::nullopt;
    const std::string words(answer.body.text());
    return Reading{.notes = {{.kind = "refused", .text = words}}, .keep = true, .shortfall = words};
  }
};

class TransformTest : public testing::Test {
 protected:
  // An answer of revision r1, with a validator, lies in the cache; r2 is asked for, and the server
  // says that it is the same.
  Item Confirmed(std::string body) {
    Item item;
    item.work.request = {.operation = "blocks", .target = "/a", .revision = Revision("r2")};
    item.stale =
        StoredResponse{.revision = Revision("r1"), .body = std::move(body), .etag = "\"v1\""};
    item.fetched = NotModified{};
    transform_(item);
    return item;
  }

  // Answered so, with the secret in body and message.
  Item Fetched(FetchResult result) {
    KnownSecrets().Add(kSecret);
    Item item;
    item.work.request = {.operation = "blocks", .target = "/a"};
    item.fetched = std::move(result);
    transform_(item);
    return item;
  }
  static Refusal Refused(int status) {
    return {.status = status,
            .body = std::string("no ") + kSecret,
            .verdict = {.code = Code::kNotFound, .message = std::string("no ") + kSecret}};
  }
  std::string Kept(const Item& item) const {
    Unpacker unpacker(&spill_);
    EXPECT_TRUE(unpacker.Add(item.record.response->body.view().text(), 1 << 20));
    return std::string(unpacker.Finish()->view().text());
  }

  TempDir dir_;
  FakeClock clock_;
  KeepingSource source_;
  ReaderPool readers_{dir_ / "state.db", nullptr};
  OutputDir output_ = OutputDir::Open(dir_ / "out").value();
  const SpillDir spill_ = output_.Spill();
  Transform transform_{source_, readers_, output_, spill_, clock_, {}};
};

TEST_F(TransformTest, AnAnswerThatIsToComeAgainComesNoEarlierThanItSays) {
  Item item;
  item.work.request = {.operation = "blocks", .target = "/a"};
  item.fetched = Answer{.status = 202, .headers = {{"Retry-After", "7"}}, .body = Body("later")};
  transform_(item);
  EXPECT_EQ(item.record.verdict, CommitRecord::Verdict::kRetry);
  EXPECT_EQ(item.record.next_attempt, 2);
  EXPECT_GE(item.record.not_before_ms, clock_.WallNow() + 7'000);
}

// A document, rendered from a state in which `sql` has happened meanwhile.
class UnreadableStateTest : public TransformTest {
 protected:
  void Execute(const std::string& sql) {
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open((dir_ / "state.db").c_str(), &database), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK);
    sqlite3_close(database);
  }
  Item Rendered(const std::string& sql) {
    auto store = Store::Open(dir_ / "state.db", {.fingerprint = "job"}, clock_,
                             [](const OutputRow&) { return true; });
    const DocumentUpdate page{.id = DocumentId("p"),
                              .kind = "page",
                              .place = Place::kTop,
                              .title = "P",
                              .name = "P",
                              .extension = ".md",
                              .object = "{}"};
    EXPECT_TRUE((*store)->BeginRun([&](const LastRun&) { return Opening{.documents = {page}}; }));
    Execute(sql);
    Item item;
    item.work.kind = ItemKind::kDocument;
    item.work.document = DocumentId("p");
    transform_(item);
    return item;
  }
};

// "Not there" would be believed: the document would count as done, without a file.
TEST_F(UnreadableStateTest, EndsTheRunRatherThanTheDocument) {
  const Item item = Rendered("UPDATE documents SET title = 'another'");
  ASSERT_TRUE(item.fatal);
  EXPECT_EQ(item.fatal->error.code, Code::kDamaged);
  EXPECT_EQ(item.record.verdict, CommitRecord::Verdict::kReturn);
}

TEST_F(UnreadableStateTest, ThatCannotBeOpenedEndsTheRunToo) {
  const Item item = Rendered("PRAGMA user_version = 99");
  ASSERT_TRUE(item.fatal);
  EXPECT_EQ(item.record.verdict, CommitRecord::Verdict::kReturn);
}

TEST_F(TransformTest, AConfirmedAnswerIsReadAsTheStoredOne) {
  const Item item = Confirmed("body");
  EXPECT_EQ(item.record.verdict, CommitRecord::Verdict::kDone);
  ASSERT_EQ(item.record.requests.size(), 1u);
  EXPECT_EQ(item.record.requests[0].target, "/next");
}

TEST_F(TransformTest, AConfirmedAnswerBelongsToTheNewRevisionFromNowOn) {
  const Item item = Confirmed("body");
  EXPECT_TRUE(item.record.confirmed);
  EXPECT_TRUE(item.record.cache_hit);
  ASSERT_TRUE(item.record.response);
  EXPECT_EQ(item.record.response->revision, Revision("r2"));
  EXPECT_EQ(item.record.response->body, "body");
  EXPECT_EQ(item.record.response->etag, "\"v1\"");
}

TEST_F(TransformTest, TheMessageOfAFailureHoldsNoSecret) {
  const Item item = Fetched(Refused(403));
  ASSERT_TRUE(item.record.failure);
  EXPECT_EQ(item.record.failure->message, "no [secret]");
}

TEST_F(TransformTest, NotesAndShortfallsHoldNoSecret) {
  const Item item = Fetched(Refused(404));
  ASSERT_EQ(item.record.notes.size(), 1u);
  EXPECT_EQ(item.record.notes[0].text, "no [secret]");
  EXPECT_EQ(item.record.shortfall, "no [secret]");
}

TEST_F(TransformTest, ARefusalIsKeptWithoutSecrets) {
  EXPECT_EQ(Kept(Fetched(Refused(404))), "no [secret]");
}

TEST_F(TransformTest, WhatAnApiExportsIsKeptAsItIs) {
  EXPECT_EQ(Kept(Fetched(Answer{.body = std::string(kSecret)})), kSecret);
}

TEST_F(TransformTest, AStoredAnswerThatCannotBeReadIsNotConfirmed) {
  const Item item = Confirmed("broken");
  EXPECT_EQ(item.record.verdict, CommitRecord::Verdict::kFailed);
  EXPECT_FALSE(item.record.confirmed);
}

}  // namespace
}  // namespace sluice
