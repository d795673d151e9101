// How late requests may have reached the server, as far as their answers tell.
//
// A server without a burst counts from one arrival to the next, so a request that arrives late
// makes the next one early, and that one is refused. An answer that took longer than the quickest
// ones bounds how late its request was; waiting for that much more keeps the next one from being
// early. But it may as well be the server that was slow, and then the wait is wasted. So it is only
// done where refusals are frequent and speak for it: where those that followed unusually late
// answers outnumber the others by two, or by more where answers often take long. At 50/s with one
// wake-up in three late by 2 ms that is 89 % of the rate with 0.4 % refused
// (rate_simulation_test.cc); slowing down until refusals are rare was 76 % with 1.6 %.
#pragma once

#include "storage/base/clock.h"

namespace sluice {

// Single-threaded, without a clock of its own.
class LateArrivals {
 public:
  void OnSent(SteadyTime now);
  // To what was sent at `sent_at`, whatever it says. REQUIRES: called before ExplainRefusal().
  void OnAnswer(SteadyTime sent_at, SteadyTime now);

  // The request sent at `sent_at` was refused though one per `interval` was in order. True if this
  // is because the one before it was late, and is going to be avoided from now on.
  bool ExplainRefusal(SteadyTime sent_at, Duration interval, SteadyTime now);

  // When the next request is not early, wherever that is known and matters; SteadyTime::min()
  // otherwise.
  SteadyTime NotBefore(Duration interval) const;

 private:
  struct Sent {
    SteadyTime at = SteadyTime::min();  // min: none
    Duration late{kUnanswered};
  };
  static constexpr Duration kUnanswered{-1};

  bool CanTell(Duration interval) const;

  Sent last_;
  Sent before_last_;
  Duration floor_{0};      // the quickest answer of late; 0: none yet
  Duration late_mean_{0};  // of all answers
  int answers_ = 0;        // since the last refusal, counted up to some
  int evidence_ = 0;       // refusals after an unusually late answer less others, within bounds
  int heeded_ = 0;         // so many more answers are heeded
};

}  // namespace sluice
