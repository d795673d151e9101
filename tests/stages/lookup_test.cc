// How old an answer may be before the wire is asked again.
#include "stages/lookup.h"

#include <gtest/gtest.h>

#include "storage/store.h"
#include "tests/support/fake_clock.h"
#include "tests/support/temp_dir.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;

class LookupTest : public testing::Test {
 protected:
  LookupTest()
      : store_(Store::Open(dir_ / "state.db", {.fingerprint = "job"}, clock_,
                           [](const OutputRow&) { return true; })
                   .value()),
        readers_(dir_ / "state.db", nullptr),
        lookup_(readers_, clock_, {.ttl = 24h, .negative_ttl = 1h}) {}

  void Stored(const Request& request, StoredResponse response) {
    ASSERT_TRUE(store_->BeginRun([&](const LastRun&) { return Opening{.requests = {request}}; }));
    CommitRecord record{.item = store_->Take(1).value().at(0)};
    record.response = std::move(response);
    ASSERT_TRUE(store_->Commit({record}));
  }
  Item LookUp(const Request& request) {
    Item item;
    item.work.request = request;
    route_ = lookup_(item);
    return item;
  }

  TempDir dir_;
  FakeClock clock_;
  std::unique_ptr<Store> store_;
  ReaderPool readers_;
  Lookup lookup_;
  Route route_ = Route::kMiss;
};

const Request kRequest{.operation = "pages", .target = "/a"};

TEST_F(LookupTest, AnAnswerIsAHitUntilItsTimeIsOver) {
  Stored(kRequest, {.body = "x"});
  clock_.Advance(24h);
  EXPECT_EQ(LookUp(kRequest).stored->body, "x");
  clock_.Advance(1s);
  EXPECT_FALSE(LookUp(kRequest).stored);
}

// As left by a run whose clock was years ahead.
TEST_F(LookupTest, AnAnswerFromTheFutureIsOfUnknownAge) {
  clock_.JumpWall(24h * 365 * 30);
  Stored(kRequest, {.body = "x"});
  clock_.JumpWall(-24h * 365 * 30);
  EXPECT_FALSE(LookUp(kRequest).stored);
}

TEST_F(LookupTest, AKnownAbsenceHasATimeOfItsOwn) {
  Stored(kRequest, {.status = 404});
  clock_.Advance(1h);
  EXPECT_EQ(LookUp(kRequest).stored->status, 404);
  clock_.Advance(1s);
  EXPECT_FALSE(LookUp(kRequest).stored);
}

TEST_F(LookupTest, AnOldAnswerWithAValidatorIsOfferedForConfirmation) {
  Stored(kRequest, {.body = "x", .etag = "\"v1\""});
  clock_.Advance(25h);
  const Item item = LookUp(kRequest);
  EXPECT_EQ(route_, Route::kMiss);
  ASSERT_TRUE(item.stale);
  EXPECT_EQ(item.stale->etag, "\"v1\"");
}

TEST_F(LookupTest, AnOldAnswerWithoutAValidatorIsNot) {
  Stored(kRequest, {.body = "x"});
  clock_.Advance(25h);
  EXPECT_FALSE(LookUp(kRequest).stale);
}

TEST_F(LookupTest, AListingIsNeverAnsweredFromTheCache) {
  Request listing = kRequest;
  listing.listing = true;
  Stored(listing, {.body = "x", .etag = "\"v1\""});
  EXPECT_FALSE(LookUp(listing).stored);
  EXPECT_TRUE(LookUp(listing).stale);
}

TEST_F(LookupTest, ANewerRevisionIsAMissHoweverYoungTheAnswer) {
  Stored(kRequest, {.revision = Revision("r1"), .body = "x"});
  Request newer = kRequest;
  newer.revision = Revision("r2");
  EXPECT_FALSE(LookUp(newer).stored);
}

}  // namespace
}  // namespace sluice
