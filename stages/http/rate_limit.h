// How fast requests may go to one host with one credential.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>

#include "storage/base/clock.h"

namespace sluice {

struct RateOptions {
  double requests_per_second = 0;  // a ceiling, never exceeded; 0: unknown, learned from refusals
  int burst = 1;                   // requests that may go at once after a pause; >= 1
};

// What a restart needs so as not to walk into the same wall.
struct RateState {
  WallMs not_before_ms = 0;            // 0: no wait is due
  std::int64_t learned_milli_rps = 0;  // learned rate in requests per 1000 s; 0: none
};

// The right to send one request, now. Handed back with its answer.
struct Permit {
  SteadyTime sent_at;
  double pace = 0;     // requests per second when it was given; infinity: unpaced
  bool probe = false;  // the one request that tries the server after a long wait
};
// Refusal as a value: ask again then.
struct NotUntil {
  SteadyTime time;
};

// Single-threaded: only on the loop thread.
class RateLimiter {
 public:
  RateLimiter(const Clock& clock, RateOptions options);

  std::variant<Permit, NotUntil> TryAcquire();

  // Every permit is handed back by exactly one of these.
  void OnAccepted(const Permit& permit);
  // `retry_after` as the server gave it, if it did.
  void OnRefused(const Permit& permit, std::optional<Duration> retry_after);
  // No answer, or one that says nothing about the rate.
  void OnOther(const Permit& permit);

  // Requests per second at which permits are given; infinity: unpaced.
  double pace() const { return pace_; }
  // In the future while a refusal holds everything back.
  SteadyTime held_until() const { return held_until_; }

  RateState ExportState() const;
  void ImportState(const RateState& state);

 private:
  const Clock& clock_;
  const RateOptions options_;
  double pace_;
  SteadyTime next_{};  // GCRA's theoretical arrival time
  SteadyTime held_until_{};
};

}  // namespace sluice
