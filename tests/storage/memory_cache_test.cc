#include "storage/memory_cache.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/support/fake_clock.h"

namespace sluice {
namespace {

constexpr std::size_t kBytes = 64'000;  // of the caches that are not about bytes

Hash128 Key(int number) { return Xxh3_128(std::to_string(number)); }

const Hash128 kA = Xxh3_128("a"), kB = Xxh3_128("b"), kC = Xxh3_128("c");

TEST(MemoryCache, LeastRecentlyUsedGoesFirst) {
  FakeClock clock;
  MemoryCache cache({.entries_max = 2, .bytes_max = kBytes, .ttl = {}}, clock);
  cache.Put(kA, "a");
  cache.Put(kB, "b");
  cache.Get(kA);
  cache.Put(kC, "c");
  EXPECT_EQ(cache.Get(kA), "a");
  EXPECT_FALSE(cache.Get(kB));
}

TEST(MemoryCache, BytesStayWithinTheBoundAndTheOldestGo) {
  FakeClock clock;
  MemoryCache cache({.entries_max = 1000, .bytes_max = kBytes, .ttl = {}}, clock);
  for (int i = 0; i < 100; ++i) cache.Put(Key(i), std::string(1000, 'x'));
  EXPECT_LE(cache.counts().bytes, kBytes);
  EXPECT_GE(cache.counts().bytes, kBytes * 8 / 10);
  EXPECT_FALSE(cache.Get(Key(0)));
  EXPECT_TRUE(cache.Get(Key(99)));
}

TEST(MemoryCache, ValueTooLargeReplacesNothingButItself) {
  FakeClock clock;
  MemoryCache cache({.entries_max = 10, .bytes_max = kBytes, .ttl = {}}, clock);
  cache.Put(kA, "a");
  cache.Put(kB, "b");
  cache.Put(kB, std::string(kBytes / 8, 'x'));
  EXPECT_TRUE(cache.Get(kA));
  EXPECT_FALSE(cache.Get(kB));
}

TEST(MemoryCache, EntryAsOldAsTheTtlIsAMiss) {
  FakeClock clock;
  MemoryCache cache({.entries_max = 9, .bytes_max = kBytes, .ttl = std::chrono::seconds(10)},
                    clock);
  cache.Put(kA, "a");
  clock.Advance(std::chrono::seconds(9));
  EXPECT_TRUE(cache.Get(kA));
  clock.Advance(std::chrono::seconds(1));
  EXPECT_FALSE(cache.Get(kA));
  EXPECT_EQ(cache.counts().hits, 1u);
  EXPECT_EQ(cache.counts().misses, 1u);
  EXPECT_EQ(cache.counts().entries, 0u);
}

TEST(MemoryCache, WhatWasCopiedOutOutlivesItsEntry) {
  FakeClock clock;
  MemoryCache cache({.entries_max = 1, .bytes_max = kBytes, .ttl = {}}, clock);
  cache.Put(kA, "a");
  const auto hit = cache.Get(kA);
  for (int i = 0; i < 100; ++i) cache.Put(Key(i), std::string(5000, 'x'));
  EXPECT_EQ(hit, "a");
}

TEST(MemoryCache, SmallerThanAPageStillWorks) {
  FakeClock clock;
  MemoryCache cache({.entries_max = 1000, .bytes_max = 0, .ttl = {}}, clock);
  cache.Put(kA, "a");
  EXPECT_EQ(cache.Get(kA), "a");
}

TEST(MemoryCache, NoEntriesKeepsNothing) {
  FakeClock clock;
  MemoryCache cache({.entries_max = 0, .bytes_max = kBytes, .ttl = {}}, clock);
  cache.Put(kA, "a");
  EXPECT_FALSE(cache.Get(kA));
}

}  // namespace
}  // namespace sluice
