// Time, injected. Waits use the steady clock; what is stored or shown uses the wall clock, in
// milliseconds UTC (columns end in _ms). Output files hold neither.
#pragma once

#include <time.h>

#include <chrono>
#include <cstdint>

namespace sluice {

using Duration = std::chrono::nanoseconds;
using SteadyTime = std::chrono::steady_clock::time_point;

// A wall-clock instant in milliseconds since the Unix epoch, UTC.
using WallMs = std::int64_t;

// Thread-safe. Implementations: SystemClock here, FakeClock in tests/support.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual SteadyTime Now() const = 0;
  virtual WallMs WallNow() const = 0;
};

// Reads the wall clock once and goes on from there, so that a clock that is set while a run goes on
// moves no wait of that run.
class SystemClock final : public Clock {
 public:
  SteadyTime Now() const override { return std::chrono::steady_clock::now(); }
  WallMs WallNow() const override { return wall_ms_ + (UptimeMs() - uptime_ms_); }

 private:
  static WallMs SystemNow() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
  }
  // Goes on while the machine sleeps, which the steady clock does not.
  static std::int64_t UptimeMs() {
    timespec time{};
    clock_gettime(CLOCK_BOOTTIME, &time);
    return time.tv_sec * 1000 + time.tv_nsec / 1'000'000;
  }

  const WallMs wall_ms_ = SystemNow();
  const std::int64_t uptime_ms_ = UptimeMs();
};

}  // namespace sluice
