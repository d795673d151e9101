// A clock that stands still until it is told to move. Thread-safe.
#pragma once

#include <atomic>

#include "storage/base/clock.h"

namespace sluice {

class FakeClock final : public Clock {
 public:
  // 2026-01-01T00:00:00Z, so that stored times look like times.
  static constexpr WallMs kStartMs = 1'767'225'600'000;

  SteadyTime Now() const override { return SteadyTime(Duration(elapsed_ns_.load())); }
  WallMs WallNow() const override { return kStartMs + wall_jump_ms_ + elapsed_ns_ / 1'000'000; }

  void Advance(Duration by) { elapsed_ns_ += by.count(); }
  // Moves the wall clock alone, as an administrator or a leap of NTP does.
  void JumpWall(std::chrono::milliseconds by) { wall_jump_ms_ += by.count(); }

 private:
  std::atomic<std::int64_t> elapsed_ns_{0};
  std::atomic<std::int64_t> wall_jump_ms_{0};
};

}  // namespace sluice
