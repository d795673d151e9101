// The response cache through the store: bounds, accounting, confirmation, the memory tier.
#include "storage/cache.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "storage/base/compress.h"
#include "storage/packed_body.h"
#include "storage/store.h"
#include "storage/store_reader.h"
#include "tests/support/fake_clock.h"
#include "tests/support/temp_dir.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;

Request Page(const std::string& id) {
  return {.operation = "pages", .target = "/" + id, .document = DocumentId(id)};
}

class CacheTest : public testing::Test {
 protected:
  CacheTest() : memory_({.entries_max = 100, .bytes_max = 1'000'000, .ttl = {}}, clock_) {}

  void Open(CacheLimits limits = {}) {
    store_.reset();
    store_ = Store::Open(File(), {.fingerprint = "job", .cache = limits, .memory = &memory_},
                         clock_, [](const OutputRow&) { return true; })
                 .value();
  }
  std::filesystem::path File() const { return dir_ / "state.db"; }
  void Begin(const std::vector<Request>& first) {
    ASSERT_TRUE(store_->BeginRun([&](const LastRun&) { return Opening{.requests = first}; }));
  }
  void Finish() {
    while (store_->Advance([](const DocumentRow&) { return std::vector<Request>(); }).value()) {
    }
    ASSERT_TRUE(store_->EndRun("complete", 0, ""));
  }
  // Takes everything that is queued.
  void Take() {
    const auto items = store_->Take(1000).value();
    for (const FrontierItem& item : items) items_[item.request.target] = item;
  }
  void Answer(const std::string& target, StoredResponse response,
              std::vector<DocumentUpdate> documents = {}) {
    CommitRecord record{.item = items_.at(target)};
    record.documents = std::move(documents);
    record.response = std::move(response);
    ASSERT_TRUE(store_->Commit({record}));
  }
  void Fill(int count) {
    std::vector<Request> requests;
    for (int i = 0; i < count; ++i) requests.push_back(Page(std::to_string(i)));
    Begin(requests);
    Take();
    for (int i = 0; i < count; ++i) {
      Answer("/" + std::to_string(i), {.body = std::to_string(i)});
      clock_.Advance(1s);
    }
  }
  // Without the memory tier.
  std::optional<StoredResponse> OnDisk(const std::string& id) {
    return StoreReader::Open(File()).value()->FindStored(Page(id)).value();
  }
  std::int64_t Number(const std::string& sql) {
    return SQLite::Database(File().string(), SQLite::OPEN_READONLY).execAndGet(sql).getInt64();
  }
  void Damage(const char* sql) {
    store_.reset();
    SQLite::Database(File().string(), SQLite::OPEN_READWRITE).exec(sql);
  }

  TempDir dir_;
  FakeClock clock_;
  ResponseMemory memory_;
  std::unique_ptr<Store> store_;
  std::map<std::string, FrontierItem> items_;
};

TEST_F(CacheTest, EntriesStayWithinTheirBoundAndTheOldestGo) {
  Open({.entries_max = 10});
  Fill(15);
  EXPECT_LE(Number("SELECT entries FROM v_cache"), 10);
  EXPECT_FALSE(OnDisk("0"));
  EXPECT_TRUE(OnDisk("14"));
}

TEST_F(CacheTest, WhatIsTooOldGoes) {
  Open({.age_max = 5s});
  Fill(10);
  EXPECT_FALSE(OnDisk("0"));
  EXPECT_TRUE(OnDisk("9"));
}

TEST_F(CacheTest, WhatAnUnfinishedDocumentNeedsStays) {
  Open({.entries_max = 3});
  Begin({Page("open"), Page("1"), Page("2"), Page("3"), Page("4")});
  Take();
  const DocumentUpdate page{.id = DocumentId("open"),
                            .kind = "page",
                            .place = Place::kTop,
                            .name = "open",
                            .extension = ".md",
                            .object = "{}",
                            .content = {{.target = "/more", .document = DocumentId("open")}}};
  Answer("/open", {.body = "oldest of all"}, {page});
  for (const char* target : {"/1", "/2", "/3", "/4"}) {
    clock_.Advance(1s);
    Answer(target, {.body = target});
  }
  EXPECT_TRUE(OnDisk("open"));
  EXPECT_FALSE(OnDisk("1"));
}

TEST_F(CacheTest, CountersEqualTheTableAfterEvictions) {
  Open({.entries_max = 7});
  Fill(30);
  EXPECT_EQ(Number("SELECT entries FROM v_cache"), Number("SELECT count(*) FROM cache"));
  EXPECT_EQ(Number("SELECT bytes FROM v_cache"), Number("SELECT sum(bytes) FROM cache"));
  EXPECT_EQ(Number("SELECT evictions FROM v_cache") + Number("SELECT entries FROM v_cache"), 30);
}

TEST_F(CacheTest, WrongCountersAreCountedAnewAfterAKill) {
  Open();
  Fill(5);
  Damage("UPDATE counters SET value = 999 WHERE name = 'cache_entries'");
  Open();
  Begin({});
  EXPECT_EQ(Number("SELECT entries FROM v_cache"), 5);
  EXPECT_EQ(Number("SELECT value FROM counters WHERE name = 'cache_rebuilds'"), 1);
}

TEST_F(CacheTest, EntriesDeletedByHandAreCountedAnewByTheNextRun) {
  Open();
  Fill(5);
  Finish();
  Damage("DELETE FROM cache");
  Open();
  Begin({});
  EXPECT_EQ(Number("SELECT entries FROM v_cache"), 0);
  EXPECT_EQ(Number("SELECT bytes FROM v_cache"), 0);
}

TEST_F(CacheTest, BoundsHoldAlthoughTheCountersWereWrong) {
  Open();
  Fill(5);
  Finish();
  Damage("UPDATE counters SET value = 0 WHERE name IN ('cache_bytes', 'cache_entries')");
  Open({.entries_max = 3});
  Begin({Page("more")});
  Take();
  Answer("/more", {.body = "x"});
  EXPECT_LE(Number("SELECT count(*) FROM cache"), 3);
}

TEST_F(CacheTest, RightCountersAreNotCalledWrong) {
  Open();
  Fill(5);
  Finish();
  Open();
  Begin({});
  EXPECT_EQ(Number("SELECT count(*) FROM counters WHERE name = 'cache_rebuilds'"), 0);
}

TEST_F(CacheTest, WhatHasADateInTheFutureIsTooOld) {
  Open();
  Fill(3);
  Damage("UPDATE cache SET fetched_ms = fetched_ms + 1000000000000 WHERE request LIKE '%/1'");
  Open();
  EXPECT_EQ(store_->TrimCache({.bytes_max = 0, .age_max = 1h}).value(), 1);
  EXPECT_FALSE(OnDisk("1"));
  EXPECT_TRUE(OnDisk("2"));
}

TEST_F(CacheTest, ValidatorsAreStored) {
  Open();
  Begin({Page("a")});
  Take();
  Answer("/a", {.body = "x", .etag = "\"v1\"", .last_modified = "then"});
  EXPECT_EQ(OnDisk("a")->etag, "\"v1\"");
  EXPECT_EQ(OnDisk("a")->last_modified, "then");
}

TEST_F(CacheTest, AConfirmedAnswerIsFreshAgainAndKeepsItsBody) {
  Open();
  Begin({Page("a")});
  Take();
  Answer("/a", {.body = "x", .etag = "\"v1\""});
  Finish();
  clock_.Advance(24h);
  Begin({Page("a")});
  Take();
  ASSERT_TRUE(store_->Commit(
      {{.item = items_.at("/a"), .response = OnDisk("a"), .cache_hit = true, .confirmed = true}}));
  EXPECT_EQ(OnDisk("a")->fetched_ms, clock_.WallNow());
  EXPECT_EQ(OnDisk("a")->body, "x");
}

// As transform hands it to the commit.
StoredResponse Packed(std::string_view body) {
  return {.revision = Revision("r1"),
          .body = Compress(body),
          .encoding = StoredResponse::Encoding::kZstd,
          .etag = "\"v1\"",
          .last_modified = "then"};
}

TEST_F(CacheTest, MemoryAnswersWhatWasCommittedLast) {
  Open();
  Begin({Page("a")});
  Take();
  const auto reader = StoreReader::Open(File()).value();
  reader->UseMemory(memory_);
  EXPECT_FALSE(reader->FindStored(Page("a")).value());
  Answer("/a", Packed("new"));
  EXPECT_EQ(reader->FindStored(Page("a")).value()->body, "new");
  EXPECT_EQ(memory_.counts().hits, 1u);
}

TEST_F(CacheTest, MemoryAnswersAsTheDiskDoes) {
  Open();
  Begin({Page("a")});
  Take();
  Answer("/a", Packed("x"));
  const auto reader = StoreReader::Open(File()).value();
  reader->UseMemory(memory_);
  const StoredResponse hit = reader->FindStored(Page("a")).value().value();
  ASSERT_EQ(memory_.counts().hits, 1u);
  const StoredResponse disk = OnDisk("a").value();
  EXPECT_EQ(hit.body, disk.body);
  EXPECT_EQ(hit.revision, disk.revision);
  EXPECT_EQ(hit.status, disk.status);
  EXPECT_EQ(hit.etag, disk.etag);
  EXPECT_EQ(hit.last_modified, disk.last_modified);
  EXPECT_EQ(hit.fetched_ms, disk.fetched_ms);
}

TEST_F(CacheTest, WhatWasReadFromTheDiskIsThenInMemory) {
  Open();
  Fill(1);
  const auto reader = StoreReader::Open(File()).value();
  reader->UseMemory(memory_);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(reader->FindStored(Page("0")).value()->body, "0");
  EXPECT_EQ(memory_.counts().hits, 1u);
}

TEST_F(CacheTest, WhatAReaderFoundBeforeACommitDoesNotHideIt) {
  const Hash128 key = RequestKey(Page("a"));
  const auto before = memory_.epoch();
  memory_.Replace(key, Packed("new"));
  memory_.Fill(key, Packed("old"), before);
  EXPECT_EQ(Decompress(memory_.Find(key)->body, 100), "new");
}

TEST_F(CacheTest, AConfirmedAnswerReplacesTheOneInMemory) {
  const Hash128 key = RequestKey(Page("a"));
  memory_.Replace(key, Packed("as it was"));
  memory_.Replace(key, {.body = "plain, since a reader had unpacked it"});
  EXPECT_FALSE(memory_.Find(key));
}

TEST_F(CacheTest, TrimmedAndClearedEntriesAreCounted) {
  Open();
  Fill(10);
  EXPECT_EQ(store_->TrimCache({.bytes_max = 0, .entries_max = 4}).value(), 6);
  EXPECT_EQ(store_->ClearCache().value(), 4);
  EXPECT_EQ(Number("SELECT entries + bytes FROM v_cache"), 0);
}

// --- long answers, in parts ---

class LongAnswerTest : public CacheTest {
 protected:
  LongAnswerTest() { std::filesystem::create_directory(spill_.folder()); }
  // Incompressible, so that its packed form is long, too.
  static std::string Long(unsigned seed = 1) {
    std::mt19937_64 random(seed);
    std::string text(3 * kCachePartBytes + 100, '\0');
    for (char& c : text) c = static_cast<char>(random());
    return text;
  }
  void Store(const std::string& text) {
    Answer("/0", {.body = Pack(BodyView(text), &spill_).value(),
                  .encoding = StoredResponse::Encoding::kZstd});
  }
  std::optional<StoredResponse> Stored() {
    return StoreReader::Open(File(), &spill_).value()->FindStored(Page("0")).value();
  }
  void Begin() {
    Open();
    CacheTest::Begin({Page("0"), Page("1")});
    Take();
  }
  const SpillDir spill_{dir_ / "spill"};
};

TEST_F(LongAnswerTest, IsReadBackAsItWas) {
  Begin();
  Store(Long());
  EXPECT_EQ(Stored()->body, Long());
  EXPECT_FALSE(Stored()->body.in_memory());
  EXPECT_EQ(Number("SELECT count(*) FROM cache_parts"), 3);
}

TEST_F(LongAnswerTest, CountsWithAllItsBytes) {
  Begin();
  Store(Long());
  EXPECT_GT(Number("SELECT bytes FROM v_cache"), 3 * std::int64_t{kCachePartBytes});
}

TEST_F(LongAnswerTest, IsNotKeptInTheMemoryTier) {
  Begin();
  Store(Long());
  EXPECT_EQ(memory_.counts().entries, 0u);
}

TEST_F(LongAnswerTest, ReplacedLeavesNoPart) {
  Open();
  CacheTest::Begin({Page("0")});
  Take();
  Store(Long());
  Finish();
  CacheTest::Begin({Page("0")});
  Take();
  Answer("/0", {.body = "short"});
  EXPECT_EQ(Number("SELECT count(*) FROM cache_parts"), 0);
  EXPECT_EQ(Stored()->body, "short");
}

TEST_F(LongAnswerTest, EvictedLeavesNoPart) {
  Open({.bytes_max = 1'000'000});
  CacheTest::Begin({Page("0"), Page("1")});
  Take();
  Store(Long());
  Answer("/1", {.body = "short"});
  EXPECT_EQ(Number("SELECT count(*) FROM cache_parts"), 0);
}

TEST_F(LongAnswerTest, ClearedLeavesNoPart) {
  Begin();
  Store(Long());
  ASSERT_TRUE(store_->ClearCache());
  EXPECT_EQ(Number("SELECT count(*) FROM cache_parts"), 0);
}

TEST_F(LongAnswerTest, DeletedByHandLeavesNoPart) {
  Open();
  CacheTest::Begin({Page("0")});
  Take();
  Store(Long());
  Damage("DELETE FROM cache");
  Open();
  CacheTest::Begin({});
  EXPECT_EQ(Number("SELECT count(*) FROM cache_parts"), 0);
}

TEST_F(LongAnswerTest, DamagedOrMissingPartIsAMiss) {
  for (const char* damage : {"UPDATE cache_parts SET body = zeroblob(length(body)) WHERE part = 2",
                             "DELETE FROM cache_parts WHERE part = 3",
                             "UPDATE cache_parts SET body = x'' WHERE part = 1"}) {
    Open();
    CacheTest::Begin({Page("0")});
    Take();
    Store(Long());
    Damage(damage);
    EXPECT_FALSE(Stored()) << damage;
    std::filesystem::remove(File());
  }
}

}  // namespace
}  // namespace sluice
