#include "stages/http/concurrency_limit.h"

#include <algorithm>

namespace sluice {

ConcurrencyLimit::ConcurrencyLimit(int max, Autotune autotune)
    : max_(std::max(max, 1)), autotune_(autotune), limit_(max_) {}

void ConcurrencyLimit::OnStart() { ++in_flight_; }

void ConcurrencyLimit::OnEnd(Outcome outcome, Duration) {
  --in_flight_;
  if (autotune_ == Autotune::kOff) return;
  if (outcome == Outcome::kOverloaded) limit_ = std::max(1.0, limit_ * 0.7);
  if (outcome == Outcome::kAnswered) limit_ = std::min<double>(max_, limit_ + 1 / limit_);
}

}  // namespace sluice
