// Bodies in memory, in front of the cache on disk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "storage/base/clock.h"
#include "storage/base/guarded.h"
#include "storage/base/hash.h"

namespace sluice {

// Keeps the most recently used values, within a number of entries and of bytes (of the values; the
// bookkeeping is about 150 bytes an entry). With a `ttl`, older entries are misses.
//
// Thread-safe; one mutex, because a hit takes well under a microsecond (perf/memory_cache_bench)
// and a request takes many. Borrows: `clock`, which must outlive it.
class MemoryCache {
 public:
  using Value = std::shared_ptr<const std::string>;

  struct Limits {
    std::size_t entries_max;
    std::size_t bytes_max;
    std::optional<Duration> ttl;
  };
  struct Counts {
    std::uint64_t hits = 0;
    std::uint64_t misses = 0;
    std::size_t entries = 0;
    std::size_t bytes = 0;
  };

  MemoryCache(Limits limits, const Clock& clock) : limits_(limits), clock_(clock) {}

  // Null: a miss.
  Value Get(const Hash128& key);
  // Replaces the value of `key`. A value that is larger than `bytes_max` is not kept.
  void Put(const Hash128& key, Value value);
  Counts counts() const;

 private:
  struct Entry {
    Hash128 key;
    Value value;
    SteadyTime stored;
  };
  // Keys are hashes already.
  struct KeyHash {
    std::size_t operator()(const Hash128& key) const {
      std::size_t head;
      std::memcpy(&head, key.data(), sizeof head);
      return head;
    }
  };
  struct State {
    std::list<Entry> by_use;  // most recently used first
    std::unordered_map<Hash128, std::list<Entry>::iterator, KeyHash> by_key;
    Counts counts;

    void Erase(std::list<Entry>::iterator entry);
  };

  // Constant after construction.
  const Limits limits_;
  const Clock& clock_;
  // Own synchronisation.
  Guarded<State> state_;
};

}  // namespace sluice
