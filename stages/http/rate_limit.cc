#include "stages/http/rate_limit.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace sluice {
namespace {

constexpr double kUnbounded = std::numeric_limits<double>::infinity();
// Where an unknown rate starts, once a round trip is known: so many requests are refused at most
// where the limit is very low.
constexpr double kStartPace = 20;
constexpr double kStartPaceCareful = 60;
constexpr double kStartInFlightCareful = 4;
constexpr double kStartPaceBold = 320;
constexpr double kStartInFlightBold = 32;
constexpr double kPaceMin = 0.01;
constexpr double kPaceMax = 1e6;
// A server that counts without any burst refuses a request that arrives a hair early: stay 1 %
// below. With a burst, one request of it is kept back for that (0.5 % lets it refill).
constexpr double kMarginWithoutBurst = 0.99;
constexpr double kMarginWithBurst = 0.995;
// After a refusal the pace drops by 3 % and closes half of the gap to the refused pace in 20
// acceptances: about one refusal in a hundred, at 96 % of the rate (rate_simulation_test.cc).
constexpr double kBackOff = 0.97;
constexpr double kApproach = 1.0 / 30;
constexpr double kCreep = 0.0002;
// Where Retry-After is obeyed a refusal costs a second of silence, so they must be rarer.
constexpr double kCareWhereExact = 10;
constexpr double kNear = 0.1;
// A refusal that closes the server for long costs all that would have been accepted meanwhile. One
// that costs five requests is worth the usual hundred acceptances of climbing; with more in
// proportion what is lost stays near one in twenty.
constexpr double kLostPerCare = 5;
// After so many acceptances without a refusal what was refused once says little: the steps grow
// with the square of their number. What an earlier run learned is doubted sooner: after three
// seconds of acceptances, or ten of them.
constexpr double kEagerAfter = 100;
constexpr double kEagerAfterImport = 10;
constexpr double kEagerImportedFor = 3;
constexpr double kStepMax = 0.25;
// Once a closed server is open again, and whether it takes the pace it had is not proven: from one
// a second, a quarter more in each round trip. Below that each request takes so long that doubling
// is in order.
constexpr double kReopenPace = 1;
constexpr double kRegrowth = 1.25;
constexpr double kRegrowthBelow = 2;
constexpr double kCutRegrowing = 0.6;
constexpr int kProvenAfter = 20;
constexpr Duration kProvenFor = std::chrono::seconds(5);
// One closed time is an outage, two may be; from the third on it seems to be what the pace costs.
constexpr int kClosuresOfOutage = 2;
// Per round trip, until the first refusal.
constexpr double kGrowthCareful = 1.5;
constexpr double kGrowthBold = 2;
// How deep one refusal may cut. What was accepted just before says more where the rate is unknown;
// where it is configured, a timer that was late on a busy machine looks the same, and is likelier;
// after so many acceptances in a row it is no more than that.
// The first refusal of all: half the pace was not refused yet, and the answers to what is under way
// will say more (Measure).
constexpr double kCutFirst = 0.5;
constexpr double kCutUnknown = 0.25;
constexpr double kCutConfigured = 0.9;
constexpr int kRareAfter = 15;
// At a configured rate one refusal in so many is the jitter of a single request.
constexpr int kJitterAfter = 100;
// A late request may explain one refusal in so many; a pace that is too high brings more.
constexpr int kExplainAfter = 5;
// A server that refuses has less than one request saved up: on average so much.
constexpr double kHalfSaved = 0.5;
// After a pause of so many intervals the server may have saved up a burst.
constexpr int kPauseIntervals = 4;
constexpr Duration kLongRetryAfter = std::chrono::seconds(5);
constexpr int kRefusalsToObey = 3;
// "Nothing is left" for less than that is obeyed once more of what was sent nevertheless was
// refused than accepted, and if it is long against the interval: a bucket that fills all the time
// says it with each answer.
constexpr int kSpentProofs = 1;
constexpr int kSpentProofsMax = 3;
constexpr int kSpentIntervals = 5;
// A rate that is so low is learned from a second of silence well enough.
constexpr Duration kClosedFor = std::chrono::seconds(2);
// While the rate is being measured its interval may be far too short for a test; this one is not.
constexpr Duration kTestMeasuring = std::chrono::milliseconds(50);
// A server next door would otherwise see the pace doubled a thousand times a second.
constexpr Duration kGrowthEvery = std::chrono::milliseconds(10);
constexpr Duration kFirstHold = std::chrono::seconds(1);  // where the server names no time
constexpr Duration kLongestHold = std::chrono::seconds(60);

double SecondsOf(Duration time) { return std::chrono::duration<double>(time).count(); }

}  // namespace

RateLimiter::RateLimiter(const Clock& clock, RateOptions options)
    : clock_(clock),
      ceiling_(options.requests_per_second <= 0
                   ? kUnbounded
                   : options.requests_per_second *
                         (options.burst > 1 ? kMarginWithBurst : kMarginWithoutBurst)),
      burst_(std::max(1, options.burst - 1)),
      start_(options.start),
      pace_(std::min(ceiling_, options.requests_per_second > 0 ? kPaceMax : kStartPace)),
      eager_after_(kEagerAfter) {}

Duration RateLimiter::Interval() const { return Duration(static_cast<std::int64_t>(1e9 / pace_)); }

std::variant<Permit, NotUntil> RateLimiter::TryAcquire() {
  const SteadyTime now = clock_.Now();
  if (now < held_until_) return NotUntil{held_until_};
  if (gate_ == Gate::kProbing) return NotUntil{SteadyTime::max()};
  if (gate_ == Gate::kHeld) {
    gate_ = Gate::kProbing;
    SpendBurst();
    arrivals_.OnSent(now);
    return Permit{.sent_at = now, .pace = pace_, .probe = true};
  }
  SteadyTime allowed = next_ - (burst_ - 1) * Interval();
  if (burst_ == 1) allowed = std::max(allowed, arrivals_.NotBefore(Interval()));
  if (now < allowed) {
    pace_bound_ = true;
    if (window_.from == SteadyTime::max()) window_.from = now;
    return NotUntil{allowed};
  }
  if (now - next_ > kPauseIntervals * Interval()) window_ = {};
  next_ = std::max(next_, now) + Interval();
  arrivals_.OnSent(now);
  return Permit{.sent_at = now, .pace = pace_};
}

void RateLimiter::OnAccepted(const Permit& permit) {
  arrivals_.OnAnswer(permit.sent_at, clock_.Now());
  JudgeSpent(permit, false);
  if (!std::exchange(started_, true) && IsUnknown()) StartWith(clock_.Now() - permit.sent_at);
  window_.Count(permit.sent_at);
  const bool inside_window = permit.sent_at > refused_sent_at_ && permit.sent_at < advised_until_;
  if (inside_window && meaning_ == RetryAfterMeaning::kUntested) {
    meaning_ = RetryAfterMeaning::kRoundedUp;
    Open();
  }
  if (permit.probe) Open();
  if (IsFresh(permit)) {
    if (refusals_in_row_ > 0) EndRow();
    refusals_in_row_ = 0;
    accepted_in_row_ = std::min(accepted_in_row_ + 1, kJitterAfter);
    measuring_ = false;
  }
  SpeedUp(permit);
}

void RateLimiter::OnSpent(Duration wait) {
  if (wait >= kLongRetryAfter) return Hold(wait);
  if (wait % std::chrono::seconds(1) == Duration::zero()) return;  // rounded up, for all we know
  spent_from_ = clock_.Now();
  spent_until_ = spent_from_ + wait;
  if (spent_proofs_ >= kSpentProofs && wait > kSpentIntervals * Interval()) Hold(wait);
}

// How long nothing will be left yet, where the server has said so before it refused; 0: it has not.
Duration RateLimiter::SpentAt(const Permit& refused) const {
  if (refused.sent_at <= spent_from_) return Duration::zero();
  const Duration wait = spent_until_ - clock_.Now();
  return SecondsOf(wait) * refused.pace > kSpentIntervals ? wait : Duration::zero();
}

// What was sent though nothing was left shows whether the server means it.
void RateLimiter::JudgeSpent(const Permit& permit, bool refused) {
  if (permit.sent_at <= spent_from_ || permit.sent_at >= spent_until_) return;
  spent_proofs_ = std::clamp(spent_proofs_ + (refused ? 1 : -1), -kSpentProofsMax, kSpentProofsMax);
}

void RateLimiter::OnFollowed(int redirects) {
  next_ = std::max(next_, clock_.Now()) + redirects * Interval();
}

void RateLimiter::OnOther(const Permit& permit) {
  if (permit.probe && gate_ == Gate::kProbing) gate_ = Gate::kHeld;  // another one may try
}

void RateLimiter::OnRefused(const Permit& permit, std::optional<Duration> retry_after) {
  const SteadyTime now = clock_.Now();
  if (retry_after && *retry_after < kLongRetryAfter) {
    advised_until_ = std::max(advised_until_, now + *retry_after);
  }
  arrivals_.OnAnswer(permit.sent_at, now);
  JudgeSpent(permit, true);
  // "Now" has just been refused, so it is no time at all.
  const Duration named = retry_after.value_or(Duration::zero());
  const bool fresh = permit.probe || IsFresh(permit);
  const bool excused = fresh && Excuse(permit, named);
  if (fresh) {
    ++refusals_in_row_;
    if (!excused) SlowDown(permit);
    if (refusals_in_row_ == 1) BeginRow();
    accepted_in_row_ = 0;
    reacted_at_ = now;
  }
  refused_sent_at_ = std::max(refused_sent_at_, permit.sent_at);
  if (measuring_) Measure(permit);
  if (excused) return;
  if (!fresh) {
    if (named >= kLongRetryAfter) Hold(named);
    return;
  }
  const Duration wait = std::max(SpentAt(permit), HoldAfterRefusal(named));
  if (wait > Duration::zero()) {
    Hold(wait);
  } else if (permit.probe) {
    Open();
  }
}

// How long everything waits after a fresh refusal that named a time, or none (0). Returns 0 where
// slowing down is answer enough.
Duration RateLimiter::HoldAfterRefusal(Duration named) {
  const bool has_time = named > Duration::zero();
  if (named >= kLongRetryAfter) {
    BelieveNoSilence();
    return named;
  }
  const Duration test = Interval() * (1 << std::min(refusals_in_row_ - 1, 20));
  const bool obey = refusals_in_row_ > kRefusalsToObey && (!measuring_ || test > kTestMeasuring);
  if (obey && meaning_ == RetryAfterMeaning::kUntested && has_time) {
    meaning_ = RetryAfterMeaning::kExact;
    if (measuring_) pace_ = row_.pace;  // a closed server refuses at any pace
    measuring_ = false;
  }
  if (obey) {
    // Doubled each time: a server may say "1" for the minutes that it stays closed.
    const int doublings = std::min(refusals_in_row_ - kRefusalsToObey - 1, 10);
    const Duration hold = std::max(named, std::min(kLongestHold, kFirstHold * (1 << doublings)));
    if (clock_.Now() + hold - row_.began_at >= kClosedFor) BelieveNoSilence();
    return hold;
  }
  if (has_time && meaning_ == RetryAfterMeaning::kExact) return named;
  const bool tested = meaning_ != RetryAfterMeaning::kUntested || !has_time;
  if (tested && refusals_in_row_ == 1) return Duration::zero();
  return std::min(test, has_time ? named : kFirstHold);
}

void RateLimiter::Hold(Duration wait) {
  gate_ = Gate::kHeld;
  held_until_ = std::max(held_until_, clock_.Now() + wait);
}

void RateLimiter::Open() {
  gate_ = Gate::kOpen;
  held_until_ = std::min(held_until_, clock_.Now());
}

// Right after a refusal the server has nothing saved up, so neither have we.
void RateLimiter::SpendBurst() { next_ = clock_.Now() + burst_ * Interval(); }

bool RateLimiter::IsUnknown() const { return ceiling_ == kUnbounded && !refused_pace_; }

void RateLimiter::StartWith(Duration round_trip) {
  const bool bold = start_ == RateStart::kBold;
  const double in_flight = bold ? kStartInFlightBold : kStartInFlightCareful;
  const double most = bold ? kStartPaceBold : kStartPaceCareful;
  pace_ = std::max(pace_, std::min(most, in_flight / std::max(1e-6, SecondsOf(round_trip))));
  sped_up_at_ = clock_.Now();
}

// A refusal that says nothing about the pace costs its slot and no more. True if this is one.
bool RateLimiter::Excuse(const Permit& refused, Duration named) {
  const bool pacing = gate_ == Gate::kOpen && !IsUnknown();
  const bool obeyed = named >= kLongRetryAfter || meaning_ == RetryAfterMeaning::kExact;
  if (!pacing || obeyed || regrowing_ || accepted_in_row_ < kExplainAfter) return false;
  const bool late =
      burst_ == 1 && arrivals_.ExplainRefusal(refused.sent_at, Interval(), clock_.Now());
  if (!late && (ceiling_ == kUnbounded || accepted_in_row_ < kJitterAfter)) return false;
  // Where the late request's arrival is known, that is what the next one waits for.
  next_ = clock_.Now() + (late ? 0 : burst_) * Interval();
  window_ = {.from = refused.sent_at};
  return true;
}

void RateLimiter::SlowDown(const Permit& refused) {
  if (refusals_in_row_ == 1) {
    const double cut = IsUnknown()                      ? kCutFirst
                       : ceiling_ == kUnbounded         ? kCutUnknown
                       : accepted_in_row_ >= kRareAfter ? kBackOff
                                                        : kCutConfigured;
    measuring_ = IsUnknown();
    proven_ = IsProven(refused.sent_at);
    refused_pace_ = refused.pace;
    // Without a window the pace was not used.
    const bool counted = !measuring_ && window_.from != SteadyTime::max();
    const double accepted = counted ? Counted(refused.sent_at) : 0;
    // A server that was open for less than it is closed for minds the pace.
    const bool brief = after_closure_ && refused.sent_at - window_.resumed < closed_for_;
    const double most = refused.pace * (regrowing_ || brief ? kCutRegrowing : kBackOff);
    const bool too_fast_for_one = counted && after_closure_ && window_.accepted <= 1;
    pace_ = std::min(pace_, too_fast_for_one ? std::min(accepted, most)
                                             : std::clamp(accepted, refused.pace * cut, most));
    if (too_fast_for_one) refused_pace_ = std::min(*refused_pace_, pace_ / kCutRegrowing);
    regrowing_ = false;
    climbed_ = 0;
    eager_after_ = kEagerAfter;
    window_ = {.from = refused.sent_at};
  } else if (meaning_ == RetryAfterMeaning::kRoundedUp && !measuring_) {
    pace_ /= 2;  // refused by a closed server the pace would say nothing
  }
  pace_ = std::clamp(pace_, kPaceMin, kPaceMax);
  SpendBurst();
}

// From an empty bucket to one that was still, or again, empty: so much the server takes at most. A
// bucket of one that is full loses what comes until the next request does, up to one interval of
// the pace for each that was accepted.
void RateLimiter::Measure(const Permit& refused) {
  const double accepted = window_.RateAt(refused.sent_at, 1);
  if (accepted >= refused.pace) return;
  const double most = std::max(kPaceMin, 1 / (1 / accepted - 1 / refused.pace));
  pace_ = std::min(pace_, most);
  refused_pace_ = std::min(*refused_pace_, most);
  if (window_.accepted > 0) BeginRow();
}

// Whether the pace has held so long that its being too high is no likely cause of a closed time.
bool RateLimiter::IsProven(SteadyTime time) const {
  if (regrowing_ || window_.accepted < kProvenAfter) return false;
  const bool known = refused_pace_ && !after_closure_;
  return known || time - window_.resumed >= kProvenFor;
}

// What was accepted since the last refusal, as a rate. The time that a closed server kept us
// waiting is no part of it, unless that is how it makes up for a burst: it closes again and again
// after a few requests.
double RateLimiter::Counted(SteadyTime time) const {
  if (meaning_ == RetryAfterMeaning::kExact) return window_.RateAfterHold(time);
  if (!after_closure_ || window_.accepted <= 1) return window_.RateAt(time, kHalfSaved);
  if (window_.accepted < kProvenAfter && closures_ > kClosuresOfOutage) {
    return window_.RateAfterHold(time);
  }
  return window_.RateSinceResumed(time);
}

void RateLimiter::BeginRow() {
  if (refusals_in_row_ == 1) row_.began_at = clock_.Now();
  row_.pace = pace_;
  row_.refused_pace = refused_pace_;
}

// A closed server refuses at any pace, so the pace is what the first refusal has left of it.
void RateLimiter::BelieveNoSilence() {
  measuring_ = false;
  closed_ = true;
  if (ceiling_ != kUnbounded) return;
  pace_ = row_.pace;
  refused_pace_ = row_.refused_pace;
}

// The first acceptance after refusals.
void RateLimiter::EndRow() {
  after_closure_ = std::exchange(closed_, false) && ceiling_ == kUnbounded;
  care_ = 1;
  if (!after_closure_) return;
  closed_for_ = clock_.Now() - row_.began_at;
  if (++closures_ >= kClosuresOfOutage) {
    const Duration lost = std::min(closed_for_, kLongestHold);
    care_ = std::max(1.0, SecondsOf(lost) * pace_ / kLostPerCare);
  }
  if (proven_) return;
  Regrow(closures_ < kClosuresOfOutage ? kPaceMax : pace_);
}

void RateLimiter::Regrow(double to) {
  regrowing_ = true;
  regrow_to_ = to;
  pace_ = std::min(pace_, kReopenPace);
  sped_up_at_ = clock_.Now();
  SpendBurst();
}

void RateLimiter::Window::Count(SteadyTime sent_at) {
  if (sent_at <= from) return;
  ++accepted;
  resumed = std::min(resumed, sent_at);
}

double RateLimiter::Window::RateAt(SteadyTime time, double more) const {
  return time > from ? (accepted + more) / SecondsOf(time - from) : kUnbounded;
}

double RateLimiter::Window::RateSinceResumed(SteadyTime time) const {
  return time > resumed ? (accepted - kHalfSaved) / SecondsOf(time - resumed) : kUnbounded;
}

// What the server saved up while nothing was sent it may have lost, for want of room. If that was
// most of the time, the truth is between what it took on the whole and what it took since then.
double RateLimiter::Window::RateAfterHold(SteadyTime time) const {
  const double least = RateAt(time, kHalfSaved);
  if (resumed >= time || resumed - from < time - resumed) return least;
  return std::sqrt(least * accepted / SecondsOf(time - resumed));
}

// Only while the pace is what holds requests back: a pace that nobody needs proves nothing.
void RateLimiter::SpeedUp(const Permit& accepted) {
  const SteadyTime now = clock_.Now();
  if (!pace_bound_ || gate_ != Gate::kOpen) return;
  if (regrowing_) {
    if (accepted.sent_at < sped_up_at_ || now - sped_up_at_ < kGrowthEvery) return;
    pace_ = std::min(regrow_to_, pace_ * (pace_ < kReopenPace ? kRegrowthBelow : kRegrowth));
    regrowing_ = pace_ < regrow_to_;
    next_ = std::min(next_, now + burst_ * Interval());
  } else if (!refused_pace_) {
    if (accepted.sent_at < sped_up_at_ || now - sped_up_at_ < kGrowthEvery) return;
    pace_ *= start_ == RateStart::kBold ? kGrowthBold : kGrowthCareful;
  } else {
    const double gap = std::abs(*refused_pace_ - pace_);
    const bool careful = meaning_ == RetryAfterMeaning::kExact && gap < pace_ * kNear &&
                         ceiling_ == kUnbounded;  // a configured rate is no discovery
    const double care = std::max(care_, careful ? kCareWhereExact : 1);
    const double doubt = ++climbed_ / (eager_after_ * care);
    const double eager = ceiling_ == kUnbounded ? std::max(1.0, doubt * doubt) : 1;
    pace_ += std::min(std::max(kCreep * pace_ * eager, gap * kApproach) / care,
                      std::max(kStepMax * pace_, gap * kApproach));
  }
  pace_ = std::min({pace_, ceiling_, kPaceMax});
  sped_up_at_ = now;
  pace_bound_ = false;
}

RateState RateLimiter::ExportState() const {
  RateState state;
  const Duration wait = held_until_ - clock_.Now();
  if (wait > Duration::zero()) {
    state.not_before_ms =
        clock_.WallNow() + std::chrono::ceil<std::chrono::milliseconds>(wait).count();
  }
  state.learned_milli_rps = std::llround(Learned() * 1000);
  return state;
}

// 0: nothing. What only a closed time has brought about is not worth to be remembered.
double RateLimiter::Learned() const {
  if (!learned()) return 0;
  if (ceiling_ != kUnbounded) return pace_;
  if (regrowing_) return regrow_to_ < kPaceMax ? regrow_to_ : 0;
  if (closed_ && closures_ + 1 < kClosuresOfOutage && !proven_) return 0;
  return refusals_in_row_ > 0 ? row_.pace : pace_;
}

void RateLimiter::ImportState(const RateState& state) {
  if (state.learned_milli_rps > 0) {
    pace_ = std::min(ceiling_, std::clamp(static_cast<double>(state.learned_milli_rps) / 1000,
                                          kPaceMin, kPaceMax));
    refused_pace_ = pace_ / kBackOff;
    eager_after_ = std::clamp(kEagerImportedFor * pace_, kEagerImportedFor, kEagerAfterImport);
    if (ceiling_ == kUnbounded && pace_ < kReopenPace) Regrow(kReopenPace);
  }
  const std::int64_t wait_ms = state.not_before_ms - clock_.WallNow();
  if (wait_ms > 0) Hold(std::chrono::milliseconds(wait_ms));
}

}  // namespace sluice
