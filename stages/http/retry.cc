#include "stages/http/retry.h"

#include <algorithm>

namespace sluice {
namespace {

Duration FullJitter(int attempt, const RetryOptions& options, Rng& rng) {
  Duration bound = options.base;
  for (int i = 1; i < attempt && bound < options.ceiling; ++i) bound *= 2;
  bound = std::clamp<Duration>(bound, Duration::zero(), options.ceiling);
  return Duration(std::uniform_int_distribution<std::int64_t>(0, bound.count())(rng));
}

bool IsRetryable(Code code) {
  return code == Code::kTransient || code == Code::kNetwork || code == Code::kRateLimited;
}

}  // namespace

RetryDecision Decide(int attempt, Code code, std::optional<Duration> retry_after,
                     const RetryOptions& options, Rng& rng) {
  if (!IsRetryable(code)) return {.kind = RetryDecision::Kind::kNever};
  const bool counts = code != Code::kRateLimited;
  const int attempts =
      code == Code::kNetwork ? (options.read_attempts + 1) / 2 : options.read_attempts;
  if (counts && attempt >= attempts) return {.kind = RetryDecision::Kind::kGaveUp};
  return {.kind = RetryDecision::Kind::kAgain,
          .delay = retry_after.value_or(Duration::zero()) + FullJitter(attempt, options, rng),
          .counts = counts};
}

std::chrono::milliseconds TimeoutFor(int attempt, const RetryOptions& options) {
  auto timeout = options.timeout;
  for (int i = 1; i < attempt && timeout < options.timeout_max; ++i) timeout += timeout / 2;
  return std::min(timeout, options.timeout_max);
}

}  // namespace sluice
