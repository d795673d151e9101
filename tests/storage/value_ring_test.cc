#include "storage/value_ring.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <random>
#include <string>

namespace sluice {
namespace {

Hash128 Key(int number) { return Xxh3_128(std::to_string(number)); }

class ValueRingTest : public testing::Test {
 protected:
  void Put(int key, std::string_view value) { ring_.Put(Key(key), {&value, 1}, {}); }
  bool Has(int key) { return ring_.Find(Key(key)).has_value(); }

  ValueRing ring_{{.bytes_max = 40'000, .entries_max = 100}};
};

// Against a map: what is found is what was put last, and what was erased is not found. Sizes, keys
// and the mixture of calls wrap the ring some hundred times, with every kind of end.
TEST_F(ValueRingTest, WhatIsFoundIsWhatWasPutLast) {
  std::mt19937 random(1);  // NOLINT(cert-msc51-cpp): the same each time
  std::map<int, std::string> put;
  std::size_t found = 0;
  for (int step = 0; step < 50'000; ++step) {
    const int key = static_cast<int>(random() % 150);
    const auto action = random() % 8;
    if (action < 3) {
      put[key] = std::string(random() % 1200, static_cast<char>('a' + random() % 26));
      Put(key, put[key]);
    } else if (action == 3) {
      put.erase(key);
      ring_.Erase(Key(key));
    } else if (const auto hit = ring_.Find(Key(key))) {
      ASSERT_TRUE(put.contains(key)) << step;
      ASSERT_EQ(hit->value, put[key]) << step;
      ++found;
    }
    ASSERT_LE(ring_.entries(), 100u);
    ASSERT_LE(ring_.bytes(), 40'000u);
  }
  EXPECT_GT(found, 1000u) << "hardly anything was kept";
}

TEST_F(ValueRingTest, CountsAreThoseOfWhatCanBeFound) {
  for (int i = 0; i < 1000; ++i) Put(i % 120, std::string(static_cast<std::size_t>(i % 700), 'x'));
  std::size_t entries = 0;
  std::size_t bytes = 0;
  for (int i = 0; i < 120; ++i) {
    const auto found = ring_.Find(Key(i));
    if (!found) continue;
    ++entries;
    bytes += found->value.size();
  }
  EXPECT_EQ(ring_.entries(), entries);
  EXPECT_EQ(ring_.bytes(), bytes);
}

TEST_F(ValueRingTest, WhatIsUsedOutlivesManyRounds) {
  Put(0, "used");
  for (int i = 1; i < 2000; ++i) {
    Put(i, std::string(500, 'x'));
    ASSERT_TRUE(Has(0)) << i;
  }
  EXPECT_FALSE(Has(1));
}

// When everything has been used, somebody has to go all the same.
TEST_F(ValueRingTest, WhereAllIsUsedTheNewOneStillEnters) {
  for (int i = 0; i < 1000; ++i) {
    Put(i, std::string(300, 'x'));
    for (int old = std::max(0, i - 99); old <= i; ++old) Has(old);
    ASSERT_TRUE(Has(i));
  }
}

TEST_F(ValueRingTest, PartsStandOneBehindTheOther) {
  const std::array<std::string_view, 3> parts = {"one ", "", "value"};
  ring_.Put(Key(1), parts, {});
  EXPECT_EQ(ring_.Find(Key(1))->value, "one value");
}

}  // namespace
}  // namespace sluice
