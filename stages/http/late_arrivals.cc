#include "stages/http/late_arrivals.h"

#include <algorithm>
#include <utility>

namespace sluice {
namespace {

// The floor rises by 1 % per answer, so that a server that became slower for good is believed.
constexpr int kFloorRise = 100;
constexpr int kMeanOver = 16;
constexpr int kEvidenceMin = -2;
constexpr int kEvidenceEnough = 2;
// Rarer refusals cost less than the waiting may. At 3/s from a server whose own work takes 80 ms,
// at random, the worst of 20 runs is at 95 % of the rate instead of 87 %.
constexpr int kRareAfter = 100;
// The dearer it is the more must speak for it: one refusal more for each eighth of an interval that
// answers are late on average. An API that takes its time differs from a busy machine in no more.
constexpr int kDearFraction = 8;
// One refusal in so many is what it costs to find out that the machine is not busy any more.
constexpr int kHeedAnswers = 1000;
// What the pace is below the rate, it is free to be late.
constexpr int kFreePercent = 1;

Duration Needed(Duration interval) { return interval * (100 - kFreePercent) / 100; }

}  // namespace

void LateArrivals::OnSent(SteadyTime now) {
  before_last_ = last_;
  last_ = {.at = now};
}

void LateArrivals::OnAnswer(SteadyTime sent_at, SteadyTime now) {
  const Duration taken = now - sent_at;
  const bool first = floor_ == Duration::zero();
  floor_ = first ? taken : std::min(taken, floor_ + floor_ / kFloorRise);
  const Duration late = taken - floor_;
  late_mean_ += (late - late_mean_) / kMeanOver;
  if (sent_at == last_.at) last_.late = late;
  if (sent_at == before_last_.at) before_last_.late = late;
  if (heeded_ > 0) --heeded_;
  answers_ = std::min(answers_ + 1, kRareAfter);
}

// An answer that takes longer than the interval comes too late to be heeded.
bool LateArrivals::CanTell(Duration interval) const { return floor_ < interval / 2; }

bool LateArrivals::ExplainRefusal(SteadyTime sent_at, Duration interval, SteadyTime now) {
  if (std::exchange(answers_, 0) == kRareAfter) evidence_ = std::min(evidence_, 0);
  if (!CanTell(interval) || sent_at != last_.at || before_last_.at == SteadyTime::min()) {
    return false;
  }
  if (before_last_.late == kUnanswered) before_last_.late = now - before_last_.at - floor_;
  const SteadyTime in_time = before_last_.at + before_last_.late + Needed(interval);
  // A quarter of all answers, at most, is as late as that by chance.
  const bool unusual = before_last_.late > late_mean_ * 3 / 2;
  const bool explained = unusual && sent_at < in_time;
  const int enough = kEvidenceEnough + static_cast<int>(late_mean_ * kDearFraction / interval);
  evidence_ = std::clamp(evidence_ + (explained ? 1 : -1), kEvidenceMin, enough);
  if (!explained || evidence_ < enough) return false;
  heeded_ = kHeedAnswers;
  last_ = before_last_;  // what was refused has taken nothing
  return true;
}

SteadyTime LateArrivals::NotBefore(Duration interval) const {
  if (heeded_ == 0 || last_.at == SteadyTime::min() || !CanTell(interval)) {
    return SteadyTime::min();
  }
  // Its answer is overdue: it will be seen when it comes.
  if (last_.late == kUnanswered) return last_.at + 2 * interval;
  return last_.at + last_.late + Needed(interval);
}

}  // namespace sluice
