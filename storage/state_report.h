// What a person asks of a state: progress, failures, limits, runs. Reads the stable views through a
// connection of its own, also while a run goes on.
//
// Thread-safe: free functions, each with its own connection.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "storage/base/result.h"

namespace sluice {

struct StateReport {
  struct Progress {
    std::string kind;
    std::int64_t total = 0;
    std::int64_t done = 0;
    std::int64_t failed = 0;
    std::int64_t waiting = 0;
    std::int64_t in_flight = 0;
  };
  struct Failed {
    std::string item;
    std::string kind;
    std::string operation;
    int http_status = 0;
    std::string error_class;
    int attempts = 0;
    std::string last_error;
  };
  struct LastRun {
    std::int64_t run = 0;
    std::int64_t generation = 0;
    std::string started;   // ISO 8601, UTC
    std::string finished;  // empty: running, or killed
    std::string outcome;
    std::optional<int> exit_code;
    std::int64_t requests = 0;
    std::int64_t cache_hits = 0;
    std::int64_t outputs = 0;
    std::string message;
  };
  struct Collection {
    std::string name;
    std::string disposition;
    std::int64_t rows = 0;
    std::string cursor;  // where the last complete listing ended; empty: nowhere
    std::string state;   // of the document that owns it
  };
  struct Noted {
    std::string document;
    std::string title;
    std::string kind;
    std::string text;
  };
  struct CacheSize {
    std::int64_t entries = 0;
    std::int64_t bytes = 0;
    std::int64_t hits = 0;
    std::int64_t misses = 0;
    std::int64_t evictions = 0;
    std::int64_t rebuilds = 0;  // times the counters were wrong and were counted anew

    // Of all lookups; nullopt before the first.
    std::optional<double> HitRatio() const {
      if (hits + misses == 0) return std::nullopt;
      return static_cast<double>(hits) / static_cast<double>(hits + misses);
    }
  };

  std::vector<Progress> progress;
  std::vector<Failed> failures;
  std::int64_t failures_total = 0;
  std::vector<Collection> collections;
  std::vector<Noted> notes;
  std::int64_t notes_total = 0;
  std::vector<std::string> shortfalls;
  std::vector<std::pair<std::string, std::string>> limits;
  CacheSize cache;
  std::optional<LastRun> last_run;
  std::int64_t waiting_until_ms = 0;  // the earliest time anything waits for; 0: nothing waits
  std::int64_t outputs = 0;
  std::string source;  // the first word of the job's fingerprint; empty: no run has begun
};

// At most `rows_max` failures and as many notes are listed; the totals count all.
// Code::kDisk: there is no state; Code::kDamaged: it is not one of ours.
Result<StateReport> ReadStateReport(const std::filesystem::path& state_file, int rows_max);

}  // namespace sluice
