// Whether a state file is sound, for `sluice doctor`: it is only looked at, also while a run goes
// on.
//
// Thread-safe: free functions, each with its own connection.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "storage/base/result.h"

namespace sluice {

struct StateHealth {
  int version = 0;  // of the schema
  std::int64_t queued = 0;
  std::int64_t failed = 0;
  bool generation_finished = false;
  bool cache_counted = true;  // the size counters of the cache agree with its table
  bool listed_anew = false;   // the generation was given up, and the next run begins another one
};

// Checks version and structure of the whole file (`PRAGMA integrity_check`: about a second for 300
// MB). Code::kDisk: it cannot be read; Code::kDamaged: it is damaged, not one of ours, or of
// another version. What the rows say is not checked; a run does that with their checksums.
Result<StateHealth> CheckState(const std::filesystem::path& file);

// The SQLite that is at work, as "3.40.1".
std::string SqliteVersion();

}  // namespace sluice
