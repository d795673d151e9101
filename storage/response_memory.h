// The memory tier of the response cache: what was stored or read last, packed as it is on disk: a
// rendering reads each answer once, and a plain one would take the place of a dozen that are about
// to be read.
//
// Thread-safe: readers on any thread, the commit thread tells what it has stored.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "storage/memory_cache.h"
#include "storage/records.h"

namespace sluice {

class ResponseMemory {
 public:
  // What the memory had been told when a reader began to look.
  enum class Epoch : std::uint64_t {};

  ResponseMemory(MemoryCache::Limits limits, const Clock& clock) : memory_(limits, clock) {}

  // As it was put in; nullopt: not in memory.
  std::optional<StoredResponse> Find(const Hash128& key);

  // A reader takes the epoch, reads the table, and hands over what it found, packed. That is
  // dropped when a commit came between: it may have replaced the very row.
  Epoch epoch() const { return Epoch{epoch_.load()}; }
  void Fill(const Hash128& key, const StoredResponse& response, Epoch read_at);

  // On the commit thread, after the commit. What comes plain (the server has confirmed it) is only
  // forgotten: the next reader brings it packed. So is what is too long for memory.
  void Replace(const Hash128& key, const StoredResponse& response);

  MemoryCache::Counts counts() const { return memory_.counts(); }

 private:
  template <class Condition>
  void PutIf(const Hash128& key, const StoredResponse& response, Condition condition);

  MemoryCache memory_;
  std::atomic<std::uint64_t> epoch_{0};
};

}  // namespace sluice
