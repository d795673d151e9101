// Bodies in memory, in front of the cache on disk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "storage/base/clock.h"
#include "storage/base/guarded.h"
#include "storage/base/hash.h"

namespace sluice {

inline std::size_t CachedBytes(const std::string& value) { return value.size(); }

// Keeps the most recently used values, within a number of entries and of bytes (of the values; the
// bookkeeping is about 150 bytes an entry). With a `ttl`, older entries are misses.
//
// `T` needs CachedBytes(const T&), found beside it.
//
// Thread-safe; one mutex, because a hit takes well under a microsecond (perf/memory_cache_bench)
// and a request takes many. Borrows: `clock`, which must outlive it.
template <class T>
class BasicMemoryCache {
 public:
  using Value = std::shared_ptr<const T>;

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

  BasicMemoryCache(Limits limits, const Clock& clock) : limits_(limits), clock_(clock) {}

  // Null: a miss.
  Value Get(const Hash128& key);
  // Replaces the value of `key`. A value that is larger than `bytes_max` is not kept.
  void Put(const Hash128& key, Value value) {
    PutIf(key, std::move(value), [] { return true; });
  }
  // The same where `condition` holds, which is asked under the cache's lock.
  template <class Condition>
  void PutIf(const Hash128& key, Value value, Condition condition);
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
    std::unordered_map<Hash128, typename std::list<Entry>::iterator, KeyHash> by_key;
    Counts counts;

    void Erase(typename std::list<Entry>::iterator entry);
  };

  // Constant after construction.
  const Limits limits_;
  const Clock& clock_;
  // Own synchronisation.
  Guarded<State> state_;
};

using MemoryCache = BasicMemoryCache<std::string>;

template <class T>
typename BasicMemoryCache<T>::Value BasicMemoryCache<T>::Get(const Hash128& key) {
  return state_.With([&](State& state) -> Value {
    const auto found = state.by_key.find(key);
    if (found == state.by_key.end()) {
      ++state.counts.misses;
      return nullptr;
    }
    const auto entry = found->second;
    if (limits_.ttl && clock_.Now() - entry->stored >= *limits_.ttl) {
      state.Erase(entry);
      ++state.counts.misses;
      return nullptr;
    }
    state.by_use.splice(state.by_use.begin(), state.by_use, entry);
    ++state.counts.hits;
    return entry->value;
  });
}

template <class T>
template <class Condition>
void BasicMemoryCache<T>::PutIf(const Hash128& key, Value value, Condition condition) {
  const std::size_t bytes = CachedBytes(*value);
  state_.With([&](State& state) {
    if (!condition()) return;
    if (const auto old = state.by_key.find(key); old != state.by_key.end()) {
      state.Erase(old->second);
    }
    if (bytes > limits_.bytes_max || limits_.entries_max == 0) return;
    while (state.counts.entries >= limits_.entries_max ||
           state.counts.bytes > limits_.bytes_max - bytes) {
      state.Erase(std::prev(state.by_use.end()));
    }
    state.by_use.push_front({key, std::move(value), clock_.Now()});
    state.by_key[key] = state.by_use.begin();
    ++state.counts.entries;
    state.counts.bytes += bytes;
  });
}

template <class T>
typename BasicMemoryCache<T>::Counts BasicMemoryCache<T>::counts() const {
  return state_.With([](const State& state) { return state.counts; });
}

template <class T>
void BasicMemoryCache<T>::State::Erase(typename std::list<Entry>::iterator entry) {
  --counts.entries;
  counts.bytes -= CachedBytes(*entry->value);
  by_key.erase(entry->key);
  by_use.erase(entry);
}

}  // namespace sluice
