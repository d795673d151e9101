#include "pipeline/memory_budget.h"

#include <algorithm>

#include "storage/base/check.h"

namespace sluice {
namespace {

// Of an operation that was never seen: a page of a list API is seldom larger.
constexpr double kFirstEstimate = 64 * 1024;
constexpr double kCopies = 3;
// One in eight: follows a change within a few answers, and one odd body does not rule it.
constexpr double kWeight = 1.0 / 8;

}  // namespace

std::int64_t MemoryBudget::Estimate(std::string_view operation) const {
  const auto found = average_.find(operation);
  return static_cast<std::int64_t>(kCopies *
                                   (found == average_.end() ? kFirstEstimate : found->second));
}

void MemoryBudget::Charge(std::int64_t bytes) {
  charged_ += bytes;
  charged_peak_ = std::max(charged_peak_, charged_);
}

void MemoryBudget::Release(std::int64_t bytes) {
  SLUICE_CHECK(charged_ >= bytes);
  charged_ -= bytes;
}

std::int64_t MemoryBudget::Correct(std::string_view operation, std::int64_t charged,
                                   std::int64_t body_bytes) {
  const auto size = static_cast<double>(body_bytes);
  const auto [average, first] = average_.try_emplace(std::string(operation), size);
  if (!first) average->second += kWeight * (size - average->second);
  const auto actual = static_cast<std::int64_t>(kCopies * size);
  Release(charged);
  Charge(actual);
  return actual;
}

}  // namespace sluice
