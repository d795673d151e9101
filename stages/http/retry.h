// Whether and when a failed request is sent again. Pure.
#pragma once

#include <chrono>
#include <optional>
#include <random>

#include "storage/base/clock.h"
#include "storage/base/result.h"

namespace sluice {

struct RetryOptions {
  int read_attempts = 10;                          // per item, the first included
  std::chrono::milliseconds base{500};             // of the exponential
  std::chrono::milliseconds ceiling{60'000};       // of one delay that nobody asked for
  std::chrono::milliseconds timeout{60'000};       // of the first attempt
  std::chrono::milliseconds timeout_max{300'000};  // of any
};

struct RetryDecision {
  enum class Kind {
    kAgain,   // after `delay`
    kGaveUp,  // attempts are exhausted
    kNever,   // asking again cannot change the answer
  };
  Kind kind = Kind::kNever;
  Duration delay{0};
  bool counts = true;  // the attempt counts against read_attempts
};

using Rng = std::mt19937_64;

// `attempt` is the 1-based one that has just failed with `code`.
// kTransient and kNetwork: full jitter, uniform in [0, min(ceiling, base * 2^(attempt-1))]. A
// server that said `retry_after` is asked no earlier; jitter comes on top, so that not all come at
// once. kRateLimited: the same delay, but never counted: the limiter and max_wait bound it.
//
// Ten attempts: where three in ten answers fail, five would lose one item in 400, ten one in
// 170,000. kNetwork gets half of them: nobody is there who could answer differently, and the run
// ends.
RetryDecision Decide(int attempt, Code code, std::optional<Duration> retry_after,
                     const RetryOptions& options, Rng& rng);

// Grows by half with each attempt: a page that is slow to build is not given up five times.
std::chrono::milliseconds TimeoutFor(int attempt, const RetryOptions& options);

}  // namespace sluice
