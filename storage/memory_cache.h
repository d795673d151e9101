// Values in memory, in front of the cache on disk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "storage/base/clock.h"
#include "storage/base/guarded.h"
#include "storage/value_ring.h"

namespace sluice {

// Keeps the values that were used last, in an amount of memory that is fixed when it is made (see
// ValueRing). With a `ttl`, older entries are misses.
//
// The pages are not touched beforehand: an export of a hundred answers does not pay for ten
// thousand. So memory grows until the ring has been filled once, and never after.
//
// Thread-safe; one mutex, because a hit takes well under a microsecond (perf/memory_cache_bench)
// and a request takes many. Borrows: `clock`, which must outlive it.
class MemoryCache {
 public:
  struct Limits {
    std::size_t entries_max;
    std::size_t bytes_max;  // with all bookkeeping
    std::optional<Duration> ttl;
  };
  struct Counts {
    std::uint64_t hits = 0;
    std::uint64_t misses = 0;
    std::size_t entries = 0;
    std::size_t bytes = 0;  // of the values
  };

  MemoryCache(Limits limits, const Clock& clock)
      : ttl_(limits.ttl),
        clock_(clock),
        state_(
            ValueRing::Limits{.bytes_max = limits.bytes_max, .entries_max = limits.entries_max}) {}

  // A hit: `use` is called with the value, under the cache's lock, and copies what it wants of it.
  // False: a miss.
  template <class Use>
  bool Get(const Hash128& key, Use use) {
    return state_.With([&](State& state) {
      const auto found = state.ring.Find(key);
      const bool hit = found && !(ttl_ && clock_.Now() - found->stored >= *ttl_);
      ++(hit ? state.hits : state.misses);
      if (hit) use(found->value);
      if (found && !hit) state.ring.Erase(key);
      return hit;
    });
  }
  // A copy of the value; nullopt: a miss.
  std::optional<std::string> Get(const Hash128& key) {
    std::optional<std::string> value;
    Get(key, [&](std::string_view found) { value.emplace(found); });
    return value;
  }

  // Replaces the value of `key` by what `parts` are together. One that is too large for the cache
  // is not kept: an eighth of it is the most.
  void Put(const Hash128& key, std::span<const std::string_view> parts) {
    PutIf(key, parts, [] { return true; });
  }
  void Put(const Hash128& key, std::string_view value) { Put(key, {&value, 1}); }
  // The same where `condition` holds, which is asked under the cache's lock.
  template <class Condition>
  void PutIf(const Hash128& key, std::span<const std::string_view> parts, Condition condition) {
    const SteadyTime now = clock_.Now();
    state_.With([&](State& state) {
      if (condition()) state.ring.Put(key, parts, now);
    });
  }
  void Erase(const Hash128& key) {
    state_.With([&](State& state) { state.ring.Erase(key); });
  }

  Counts counts() const {
    return state_.With([](const State& state) {
      return Counts{.hits = state.hits,
                    .misses = state.misses,
                    .entries = state.ring.entries(),
                    .bytes = state.ring.bytes()};
    });
  }

 private:
  struct State {
    explicit State(ValueRing::Limits limits) : ring(limits) {}

    ValueRing ring;
    std::uint64_t hits = 0;
    std::uint64_t misses = 0;
  };

  // Constant after construction.
  const std::optional<Duration> ttl_;
  const Clock& clock_;
  // Own synchronisation.
  Guarded<State> state_;
};

}  // namespace sluice
