// A token bucket over all requests: `rate` a second, up to `burst` at once. Thread-safe.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <mutex>

namespace sluice::sim {

class RateLimit {
 public:
  // A rate of 0 is no limit.
  RateLimit(double rate, double burst) : rate_(rate), burst_(std::max(burst, 1.0)) {}

  // 0: the request may pass; else the whole seconds after which it may.
  int Take() {
    if (rate_ <= 0) return 0;
    const std::lock_guard lock(mutex_);
    const auto now = std::chrono::steady_clock::now();
    const std::chrono::duration<double> passed = now - last_;
    tokens_ = std::min(burst_, tokens_ + passed.count() * rate_);
    last_ = now;
    if (tokens_ >= 1) {
      tokens_ -= 1;
      return 0;
    }
    return std::max(1, static_cast<int>(std::ceil((1 - tokens_) / rate_)));
  }

 private:
  // Constant after construction.
  const double rate_;
  const double burst_;
  // Guarded by mutex_.
  std::mutex mutex_;
  double tokens_ = burst_;
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

}  // namespace sluice::sim
