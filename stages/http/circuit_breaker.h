// Stops asking a server that does not answer, and finds out when it does again.
//
//   closed     -> open       after `failures_max` failures in a row
//   open       -> half-open  after `open_for`: one probe is let through
//   half-open  -> closed     the probe succeeded
//   half-open  -> open       the probe failed
// Each change begins a new generation; an answer to a request of an older one is ignored, so that
// what was sent before an outage cannot close or open anything after it.
#pragma once

#include <cstdint>

#include "storage/base/clock.h"

namespace sluice {

struct BreakerOptions {
  int failures_max = 10;                        // in a row; fewer would trip on a burst of 5xx
  Duration open_for = std::chrono::seconds(1);  // so an outage costs one probe a second
};

// Single-threaded: only on the loop thread. One per host.
class CircuitBreaker {
 public:
  enum class State { kClosed, kOpen, kHalfOpen };
  enum class Generation : std::uint64_t {};

  CircuitBreaker(const Clock& clock, BreakerOptions options);

  // When the next request may go: now or earlier means at once, SteadyTime::max() after the probe
  // under way has been answered.
  SteadyTime AllowedAt() const;
  // Takes the right to send one request. REQUIRES: AllowedAt() <= clock.Now().
  Generation Admit();

  // Every admitted request is reported by exactly one of these. The server answered:
  void OnAnswer(Generation generation);
  // It could not be reached, or answered 5xx:
  void OnFailure(Generation generation);
  // We gave the request up ourselves, which says nothing:
  void OnAbandoned(Generation generation);

  State state() const { return state_; }

 private:
  void SetState(State to);

  const Clock& clock_;
  const BreakerOptions options_;
  State state_ = State::kClosed;
  Generation generation_{0};
  int failures_ = 0;
  bool probing_ = false;
  SteadyTime open_until_{};
};

}  // namespace sluice
