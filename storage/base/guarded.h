// Guarded<T>: the mutex contains the data, so that unlocked access does not compile.
#pragma once

#include <mutex>
#include <utility>

namespace sluice {

template <class T>
class Guarded {
 public:
  template <class... Args>
  explicit Guarded(Args&&... args) : value_(std::forward<Args>(args)...) {}

  // Runs `use` under the lock and returns what it returns. `use` must not block.
  template <class Use>
  decltype(auto) With(Use&& use) {
    std::lock_guard lock(mutex_);
    return std::forward<Use>(use)(value_);
  }
  template <class Use>
  decltype(auto) With(Use&& use) const {
    std::lock_guard lock(mutex_);
    return std::forward<Use>(use)(value_);
  }

 private:
  mutable std::mutex mutex_;
  T value_;
};

}  // namespace sluice
