// Stops asking a server that does not answer, and finds out when it does again.
//
//   closed     -> open       after `failures_max` failures in a row
//   open       -> half-open  after `open_for`: one probe is let through
//   half-open  -> closed     the probe succeeded
//   half-open  -> open       the probe failed
// Each change begins a new generation; an answer to a request of an older one is ignored, so that
// what was sent before an outage cannot close or open anything after it.
//
// Closed, but `suspect_after` failures in a row: no more is sent until what is under way has shown
// whether they were chance, or `open_for` has passed. So an outage costs what was under way when it
// began, and little more.
#pragma once

#include <cstdint>

#include "storage/base/clock.h"

namespace sluice {

struct BreakerOptions {
  int failures_max = 10;                        // in a row; fewer would trip on a burst of 5xx
  int suspect_after = 3;                        // in a row; waiting for an answer costs little
  Duration open_for = std::chrono::seconds(1);  // so an outage costs one probe a second
};

// Single-threaded: only on the loop thread. One per host.
class CircuitBreaker {
 public:
  enum class State { kClosed, kOpen, kHalfOpen };
  enum class Generation : std::uint64_t {};

  CircuitBreaker(const Clock& clock, BreakerOptions options);

  // When the next request may go: now or earlier means at once, SteadyTime::max() after the probe
  // under way has been answered. It may become earlier with every answer.
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
  bool EndsOne(Generation generation);
  void SetState(State to);

  const Clock& clock_;
  const BreakerOptions options_;
  State state_ = State::kClosed;
  Generation generation_{0};
  int failures_ = 0;
  int under_way_ = 0;  // of this generation
  SteadyTime open_until_{};
  SteadyTime failed_at_{};
};

}  // namespace sluice
