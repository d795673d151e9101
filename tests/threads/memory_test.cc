// What many threads share in memory: nothing is lost, nothing is given twice.
#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <string>
#include <thread>
#include <vector>

#include "pipeline/admission.h"
#include "storage/response_memory.h"
#include "tests/support/fake_clock.h"

namespace sluice {
namespace {

constexpr int kThreads = 4;

// Runs `work(thread)` on kThreads threads that begin together.
template <class Work>
void Together(Work work) {
  std::latch begin(kThreads);
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      begin.arrive_and_wait();
      work(thread);
    });
  }
}

TEST(AdmissionThreads, EveryItemIsAdmittedOnceAndEverythingComesBack) {
  constexpr std::size_t kItems = 2000;
  constexpr std::size_t kCredits = 3;
  Admission admission({.credits = kCredits, .memory_bytes = 1 << 20});
  std::vector<FrontierItem> items(kItems);
  for (std::size_t i = 0; i < kItems; ++i) items[i].seq = Seq{static_cast<std::int64_t>(i)};
  std::vector<std::atomic<int>> admitted(kItems);
  admission.Refill(std::move(items));
  Together([&](int) {
    while (admission.ready() > 0) {
      const auto item = admission.TryAdmit();
      if (!item) continue;  // the credits are with the other threads
      ++admitted[static_cast<std::size_t>(item->item.seq)];
      admission.Return(1, admission.Correct(item->item, item->charged, 1000));
    }
  });
  for (const auto& times : admitted) ASSERT_EQ(times, 1);
  EXPECT_EQ(admission.in_flight(), 0u);
  EXPECT_EQ(admission.memory().charged(), 0);
  EXPECT_LE(admission.in_flight_peak(), kCredits);
}

TEST(AdmissionThreads, WhatStopHandsBackWasAdmittedToNobody) {
  constexpr std::size_t kItems = 2000;
  Admission admission({.credits = kItems, .memory_bytes = 0});
  admission.Refill(std::vector<FrontierItem>(kItems));
  std::atomic<std::size_t> admitted = 0;
  std::atomic<std::size_t> handed_back = 0;
  Together([&](int thread) {
    if (thread == 0) handed_back = admission.Stop().size();
    while (admission.TryAdmit()) ++admitted;
  });
  EXPECT_EQ(admitted + handed_back, kItems);
}

TEST(MemoryCacheThreads, AHitIsTheValueOfItsKey) {
  constexpr std::size_t kKeys = 64;
  FakeClock clock;
  MemoryCache cache({.entries_max = kKeys / 2, .bytes_max = 1 << 20, .ttl = {}}, clock);
  std::atomic<int> wrong = 0;
  Together([&](int thread) {
    for (std::size_t i = 0; i < 2000; ++i) {
      const std::string text = std::to_string((i * 7 + static_cast<std::size_t>(thread)) % kKeys);
      const Hash128 key = Xxh3_128(text);
      const auto hit = cache.Get(key);
      if (hit && *hit != text) ++wrong;
      if (!hit) cache.Put(key, text);
    }
  });
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(cache.counts().entries, kKeys / 2);
  EXPECT_EQ(cache.counts().hits + cache.counts().misses, 2000u * kThreads);
}

// The memory does not look at what is packed.
StoredResponse Packed(std::string body) {
  return {.body = std::move(body), .encoding = StoredResponse::Encoding::kZstd};
}

// Readers fill in what they read before the last commit; the committed answer stays.
TEST(ResponseMemoryThreads, WhatWasReadBeforeACommitDoesNotReplaceIt) {
  FakeClock clock;
  ResponseMemory memory({.entries_max = 10, .bytes_max = 1 << 20, .ttl = {}}, clock);
  const Hash128 key = Xxh3_128("a");
  std::atomic<int> table = 0;  // what a reader would find in the state
  Together([&](int thread) {
    for (int i = 1; i <= 1000; ++i) {
      if (thread == 0) {
        table = i;
        memory.Replace(key, Packed(std::to_string(i)));
      } else {
        const auto epoch = memory.epoch();
        memory.Fill(key, Packed(std::to_string(table)), epoch);
      }
    }
  });
  ASSERT_TRUE(memory.Find(key));
  EXPECT_EQ(memory.Find(key)->body, "1000");
}

}  // namespace
}  // namespace sluice
