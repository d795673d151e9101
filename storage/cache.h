// The response cache: stored answers by request, compressed, each with a checksum that is verified
// on every read (SQLite itself notices few damaged payloads). A damaged entry is a miss.
//
// Two halves: CacheWriter belongs to the commit thread and its transaction; reading is part of
// StoreReader. Throws SQLite::Exception.
#pragma once

#include <chrono>
#include <cstdint>
#include <utility>

#include "storage/database.h"
#include "storage/records.h"

namespace sluice {

struct CacheLimits {
  std::int64_t bytes_max = 256'000'000;  // stored (compressed) bytes; 0: no bound
  std::int64_t entries_max = 0;          // 0: no bound
  std::chrono::milliseconds age_max{0};  // since it was fetched or confirmed; 0: no bound. What
                                         // has a date in the future counts as too old
};

// A body that is packed to more than this goes on in cache_parts, so many bytes a row.
inline constexpr std::size_t kCachePartBytes = std::size_t{1} << 20;

class CacheWriter {
 public:
  // Entries and bytes as the counters of the state have them; see Recount().
  struct Size {
    std::int64_t entries = 0;
    std::int64_t bytes = 0;

    bool operator==(const Size&) const = default;
  };

  CacheWriter(Database& database, CacheLimits limits, Size size);

  void Put(const Request& request, const StoredResponse& response, WallMs now_ms);
  // The server confirmed the stored answer, which therefore belongs to this revision too.
  void Confirm(const Request& request, WallMs now_ms);
  // Removes entries in batches until the limits hold again, the oldest first; but none that an
  // unfinished document will be rendered from: a run that evicts what it is about to need would
  // fetch the same answers for ever. Until those are rendered the limits may be exceeded.
  void Evict(WallMs now_ms);
  // The same on request, and of unfinished documents, too, when nothing else is left: the next run
  // fetches those again.
  void Trim(const CacheLimits& limits, WallMs now_ms);
  void Clear();
  // Counts the table, which takes time with its size (1,000,000 entries: 0.1 s). False: the
  // counters were wrong, and are right now.
  bool Recount();

  std::int64_t entries() const { return size_.entries; }
  std::int64_t bytes() const { return size_.bytes; }
  // Evictions since the last call.
  std::int64_t TakeEvictions() { return std::exchange(evictions_, 0); }

 private:
  void Insert(const Request& request, const StoredResponse& response, const BodyView& packed,
              WallMs now_ms);
  void InsertParts(const BodyView& packed);
  void Erase(const Hash128& key);
  // A row that had so many `bytes` is gone: so are its parts.
  void Forget(std::int64_t id, std::int64_t bytes);

  enum class Spare { kUnfinished, kNothing };
  void Evict(const CacheLimits& limits, WallMs now_ms, Spare spare);
  // At most `count` entries, fetched before `bound_ms` or, of evict_future_, after it; returns how
  // many went.
  std::int64_t EvictBatch(Statement& statement, WallMs bound_ms, std::int64_t count);

  const CacheLimits limits_;
  Size size_;  // kept in step with the table inside the same transaction
  std::int64_t evictions_ = 0;
  std::int64_t puts_ = 0;
  std::int64_t no_use_before_ = 0;  // of puts_: nothing finished is left to evict until then

  Database& database_;
  Statement size_of_;
  Statement erase_;
  Statement insert_;
  Statement insert_part_;
  Statement erase_parts_;
  Statement confirm_;
  Statement evict_finished_;
  Statement evict_future_;
  Statement evict_any_;
};

}  // namespace sluice
