// One run at a time per output folder.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>

#include "storage/base/clock.h"
#include "storage/base/result.h"
#include "storage/beneath.h"

namespace sluice {

// Held until it is destroyed or the process dies: the kernel frees an flock by itself, so a lock is
// never stale. The file stays (0600); it says who holds or last held it:
// "pid <n> since <time, UTC> host <name>".
class RunLock {
 public:
  // Locks `state_dir`/lock; creates `state_dir` (0700). While another run holds it, tries again for
  // `wait` (pauses of 10 to 50 ms), then fails with Code::kLocked naming that run.
  static Result<RunLock> Acquire(const std::filesystem::path& state_dir, const Clock& clock,
                                 std::chrono::milliseconds wait);

 private:
  explicit RunLock(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

// Who holds the lock, as its file says; nullopt: nobody. Looks only, creates nothing.
std::optional<std::string> RunLockHolder(const std::filesystem::path& state_dir);

}  // namespace sluice
