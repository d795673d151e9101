// Time, injected. Waits use the steady clock; what is stored or shown uses the wall clock, in
// milliseconds UTC (columns end in _ms). Output files hold neither.
#pragma once

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

class SystemClock final : public Clock {
 public:
  SteadyTime Now() const override { return std::chrono::steady_clock::now(); }
  WallMs WallNow() const override {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
  }
};

}  // namespace sluice
