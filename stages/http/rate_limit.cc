#include "stages/http/rate_limit.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace sluice {
namespace {

constexpr double kUnbounded = std::numeric_limits<double>::infinity();
// Where an unknown rate starts: three round trips from 50/s, and a handful of refusals from 3/s.
constexpr double kStartPace = 20;
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
constexpr double kGrowth = 1.5;  // per round trip, until the first refusal
// How deep one refusal may cut. What was accepted just before says more where the rate is unknown;
// where it is configured, a timer that was late on a busy machine looks the same, and is likelier;
// after so many acceptances in a row it is no more than that.
constexpr double kCutUnknown = 0.25;
constexpr double kCutConfigured = 0.9;
constexpr int kRareAfter = 15;
constexpr std::size_t kAcceptedKept = 8;
constexpr Duration kLongRetryAfter = std::chrono::seconds(5);
constexpr int kRefusalsToObey = 3;
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
      pace_(std::min(ceiling_, options.requests_per_second > 0 ? kPaceMax : kStartPace)) {}

Duration RateLimiter::Interval() const { return Duration(static_cast<std::int64_t>(1e9 / pace_)); }

std::variant<Permit, NotUntil> RateLimiter::TryAcquire() {
  const SteadyTime now = clock_.Now();
  if (now < held_until_) return NotUntil{held_until_};
  if (gate_ == Gate::kProbing) return NotUntil{SteadyTime::max()};
  if (gate_ == Gate::kHeld) {
    gate_ = Gate::kProbing;
    SpendBurst();
    return Permit{.sent_at = now, .pace = pace_, .probe = true};
  }
  const SteadyTime allowed = next_ - (burst_ - 1) * Interval();
  if (now < allowed) {
    pace_bound_ = true;
    return NotUntil{allowed};
  }
  next_ = std::max(next_, now) + Interval();
  return Permit{.sent_at = now, .pace = pace_};
}

void RateLimiter::OnAccepted(const Permit& permit) {
  const Duration taken = clock_.Now() - permit.sent_at;
  round_trip_ = round_trip_ == Duration::zero() ? taken : (7 * round_trip_ + taken) / 8;
  accepted_.push_back(permit.sent_at);
  if (accepted_.size() > kAcceptedKept) accepted_.pop_front();
  const bool inside_window = permit.sent_at > refused_sent_at_ && permit.sent_at < advised_until_;
  if (inside_window && meaning_ == RetryAfterMeaning::kUntested) {
    meaning_ = RetryAfterMeaning::kRoundedUp;
    Open();
  }
  if (permit.probe) Open();
  if (IsFresh(permit)) {
    refusals_in_row_ = 0;
    accepted_in_row_ = std::min(accepted_in_row_ + 1, kRareAfter);
  }
  SpeedUp();
}

void RateLimiter::OnSpent(Duration wait) {
  if (wait >= kLongRetryAfter) Hold(wait);
}

void RateLimiter::OnOther(const Permit& permit) {
  if (permit.probe && gate_ == Gate::kProbing) gate_ = Gate::kHeld;  // another one may try
}

void RateLimiter::OnRefused(const Permit& permit, std::optional<Duration> retry_after) {
  const SteadyTime now = clock_.Now();
  if (retry_after && *retry_after < kLongRetryAfter) {
    advised_until_ = std::max(advised_until_, now + *retry_after);
  }
  const bool fresh = permit.probe || IsFresh(permit);
  if (fresh) {
    ++refusals_in_row_;
    SlowDown(permit);
    accepted_in_row_ = 0;
    reacted_at_ = now;
  }
  refused_sent_at_ = std::max(refused_sent_at_, permit.sent_at);
  if (!fresh) {
    if (retry_after >= kLongRetryAfter) Hold(*retry_after);
    return;
  }
  const Duration wait = HoldAfterRefusal(retry_after);
  if (wait > Duration::zero()) {
    Hold(wait);
  } else if (permit.probe) {
    Open();
  }
}

// How long everything waits after a fresh refusal; 0: slowing down is answer enough.
Duration RateLimiter::HoldAfterRefusal(std::optional<Duration> retry_after) {
  if (retry_after == Duration::zero()) retry_after.reset();  // "now" has just been refused
  if (retry_after >= kLongRetryAfter) return *retry_after;
  const bool obey = refusals_in_row_ > kRefusalsToObey;
  if (obey && meaning_ == RetryAfterMeaning::kUntested && retry_after) {
    meaning_ = RetryAfterMeaning::kExact;
  }
  if (obey) {
    // Doubled each time: a server may say "1" for the minutes that it stays closed.
    const int doublings = std::min(refusals_in_row_ - kRefusalsToObey - 1, 10);
    const Duration hold = std::min(kLongestHold, kFirstHold * (1 << doublings));
    return std::max(hold, retry_after.value_or(Duration::zero()));
  }
  if (retry_after && meaning_ == RetryAfterMeaning::kExact) return *retry_after;
  const bool tested = meaning_ != RetryAfterMeaning::kUntested || !retry_after;
  if (tested && refusals_in_row_ == 1) return Duration::zero();
  const Duration test = Interval() * (1 << (refusals_in_row_ - 1));
  return retry_after ? std::min(test, *retry_after) : std::min(test, kFirstHold);
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

void RateLimiter::SlowDown(const Permit& refused) {
  if (refusals_in_row_ == 1) {
    refused_pace_ = refused.pace;
    const double accepted = AcceptedRateBefore(refused.sent_at);
    const double cut = ceiling_ == kUnbounded           ? kCutUnknown
                       : accepted_in_row_ >= kRareAfter ? kBackOff
                                                        : kCutConfigured;
    const double lowest = refused.pace * cut;
    pace_ = std::min(pace_, std::clamp(accepted, lowest, refused.pace * kBackOff));
  } else if (meaning_ == RetryAfterMeaning::kRoundedUp) {
    pace_ /= 2;  // refused by a closed server the pace would say nothing
  }
  pace_ = std::clamp(pace_, kPaceMin, kPaceMax);
  SpendBurst();
}

// What the server let through just before it refused: among the last accepted, those sent after the
// refusal before, when it had nothing left either. On average half of the next was saved up.
double RateLimiter::AcceptedRateBefore(SteadyTime time) const {
  if (accepted_.empty()) return 0;
  const SteadyTime oldest = *std::min_element(accepted_.begin(), accepted_.end());
  const SteadyTime from = std::max(oldest, refused_sent_at_);
  if (time <= from) return 0;
  const auto count = std::count_if(accepted_.begin(), accepted_.end(),
                                   [&](SteadyTime t) { return t > from && t < time; });
  return (static_cast<double>(count) + 0.5) / SecondsOf(time - from);
}

// Only while the pace is what holds requests back: a pace that nobody needs proves nothing.
void RateLimiter::SpeedUp() {
  const SteadyTime now = clock_.Now();
  if (!pace_bound_ || gate_ != Gate::kOpen) return;
  if (!refused_pace_) {
    const double round_trips =
        SecondsOf(now - sped_up_at_) / std::max(1e-6, SecondsOf(round_trip_));
    pace_ *= std::pow(kGrowth, std::min(1.0, round_trips));
  } else {
    const double gap = std::abs(*refused_pace_ - pace_);
    const bool careful = meaning_ == RetryAfterMeaning::kExact && gap < pace_ * kNear &&
                         ceiling_ == kUnbounded;  // a configured rate is no discovery
    pace_ += std::max(kCreep * pace_, gap * kApproach) / (careful ? kCareWhereExact : 1);
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
  if (learned()) state.learned_milli_rps = std::llround(pace_ * 1000);
  return state;
}

void RateLimiter::ImportState(const RateState& state) {
  if (state.learned_milli_rps > 0) {
    pace_ = std::min(ceiling_, std::clamp(static_cast<double>(state.learned_milli_rps) / 1000,
                                          kPaceMin, kPaceMax));
    refused_pace_ = pace_ / kBackOff;
  }
  const std::int64_t wait_ms = state.not_before_ms - clock_.WallNow();
  if (wait_ms > 0) Hold(std::chrono::milliseconds(wait_ms));
}

}  // namespace sluice
