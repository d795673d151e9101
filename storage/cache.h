// The response cache: stored answers by request, compressed, each with a checksum that is verified
// on every read (SQLite itself notices few damaged payloads). A damaged entry is a miss.
//
// Two halves: CacheWriter belongs to the commit thread and its transaction; reading is part of
// StoreReader. Throws SQLite::Exception.
#pragma once

#include <cstdint>
#include <utility>

#include "storage/database.h"
#include "storage/records.h"

namespace sluice {

class CacheWriter {
 public:
  // `bytes_max` bounds the stored (compressed) bytes; 0: no bound.
  CacheWriter(Database& database, std::int64_t bytes_max);

  void Put(const Request& request, const StoredResponse& response, WallMs now_ms);
  // Removes the oldest entries, in batches, until the bound holds again.
  void Evict();
  void Clear();

  std::int64_t entries() const { return entries_; }
  std::int64_t bytes() const { return bytes_; }
  // Evictions since the last call.
  std::int64_t TakeEvictions() { return std::exchange(evictions_, 0); }

 private:
  void Erase(const Hash128& key);

  const std::int64_t bytes_max_;
  // Kept in step with the table inside the same transaction; counted from it when opened.
  std::int64_t entries_ = 0;
  std::int64_t bytes_ = 0;
  std::int64_t evictions_ = 0;

  Database& database_;
  Statement size_of_;
  Statement erase_;
  Statement insert_;
};

}  // namespace sluice
