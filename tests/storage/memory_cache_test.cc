#include "storage/memory_cache.h"

#include <gtest/gtest.h>

#include "tests/support/fake_clock.h"

namespace sluice {
namespace {

MemoryCache::Value Body(std::size_t bytes) { return std::make_shared<std::string>(bytes, 'x'); }

const Hash128 kA = Xxh3_128("a"), kB = Xxh3_128("b"), kC = Xxh3_128("c");

TEST(MemoryCache, LeastRecentlyUsedGoesFirst) {
  FakeClock clock;
  MemoryCache cache({.entries_max = 2, .bytes_max = 100}, clock);
  cache.Put(kA, Body(1));
  cache.Put(kB, Body(1));
  cache.Get(kA);
  cache.Put(kC, Body(1));
  EXPECT_TRUE(cache.Get(kA));
  EXPECT_FALSE(cache.Get(kB));
}

TEST(MemoryCache, BytesStayWithinTheBound) {
  FakeClock clock;
  MemoryCache cache({.entries_max = 10, .bytes_max = 100}, clock);
  cache.Put(kA, Body(60));
  cache.Put(kB, Body(60));
  EXPECT_EQ(cache.counts().bytes, 60u);
  EXPECT_FALSE(cache.Get(kA));
}

TEST(MemoryCache, ValueLargerThanTheBoundReplacesNothingButItself) {
  FakeClock clock;
  MemoryCache cache({.entries_max = 10, .bytes_max = 100}, clock);
  cache.Put(kA, Body(60));
  cache.Put(kB, Body(101));
  EXPECT_TRUE(cache.Get(kA));
  EXPECT_FALSE(cache.Get(kB));
}

TEST(MemoryCache, EntryAsOldAsTheTtlIsAMiss) {
  FakeClock clock;
  MemoryCache cache({.entries_max = 9, .bytes_max = 99, .ttl = std::chrono::seconds(10)}, clock);
  cache.Put(kA, Body(1));
  clock.Advance(std::chrono::seconds(9));
  EXPECT_TRUE(cache.Get(kA));
  clock.Advance(std::chrono::seconds(1));
  EXPECT_FALSE(cache.Get(kA));
  EXPECT_EQ(cache.counts().hits, 1u);
  EXPECT_EQ(cache.counts().misses, 1u);
}

}  // namespace
}  // namespace sluice
