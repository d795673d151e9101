// A Committer makes records durable in groups: first their files, then one transaction. A group
// closes when it holds `records_max` records, when its first record is `delay_max` old, or when
// it holds what `hooks.enough` asks for, whichever is first.
//
// Thread-safe: Submit(), Wake() and Stop() from any thread. Everything else, the hooks included,
// runs on the commit thread, which is the only one that writes to the state or the output folder.
// Owns: its thread. Borrows: `store` and `output`, which must outlive it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

#include "storage/base/clock.h"
#include "storage/output_dir.h"
#include "storage/records.h"
#include "storage/store.h"

namespace sluice {

class Committer {
 public:
  struct Options {
    // 256: the fsync of a group costs less than 5 % there, and a lone record waits no longer.
    std::size_t records_max = 256;
    std::chrono::milliseconds delay_max{200};
  };
  struct Hooks {
    // So many records need not wait for more: all that are under way, say. Under a lock of the
    // committer, from any thread that submits.
    std::function<std::size_t()> enough;
    // `count` records are durable, or `status` says why nothing is any more.
    std::function<void(std::size_t count, const Status& status)> committed;
    // Runs at the start, after each group, and when it is woken. Returns when it wants to run
    // again at the latest.
    std::function<SteadyTime()> tick;
  };

  Committer(Store& store, OutputDir& output, Options options, Hooks hooks);
  // Stops. Records that were not committed are not: their items stay in the frontier.
  ~Committer();

  // Starts the thread. Call once.
  void Start();
  // Queues `record`; returns at once. `hooks.committed` counts it exactly once.
  void Submit(CommitRecord record);
  // Runs `hooks.tick` soon.
  void Wake();
  // Ends the thread; no hook runs after it returns. Idempotent.
  void Stop();

 private:
  void Loop(const std::stop_token& stop);
  std::vector<CommitRecord> NextGroup(const std::stop_token& stop, SteadyTime wake_at);
  Status CommitGroup(std::vector<CommitRecord>& group);

  // Constant after construction.
  Store& store_;
  OutputDir& output_;
  const Options options_;
  const Hooks hooks_;

  // Guarded by mutex_. A condition variable needs the bare mutex, so no Guarded<> here.
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<CommitRecord> pending_;
  SteadyTime oldest_{};
  bool woken_ = false;

  std::jthread thread_;
};

}  // namespace sluice
