// How fast requests may go to one host with one credential.
//
// Known rate: GCRA just below it; it is a ceiling. Unknown rate: starts with a few requests in a
// round trip, grows with each further one until the first refusal (RateStart), then stays just
// below what the server accepts and tries a little more now and then; so refusals stay near one in
// a hundred.
//
// What the server accepts is counted from one refusal to the next: at both its bucket was empty, so
// the count is its rate, however much it lets through at once. Before the first refusal the bucket
// may have been full, so what is counted there is only a bound; the answers to what was under way
// then say more.
//
// What a refusal means. Servers give Retry-After in whole seconds, so a limit of 30/s says "1"
// where 33 ms would do, and obeying it literally would leave 97 % of the budget unused. Hence:
//   - 5 s or more is meant: everything waits that long, then one request probes.
//   - less is put to the test, once: one request at a time, sent after 1, 2 and 4 intervals of the
//     learned rate. Accepted: this server rounds up, and slowing down is answer enough from then
//     on. Refused three times: it means what it says, and is obeyed from then on.
//   - one refusal in a hundred at a configured rate, or one that a late request explains
//     (LateArrivals), costs its slot: what is just right is refused now and then by a server
//     without a burst.
//   - after three refusals in a row without one acceptance everything waits whatever was learned
//     before: 1 s, doubled with each further one up to 60 s, and no less than the server says.
//
// A server that is closed refuses at any pace, so what its silence seems to say is not believed. A
// pace that had held before is kept. One that was still being tried out starts from 1/s and grows
// by a quarter in each round trip, again to wherever the next refusal comes. If refusals close
// the server (for 2 s or more) time and again, the pace climbs the slower the more each of them
// costs, so that about one request in twenty is lost to them.
//
// What was refused once, or learned in an earlier run, holds only for so long: after a hundred
// acceptances in a row (after an import ten at most) the steps grow with the square of their
// number.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>

#include "stages/http/late_arrivals.h"
#include "storage/base/clock.h"

namespace sluice {

enum class RateStart {
  kCareful,  // 4 in a round trip, 60/s at most; half as much again in each: nothing is known
  kBold,     // 32 in a round trip, 320/s at most; doubled in each: there is said to be no limit
};

struct RateOptions {
  double requests_per_second = 0;  // a ceiling, never exceeded; 0: unknown, learned from refusals
  int burst = 1;                   // requests that may go at once after a pause; >= 1
  RateStart start = RateStart::kCareful;  // of an unknown rate
};

// What a restart needs so as not to walk into the same wall.
struct RateState {
  WallMs not_before_ms = 0;            // 0: no wait is due
  std::int64_t learned_milli_rps = 0;  // learned rate in requests per 1000 s; 0: none
};

// The right to send one request, now. Handed back with its answer.
struct Permit {
  SteadyTime sent_at;
  double pace = 0;     // requests per second when it was given
  bool probe = false;  // the one request that tries the server after a wait
};
// Refusal as a value: ask again then. SteadyTime::max(): after the answer to the probe under way.
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
  // An accepted answer said that nothing is left for `wait`. Obeyed from 5 s on; a shorter one
  // where it is no whole number of seconds and has proved true.
  void OnSpent(Duration wait);
  // So many redirects were followed without a permit of their own: what they took is made up for.
  void OnFollowed(int redirects);
  // No answer, or one that says nothing about the rate.
  void OnOther(const Permit& permit);

  // Requests per second at which permits are given.
  double pace() const { return pace_; }
  // The pace was lowered by a refusal, in this run or an earlier one.
  bool learned() const { return refused_pace_.has_value(); }
  // In the future while a refusal holds everything back.
  SteadyTime held_until() const { return held_until_; }

  RateState ExportState() const;
  void ImportState(const RateState& state);

 private:
  enum class Gate {
    kOpen,     // permits at pace_
    kHeld,     // none before held_until_, then one probe
    kProbing,  // the probe is under way
  };
  enum class RetryAfterMeaning { kUntested, kRoundedUp, kExact };

  // What was accepted since the last refusal, or since a start or a pause.
  struct Window {
    SteadyTime from = SteadyTime::max();  // max: not begun
    int accepted = 0;
    SteadyTime resumed = SteadyTime::max();  // when the first of these was sent

    void Count(SteadyTime sent_at);
    // Requests per second until `time`, with `more` for what the server has saved up by then.
    // Infinite where nothing can be said.
    double RateAt(SteadyTime time, double more) const;
    // The same, where the window began with a wait.
    double RateAfterHold(SteadyTime time) const;
    // Of the time since the first of these alone.
    double RateSinceResumed(SteadyTime time) const;
  };

  bool IsFresh(const Permit& permit) const { return permit.sent_at > reacted_at_; }
  bool IsUnknown() const;
  Duration SpentAt(const Permit& refused) const;
  void JudgeSpent(const Permit& permit, bool refused);
  void StartWith(Duration round_trip);
  void Measure(const Permit& refused);
  bool Excuse(const Permit& refused, Duration named);
  void SlowDown(const Permit& refused);
  void SpeedUp(const Permit& accepted);
  Duration HoldAfterRefusal(Duration named);
  void BeginRow();
  void BelieveNoSilence();
  void EndRow();
  void Regrow(double to);
  bool IsProven(SteadyTime time) const;
  double Counted(SteadyTime time) const;
  double Learned() const;
  void Hold(Duration wait);
  void Open();
  void SpendBurst();
  Duration Interval() const;

  const Clock& clock_;
  const double ceiling_;  // infinity: none
  const int burst_;
  const RateStart start_;
  double pace_;
  SteadyTime next_{};  // GCRA's theoretical arrival time
  Gate gate_ = Gate::kOpen;
  SteadyTime held_until_{};

  std::optional<double> refused_pace_;  // the pace that was last refused
  RetryAfterMeaning meaning_ = RetryAfterMeaning::kUntested;
  int refusals_in_row_ = 0;                    // fresh ones, without an acceptance between
  int accepted_in_row_ = 0;                    // since the last refusal; counted up to a few
  SteadyTime reacted_at_ = SteadyTime::min();  // what was sent before is part of the same event
  SteadyTime refused_sent_at_ = SteadyTime::min();
  SteadyTime advised_until_ = SteadyTime::min();  // when the last short Retry-After ends
  SteadyTime spent_from_ = SteadyTime::max();     // when nothing was left, last
  SteadyTime spent_until_{};
  int spent_proofs_ = 0;
  Window window_;
  // Between the first refusal of all and the next acceptance:
  bool measuring_ = false;
  // What the first of several refusals in a row left.
  struct Row {
    SteadyTime began_at{};
    double pace = 0;
    std::optional<double> refused_pace;
  };
  Row row_;
  bool closed_ = false;  // the row has led to a wait: its silence says nothing about the pace
  bool after_closure_ = false;  // the last row has
  Duration closed_for_{};       // the last one that has
  bool proven_ = false;         // the pace held for some time before the last row
  int closures_ = 0;
  bool regrowing_ = false;  // fast, up to regrow_to_
  double regrow_to_ = 0;
  double care_ = 1;  // steps are so many times smaller
  int climbed_ = 0;  // steps since the last refusal
  double eager_after_;
  bool started_ = false;  // with a pace that suits the round trip
  SteadyTime sped_up_at_{};
  bool pace_bound_ = false;  // a permit was refused for the pace since then
  LateArrivals arrivals_;
};

}  // namespace sluice
