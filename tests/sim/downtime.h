// Times at which a service serves nobody. Each begins with the first request after `served` others
// and lasts `length`; so clients that wait too little meet it, and the log shows how often.
// Thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>

namespace sluice::sim {

class Downtime {
 public:
  // `times` of them; none when `length` is 0.
  Downtime(std::chrono::seconds length, std::uint64_t served, int times)
      : length_(length), served_between_(served), left_(length.count() > 0 ? times : 0) {}

  // Counts one request. The seconds until it would be served, where that is not now.
  std::optional<int> Meet() {
    const std::lock_guard lock(mutex_);
    const auto now = std::chrono::steady_clock::now();
    if (until_ && now >= *until_) {
      until_.reset();
      served_ = 0;
    }
    if (!until_ && (left_ == 0 || ++served_ <= served_between_)) return std::nullopt;
    if (!until_) {
      until_ = now + length_;
      --left_;
    }
    return static_cast<int>(std::chrono::ceil<std::chrono::seconds>(*until_ - now).count());
  }

 private:
  // Constant after construction.
  const std::chrono::seconds length_;
  const std::uint64_t served_between_;
  // Guarded by mutex_.
  std::mutex mutex_;
  int left_;
  std::uint64_t served_ = 0;
  std::optional<std::chrono::steady_clock::time_point> until_;  // under way until then
};

}  // namespace sluice::sim
