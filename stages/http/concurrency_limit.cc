#include "stages/http/concurrency_limit.h"

#include <algorithm>

namespace sluice {
namespace {

constexpr double kCut = 0.8;
constexpr double kCutWhenTold = 0.5;
// Twice the floor: requests queue up at the server, and one more would only wait there.
constexpr int kNearFloor = 2;
// The floor rises by 1 % per answer, so that a server that became slower for good is believed.
constexpr int kFloorRise = 100;

}  // namespace

ConcurrencyLimit::ConcurrencyLimit(int max, Autotune autotune)
    : max_(std::max(max, 1)), autotune_(autotune), limit_(max_) {}

ConcurrencyLimit::Start ConcurrencyLimit::OnStart() {
  ++in_flight_;
  return Start{++starts_};
}

void ConcurrencyLimit::OnEnd(Start start, Outcome outcome, Duration latency) {
  const bool was_full = in_flight_ >= limit();
  --in_flight_;
  if (autotune_ == Autotune::kOff) return;
  if (outcome == Outcome::kOverloaded) Lower(start, kCut);
  if (outcome == Outcome::kToldToCalm) Lower(start, kCutWhenTold);
  if (outcome == Outcome::kAnswered) Raise(latency, was_full);
}

// A limit that nobody reaches is no reason to raise it.
void ConcurrencyLimit::Raise(Duration latency, bool was_full) {
  const bool first = latency_floor_ == Duration::zero();
  latency_floor_ =
      first ? latency : std::min(latency, latency_floor_ + latency_floor_ / kFloorRise);
  if (was_full && latency <= kNearFloor * latency_floor_) {
    limit_ = std::min<double>(max_, limit_ + 1 / limit_);
  }
}

// Once per round: sixty failures of one moment are one piece of news.
void ConcurrencyLimit::Lower(Start start, double to) {
  if (static_cast<std::uint64_t>(start) <= starts_at_last_cut_) return;
  starts_at_last_cut_ = starts_;
  limit_ = std::max(1.0, limit_ * to);
}

}  // namespace sluice
