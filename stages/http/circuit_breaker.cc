#include "stages/http/circuit_breaker.h"

#include "storage/base/check.h"

namespace sluice {

CircuitBreaker::CircuitBreaker(const Clock& clock, BreakerOptions options)
    : clock_(clock), options_(options) {}

SteadyTime CircuitBreaker::AllowedAt() const {
  const bool suspect = failures_ >= options_.suspect_after && under_way_ > 0;
  switch (state_) {
    case State::kClosed:
      return suspect ? failed_at_ + options_.open_for : SteadyTime::min();
    case State::kOpen:
      return open_until_;
    case State::kHalfOpen:
      return under_way_ > 0 ? SteadyTime::max() : SteadyTime::min();
  }
  return SteadyTime::min();
}

CircuitBreaker::Generation CircuitBreaker::Admit() {
  SLUICE_CHECK(AllowedAt() <= clock_.Now());
  if (state_ == State::kOpen) SetState(State::kHalfOpen);
  ++under_way_;
  return generation_;
}

void CircuitBreaker::OnAnswer(Generation generation) {
  if (!EndsOne(generation)) return;
  failures_ = 0;
  if (state_ == State::kHalfOpen) SetState(State::kClosed);
}

void CircuitBreaker::OnFailure(Generation generation) {
  if (!EndsOne(generation)) return;
  ++failures_;
  failed_at_ = clock_.Now();
  if (state_ == State::kHalfOpen || failures_ >= options_.failures_max) SetState(State::kOpen);
}

void CircuitBreaker::OnAbandoned(Generation generation) { EndsOne(generation); }

// False: the request is of an older generation.
bool CircuitBreaker::EndsOne(Generation generation) {
  if (generation != generation_) return false;
  --under_way_;
  return true;
}

void CircuitBreaker::SetState(State to) {
  const bool legal = (state_ == State::kClosed && to == State::kOpen) ||
                     (state_ == State::kOpen && to == State::kHalfOpen) ||
                     (state_ == State::kHalfOpen && to != State::kHalfOpen);
  SLUICE_CHECK(legal);
  state_ = to;
  generation_ = Generation{static_cast<std::uint64_t>(generation_) + 1};
  failures_ = 0;
  under_way_ = 0;
  if (to == State::kOpen) open_until_ = clock_.Now() + options_.open_for;
}

}  // namespace sluice
