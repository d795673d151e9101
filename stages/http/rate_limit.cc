#include "stages/http/rate_limit.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace sluice {
namespace {

constexpr Duration kRefusalPause = std::chrono::seconds(1);

Duration Interval(double pace) { return Duration(static_cast<std::int64_t>(1e9 / pace)); }

}  // namespace

RateLimiter::RateLimiter(const Clock& clock, RateOptions options)
    : clock_(clock),
      options_(options),
      pace_(options.requests_per_second > 0 ? options.requests_per_second
                                            : std::numeric_limits<double>::infinity()) {}

std::variant<Permit, NotUntil> RateLimiter::TryAcquire() {
  const SteadyTime now = clock_.Now();
  if (now < held_until_) return NotUntil{held_until_};
  if (std::isfinite(pace_)) {
    const Duration interval = Interval(pace_);
    const SteadyTime allowed = next_ - (options_.burst - 1) * interval;
    if (now < allowed) return NotUntil{allowed};
    next_ = std::max(next_, now) + interval;
  }
  return Permit{.sent_at = now, .pace = pace_};
}

void RateLimiter::OnAccepted(const Permit&) {}
void RateLimiter::OnOther(const Permit&) {}

void RateLimiter::OnRefused(const Permit&, std::optional<Duration> retry_after) {
  held_until_ = std::max(held_until_, clock_.Now() + retry_after.value_or(kRefusalPause));
}

RateState RateLimiter::ExportState() const {
  const Duration wait = held_until_ - clock_.Now();
  return {.not_before_ms =
              wait > Duration::zero() ? clock_.WallNow() + wait / std::chrono::milliseconds(1) : 0};
}

void RateLimiter::ImportState(const RateState& state) {
  const std::int64_t wait_ms = state.not_before_ms - clock_.WallNow();
  if (wait_ms > 0) held_until_ = clock_.Now() + std::chrono::milliseconds(wait_ms);
}

}  // namespace sluice
