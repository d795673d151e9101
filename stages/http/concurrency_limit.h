// How many requests of one operation may be under way: up by one while the server keeps up, down by
// a factor when it does not (AIMD).
#pragma once

#include "storage/base/clock.h"

namespace sluice {

enum class Autotune { kOff, kOn };

// Single-threaded: only on the loop thread.
class ConcurrencyLimit {
 public:
  // Stays in [1, max]; starts at `max`. With Autotune::kOff it stays there.
  ConcurrencyLimit(int max, Autotune autotune);

  bool MayStart() const { return in_flight_ < limit(); }
  void OnStart();
  // Every start is followed by exactly one end.
  enum class Outcome {
    kAnswered,    // whole answer, after `latency`
    kOverloaded,  // 429, 5xx or timeout
    kAbandoned,   // says nothing about the server
  };
  void OnEnd(Outcome outcome, Duration latency);

  int limit() const { return static_cast<int>(limit_); }
  int in_flight() const { return in_flight_; }
  int max() const { return max_; }

 private:
  const int max_;
  const Autotune autotune_;
  double limit_;
  int in_flight_ = 0;
};

}  // namespace sluice
