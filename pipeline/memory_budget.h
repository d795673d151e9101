// The bytes of the bodies in flight, against limits.memory. What an item will take is not known
// when it is admitted, so it is charged an estimate, which its actual size corrects.
//
// Not thread-safe: Admission's, under its lock.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace sluice {

class MemoryBudget {
 public:
  // `bytes_max` 0: no bound.
  explicit MemoryBudget(std::int64_t bytes_max) : bytes_max_(bytes_max) {}

  // What an item of `operation` is charged: three times (the text, what is parsed from it and what
  // is committed) the moving average of the bodies of that operation.
  std::int64_t Estimate(std::string_view operation) const;
  bool HasRoomFor(std::int64_t bytes) const {
    return bytes_max_ == 0 || charged_ + bytes <= bytes_max_;
  }
  void Charge(std::int64_t bytes);
  void Release(std::int64_t bytes);
  // A body of `operation` has `body_bytes`; its item was charged `charged`. Returns the new charge.
  std::int64_t Correct(std::string_view operation, std::int64_t charged, std::int64_t body_bytes);

  std::int64_t charged() const { return charged_; }
  std::int64_t charged_peak() const { return charged_peak_; }
  std::int64_t bytes_max() const { return bytes_max_; }

 private:
  std::int64_t bytes_max_;
  std::int64_t charged_ = 0;
  std::int64_t charged_peak_ = 0;
  std::map<std::string, double, std::less<>> average_;  // body bytes by operation
};

}  // namespace sluice
