// The memory tier of the response cache: what was stored or read last, packed as it is on disk: a
// rendering reads each answer once, and a plain one would take the place of a dozen that are about
// to be read.
//
// Thread-safe: readers on any thread, the commit thread tells what it has stored.
#pragma once

#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>

#include "storage/memory_cache.h"
#include "storage/records.h"

namespace sluice {

// One that is not in memory anyway is larger than any bound, so it is not kept.
inline std::size_t CachedBytes(const StoredResponse& response) {
  if (!response.body.in_memory()) return std::numeric_limits<std::size_t>::max();
  return sizeof response + response.body.size() + response.etag.size() +
         response.last_modified.size() + response.revision.value.size();
}

class ResponseMemory {
 public:
  using Memory = BasicMemoryCache<StoredResponse>;
  // What the memory had been told when a reader began to look.
  enum class Epoch : std::uint64_t {};

  ResponseMemory(Memory::Limits limits, const Clock& clock) : memory_(limits, clock) {}

  // Null: not in memory.
  Memory::Value Find(const Hash128& key) { return memory_.Get(key); }

  // A reader takes the epoch, reads the table, and hands over what it found, packed. That is
  // dropped when a commit came between: it may have replaced the very row.
  Epoch epoch() const { return Epoch{epoch_.load()}; }
  void Fill(const Hash128& key, const StoredResponse& response, Epoch read_at) {
    memory_.PutIf(key, std::make_shared<const StoredResponse>(response),
                  [&] { return epoch() == read_at; });
  }

  // On the commit thread, after the commit.
  void Replace(const Hash128& key, const StoredResponse& response) {
    ++epoch_;
    memory_.Put(key, std::make_shared<const StoredResponse>(response));
  }

  Memory::Counts counts() const { return memory_.counts(); }

 private:
  Memory memory_;
  std::atomic<std::uint64_t> epoch_{0};
};

}  // namespace sluice
