#include "storage/memory_cache.h"

#include <iterator>

namespace sluice {

MemoryCache::Value MemoryCache::Get(const Hash128& key) {
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

void MemoryCache::Put(const Hash128& key, Value value) {
  const std::size_t bytes = value->size();
  state_.With([&](State& state) {
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

MemoryCache::Counts MemoryCache::counts() const {
  return state_.With([](const State& state) { return state.counts; });
}

void MemoryCache::State::Erase(std::list<Entry>::iterator entry) {
  --counts.entries;
  counts.bytes -= entry->value->size();
  by_key.erase(entry->key);
  by_use.erase(entry);
}

}  // namespace sluice
