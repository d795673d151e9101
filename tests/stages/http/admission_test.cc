// The pure deciders of admission: retry, circuit breaker, concurrency limit.
#include <gtest/gtest.h>

#include "stages/http/circuit_breaker.h"
#include "stages/http/concurrency_limit.h"
#include "stages/http/retry.h"
#include "tests/support/fake_clock.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;
using Kind = RetryDecision::Kind;

struct RetryRow {
  int attempt;
  Code code;
  std::optional<Duration> retry_after;
  Kind kind;
  Duration delay_min{0};
  Duration delay_max{0};
  bool counts = true;
};

// base 500 ms, ceiling 60 s, 10 attempts.
const RetryRow kRetryTable[] = {
    {1, Code::kTransient, {}, Kind::kAgain, 0ms, 500ms},
    {2, Code::kTransient, {}, Kind::kAgain, 0ms, 1s},
    {3, Code::kTransient, {}, Kind::kAgain, 0ms, 2s},
    {4, Code::kTransient, {}, Kind::kAgain, 0ms, 4s},
    {9, Code::kTransient, {}, Kind::kAgain, 0ms, 60s},
    {10, Code::kTransient, {}, Kind::kGaveUp},
    {11, Code::kTransient, {}, Kind::kGaveUp},
    {1, Code::kTransient, 10s, Kind::kAgain, 10s, 10500ms},
    {4, Code::kTransient, 10s, Kind::kAgain, 10s, 14s},
    {10, Code::kTransient, 10s, Kind::kGaveUp},
    {1, Code::kTransient, 0s, Kind::kAgain, 0ms, 500ms},
    {1, Code::kTransient, 15min, Kind::kAgain, 15min, 15min + 500ms},
    {1, Code::kNetwork, {}, Kind::kAgain, 0ms, 500ms},
    {4, Code::kNetwork, {}, Kind::kAgain, 0ms, 4s},
    {5, Code::kNetwork, {}, Kind::kGaveUp},
    {1, Code::kRateLimited, {}, Kind::kAgain, 0ms, 500ms, false},
    {5, Code::kRateLimited, {}, Kind::kAgain, 0ms, 8s, false},
    {8, Code::kRateLimited, {}, Kind::kAgain, 0ms, 60s, false},
    {100, Code::kRateLimited, {}, Kind::kAgain, 0ms, 60s, false},
    {2'000'000'000, Code::kRateLimited, {}, Kind::kAgain, 0ms, 60s, false},
    {5, Code::kRateLimited, 30s, Kind::kAgain, 30s, 38s, false},
    {1, Code::kNotFound, {}, Kind::kNever},
    {1, Code::kNotFound, 10s, Kind::kNever},
    {1, Code::kUnauthorized, {}, Kind::kNever},
    {1, Code::kInvalid, {}, Kind::kNever},
    {1, Code::kUsage, {}, Kind::kNever},
    {1, Code::kDisk, {}, Kind::kNever},
    {1, Code::kLocked, {}, Kind::kNever},
    {1, Code::kDamaged, {}, Kind::kNever},
    {1, Code::kCancelled, {}, Kind::kNever},
    {1, Code::kFatal, {}, Kind::kNever},
};

TEST(Retry, DecidesByClassAttemptAndRetryAfter) {
  Rng rng(1);
  for (const RetryRow& row : kRetryTable) {
    for (int draw = 0; draw < 50; ++draw) {
      SCOPED_TRACE(std::string(CodeName(row.code)) + ", attempt " + std::to_string(row.attempt));
      const RetryDecision decision = Decide(row.attempt, row.code, row.retry_after, {}, rng);
      ASSERT_EQ(decision.kind, row.kind);
      if (row.kind != Kind::kAgain) continue;
      ASSERT_GE(decision.delay, row.delay_min);
      ASSERT_LE(decision.delay, row.delay_max);
      ASSERT_EQ(decision.counts, row.counts);
    }
  }
}

TEST(Retry, JitterFillsTheWholeInterval) {
  Rng rng(1);
  int low = 0;
  constexpr int kDraws = 1000;
  for (int draw = 0; draw < kDraws; ++draw) {
    low += Decide(1, Code::kTransient, {}, {}, rng).delay < 250ms ? 1 : 0;
  }
  EXPECT_NEAR(low, kDraws / 2, 60);
}

TEST(Retry, OneSeedGivesOneSequence) {
  Rng a(42);
  Rng b(42);
  for (int i = 1; i < 5; ++i) {
    EXPECT_EQ(Decide(i, Code::kTransient, {}, {}, a).delay,
              Decide(i, Code::kTransient, {}, {}, b).delay);
  }
}

TEST(Retry, TimeoutGrowsByHalfUpToItsMaximum) {
  EXPECT_EQ(TimeoutFor(1, {}), 60s);
  EXPECT_EQ(TimeoutFor(2, {}), 90s);
  EXPECT_EQ(TimeoutFor(3, {}), 135s);
  EXPECT_EQ(TimeoutFor(50, {}), 300s);
}

class Breaker : public testing::Test {
 protected:
  // Trips it.
  void FailInARow(int count) {
    for (int i = 0; i < count; ++i) breaker_.OnFailure(breaker_.Admit());
  }
  bool Allows() const { return breaker_.AllowedAt() <= clock_.Now(); }

  FakeClock clock_;
  CircuitBreaker breaker_{clock_, {.failures_max = 3, .open_for = 1s}};
};

TEST_F(Breaker, OpensAfterFailuresInARow) {
  FailInARow(2);
  EXPECT_TRUE(Allows());
  FailInARow(1);
  EXPECT_FALSE(Allows());
  EXPECT_EQ(breaker_.AllowedAt(), clock_.Now() + 1s);
}

TEST_F(Breaker, InDoubtItWaitsForWhatIsUnderWay) {
  CircuitBreaker breaker(clock_, {.failures_max = 10, .suspect_after = 3, .open_for = 1s});
  const auto slow = breaker.Admit();
  const auto other = breaker.Admit();
  for (int i = 0; i < 3; ++i) breaker.OnFailure(breaker.Admit());
  EXPECT_EQ(breaker.AllowedAt(), clock_.Now() + 1s) << "but not for ever";
  breaker.OnAnswer(other);
  EXPECT_LE(breaker.AllowedAt(), clock_.Now()) << "it was chance";
  for (int i = 0; i < 3; ++i) breaker.OnFailure(breaker.Admit());
  breaker.OnFailure(slow);
  EXPECT_LE(breaker.AllowedAt(), clock_.Now()) << "nobody else can tell";
}

TEST_F(Breaker, AnAnswerBetweenStartsTheCountAnew) {
  FailInARow(2);
  breaker_.OnAnswer(breaker_.Admit());
  FailInARow(2);
  EXPECT_TRUE(Allows());
}

TEST_F(Breaker, LetsOneProbeThroughAtATime) {
  FailInARow(3);
  clock_.Advance(1s);
  ASSERT_TRUE(Allows());
  breaker_.Admit();
  EXPECT_EQ(breaker_.AllowedAt(), SteadyTime::max());
}

TEST_F(Breaker, ClosesWhenTheProbeIsAnswered) {
  FailInARow(3);
  clock_.Advance(1s);
  breaker_.OnAnswer(breaker_.Admit());
  EXPECT_EQ(breaker_.state(), CircuitBreaker::State::kClosed);
}

TEST_F(Breaker, StaysOpenForAnotherSecondWhenTheProbeFails) {
  FailInARow(3);
  clock_.Advance(1s);
  breaker_.OnFailure(breaker_.Admit());
  EXPECT_EQ(breaker_.AllowedAt(), clock_.Now() + 1s);
}

TEST_F(Breaker, AnAbandonedProbeLetsAnotherTry) {
  FailInARow(3);
  clock_.Advance(1s);
  breaker_.OnAbandoned(breaker_.Admit());
  EXPECT_TRUE(Allows());
}

TEST_F(Breaker, AnswersFromBeforeTheOutageAreIgnored) {
  const auto before = breaker_.Admit();
  FailInARow(3);
  clock_.Advance(1s);
  breaker_.Admit();
  breaker_.OnAnswer(before);
  EXPECT_EQ(breaker_.state(), CircuitBreaker::State::kHalfOpen);
}

TEST_F(Breaker, AnOutageOfAMinuteCostsOneProbeASecond) {
  FailInARow(3);
  int probes = 0;
  for (int ms = 0; ms < 60'000; ++ms) {
    clock_.Advance(1ms);
    if (!Allows()) continue;
    ++probes;
    breaker_.OnFailure(breaker_.Admit());
  }
  EXPECT_EQ(probes, 60);
}

class Concurrency : public testing::Test {
 protected:
  using Outcome = ConcurrencyLimit::Outcome;
  // One round: fills the limit, then everything ends alike.
  static void Round(ConcurrencyLimit& limit, Outcome outcome, Duration latency = 10ms) {
    std::vector<ConcurrencyLimit::Start> started;
    while (limit.MayStart()) started.push_back(limit.OnStart());
    for (const auto start : started) limit.OnEnd(start, outcome, latency);
  }
};

TEST_F(Concurrency, AFailedRoundCutsTheLimitOnce) {
  ConcurrencyLimit limit(50, Autotune::kOn);
  Round(limit, Outcome::kOverloaded);
  EXPECT_EQ(limit.limit(), 40);
}

TEST_F(Concurrency, IsHalvedOnceARoundWhereTheServerAsksForThat) {
  ConcurrencyLimit limit(50, Autotune::kOn);
  Round(limit, Outcome::kToldToCalm);
  EXPECT_EQ(limit.limit(), 25);
  Round(limit, Outcome::kToldToCalm);
  EXPECT_EQ(limit.limit(), 12);
}

TEST_F(Concurrency, NeverFallsBelowOne) {
  ConcurrencyLimit limit(8, Autotune::kOn);
  for (int i = 0; i < 100; ++i) Round(limit, Outcome::kOverloaded);
  EXPECT_EQ(limit.limit(), 1);
  EXPECT_TRUE(limit.MayStart());
}

TEST_F(Concurrency, RecoversToItsMaximumAndNoFurther) {
  ConcurrencyLimit limit(8, Autotune::kOn);
  for (int i = 0; i < 20; ++i) Round(limit, Outcome::kOverloaded);
  for (int i = 0; i < 200; ++i) Round(limit, Outcome::kAnswered);
  EXPECT_EQ(limit.limit(), 8);
}

TEST_F(Concurrency, DoesNotRiseWhileTheServerIsSlow) {
  ConcurrencyLimit limit(8, Autotune::kOn);
  Round(limit, Outcome::kAnswered, 10ms);
  for (int i = 0; i < 3; ++i) Round(limit, Outcome::kOverloaded);
  const int before = limit.limit();
  for (int i = 0; i < 3; ++i) Round(limit, Outcome::kAnswered, 100ms);
  EXPECT_EQ(limit.limit(), before);
}

TEST_F(Concurrency, StaysPutWithoutAutotune) {
  ConcurrencyLimit limit(8, Autotune::kOff);
  Round(limit, Outcome::kOverloaded);
  EXPECT_EQ(limit.limit(), 8);
}

TEST_F(Concurrency, AbandonedRequestsSayNothing) {
  ConcurrencyLimit limit(8, Autotune::kOn);
  Round(limit, Outcome::kAbandoned);
  EXPECT_EQ(limit.limit(), 8);
}

}  // namespace
}  // namespace sluice
