// How many requests of one operation may be under way: up by one per full round while the server
// keeps its pace, down by a fifth when it is overloaded, by half when it asks for that (AIMD).
#pragma once

#include <cstdint>

#include "storage/base/clock.h"

namespace sluice {

enum class Autotune { kOff, kOn };

// Single-threaded: only on the loop thread.
class ConcurrencyLimit {
 public:
  enum class Start : std::uint64_t {};
  enum class Outcome {
    kAnswered,    // whole answer, after `latency`
    kOverloaded,  // 429, 5xx, timeout or a broken connection
    kToldToCalm,  // the server asks for fewer at once (HTTP/2: ENHANCE_YOUR_CALM)
    kAbandoned,   // says nothing about the server
  };

  // Stays in [1, max]; starts at `max`. With Autotune::kOff it stays there.
  ConcurrencyLimit(int max, Autotune autotune);

  bool MayStart() const { return in_flight_ < limit(); }
  // REQUIRES: MayStart(). Every start is followed by exactly one OnEnd.
  Start OnStart();
  void OnEnd(Start start, Outcome outcome, Duration latency);

  int limit() const { return static_cast<int>(limit_); }
  int in_flight() const { return in_flight_; }
  int max() const { return max_; }

 private:
  void Raise(Duration latency, bool was_full);
  void Lower(Start start, double to);

  const int max_;
  const Autotune autotune_;
  double limit_;
  int in_flight_ = 0;
  std::uint64_t starts_ = 0;
  std::uint64_t starts_at_last_cut_ = 0;
  Duration latency_floor_{0};  // 0: unknown
};

}  // namespace sluice
