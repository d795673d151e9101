#include "stages/http/rate_limit.h"

#include <gtest/gtest.h>

#include "tests/support/fake_clock.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;

class RateLimit : public testing::Test {
 protected:
  RateLimit() { clock_.Advance(1h); }

  std::optional<Permit> Take(RateLimiter& limiter) {
    const auto got = limiter.TryAcquire();
    const auto* permit = std::get_if<Permit>(&got);
    return permit == nullptr ? std::nullopt : std::optional(*permit);
  }
  SteadyTime NotBefore(RateLimiter& limiter) {
    return std::get<NotUntil>(limiter.TryAcquire()).time;
  }
  int TakeAll(RateLimiter& limiter) {
    int taken = 0;
    while (Take(limiter)) ++taken;
    return taken;
  }

  FakeClock clock_;
};

TEST_F(RateLimit, RefusalSaysWhenToComeBack) {
  RateLimiter limiter(clock_, {.requests_per_second = 10, .burst = 1});
  ASSERT_TRUE(Take(limiter));
  const SteadyTime later = NotBefore(limiter);
  EXPECT_NEAR(std::chrono::duration<double>(later - clock_.Now()).count(), 0.101, 0.001);
  clock_.Advance(later - clock_.Now());
  EXPECT_TRUE(Take(limiter));
}

TEST_F(RateLimit, KeepsOneOfTheBurstBack) {
  RateLimiter limiter(clock_, {.requests_per_second = 3, .burst = 10});
  EXPECT_EQ(TakeAll(limiter), 9);
}

TEST_F(RateLimit, NeverExceedsTheConfiguredRate) {
  RateLimiter limiter(clock_, {.requests_per_second = 5, .burst = 1});
  int sent = 0;
  for (int ms = 0; ms < 60'000; ++ms) {
    if (const auto permit = Take(limiter)) {
      ++sent;
      limiter.OnAccepted(*permit);
    }
    clock_.Advance(1ms);
  }
  EXPECT_LE(sent, 300);
  EXPECT_GE(sent, 290);
}

TEST_F(RateLimit, LongRetryAfterHoldsEverythingOnceAndThenLetsOneProbe) {
  RateLimiter limiter(clock_, {.requests_per_second = 100, .burst = 21});
  std::vector<Permit> sent;
  while (const auto permit = Take(limiter)) sent.push_back(*permit);
  clock_.Advance(20ms);
  for (const Permit& permit : sent) limiter.OnRefused(permit, 120s);
  EXPECT_EQ(NotBefore(limiter), clock_.Now() + 120s);
  clock_.Advance(120s);
  EXPECT_EQ(TakeAll(limiter), 1);
  EXPECT_EQ(NotBefore(limiter), SteadyTime::max());
}

TEST_F(RateLimit, WhatWasOvertakenByALongRefusalDoesNotEndIt) {
  RateLimiter limiter(clock_, {.requests_per_second = 100, .burst = 3});
  const Permit refused = *Take(limiter);
  clock_.Advance(1ms);
  const Permit accepted = *Take(limiter);
  clock_.Advance(20ms);
  limiter.OnRefused(refused, 120s);
  limiter.OnAccepted(accepted);
  EXPECT_EQ(NotBefore(limiter), clock_.Now() + 120s);
}

TEST_F(RateLimit, ShortRetryAfterThatIsRoundedUpIsNotWaitedFor) {
  RateLimiter limiter(clock_, {.requests_per_second = 50, .burst = 1});
  limiter.OnRefused(*Take(limiter), 1s);
  const SteadyTime test = NotBefore(limiter);
  EXPECT_LT(test - clock_.Now(), 200ms);
  clock_.Advance(test - clock_.Now());
  limiter.OnAccepted(*Take(limiter));
  clock_.Advance(100ms);
  EXPECT_TRUE(Take(limiter));
}

TEST_F(RateLimit, ShortRetryAfterThatIsMeantIsObeyedAfterThreeTests) {
  RateLimiter limiter(clock_, {.requests_per_second = 50, .burst = 1});
  const SteadyTime closed_until = clock_.Now() + 4s;
  int refused = 0;
  while (clock_.Now() < closed_until) {
    const auto permit = Take(limiter);
    if (permit) ++refused;
    if (permit) limiter.OnRefused(*permit, closed_until - clock_.Now());
    clock_.Advance(1ms);
  }
  EXPECT_EQ(refused, 4);
}

TEST_F(RateLimit, AnAnswerThatSaysNothingIsLeftHoldsBackUntilTheReset) {
  RateLimiter limiter(clock_, {.requests_per_second = 100, .burst = 1});
  limiter.OnAccepted(*Take(limiter));
  limiter.OnSpent(300s);
  EXPECT_EQ(NotBefore(limiter), clock_.Now() + 300s);
}

TEST_F(RateLimit, ARefusedProbeNeverLeavesTheGateShutForGood) {
  RateLimiter limiter(clock_, {.requests_per_second = 50, .burst = 1});
  limiter.OnRefused(*Take(limiter), 1s);  // teaches that this server rounds up
  clock_.Advance(100ms);
  limiter.OnAccepted(*Take(limiter));
  limiter.OnSpent(10s);
  clock_.Advance(10s);
  limiter.OnRefused(*Take(limiter), 1s);
  clock_.Advance(1s);
  EXPECT_TRUE(Take(limiter));
}

TEST_F(RateLimit, RetryAfterThatIsTooSmallIsDoubled) {
  RateLimiter limiter(clock_, {.requests_per_second = 50, .burst = 1});
  const SteadyTime closed_until = clock_.Now() + 5min;
  int refused = 0;
  while (clock_.Now() < closed_until) {
    if (const auto permit = Take(limiter)) {
      ++refused;
      limiter.OnRefused(*permit, 1s);
    }
    clock_.Advance(10ms);
  }
  EXPECT_LE(refused, 14);
}

TEST_F(RateLimit, AcceptedProbeOpensTheGate) {
  RateLimiter limiter(clock_, {.requests_per_second = 100, .burst = 1});
  limiter.OnRefused(*Take(limiter), 60s);
  clock_.Advance(60s);
  limiter.OnAccepted(*Take(limiter));
  clock_.Advance(1s);
  EXPECT_TRUE(Take(limiter));
}

TEST_F(RateLimit, RefusedProbeWaitsAgain) {
  RateLimiter limiter(clock_, {.requests_per_second = 100, .burst = 1});
  limiter.OnRefused(*Take(limiter), 60s);
  clock_.Advance(60s);
  limiter.OnRefused(*Take(limiter), 30s);
  EXPECT_EQ(NotBefore(limiter), clock_.Now() + 30s);
}

TEST_F(RateLimit, ProbeWithoutAnswerLetsAnotherTry) {
  RateLimiter limiter(clock_, {.requests_per_second = 100, .burst = 1});
  limiter.OnRefused(*Take(limiter), 60s);
  clock_.Advance(60s);
  limiter.OnOther(*Take(limiter));
  EXPECT_TRUE(Take(limiter)->probe);
}

TEST_F(RateLimit, RefusalsWithoutATimeBackOffFurtherAndFurther) {
  RateLimiter limiter(clock_, {.requests_per_second = 1000, .burst = 1});
  Duration longest{0};
  for (int refusal = 0; refusal < 12; ++refusal) {
    limiter.OnRefused(*Take(limiter), std::nullopt);
    const SteadyTime later = NotBefore(limiter);
    longest = later - clock_.Now();
    clock_.Advance(longest);
  }
  EXPECT_EQ(longest, 60s);
}

TEST_F(RateLimit, RetryAfterOfZeroIsNoLicenceToHammer) {
  RateLimiter limiter(clock_, {.requests_per_second = 1000, .burst = 1});
  int sent = 0;
  for (int ms = 0; ms < 60'000; ++ms) {
    if (const auto permit = Take(limiter)) {
      ++sent;
      limiter.OnRefused(*permit, 0s);
    }
    clock_.Advance(1ms);
  }
  EXPECT_LE(sent, 12);
}

TEST_F(RateLimit, RestartRemembersTheWallAndThePace) {
  RateLimiter before(clock_, {.requests_per_second = 100, .burst = 1});
  before.OnRefused(*Take(before), 90s);
  const RateState state = before.ExportState();

  RateLimiter after(clock_, {.requests_per_second = 100, .burst = 1});
  after.ImportState(state);
  EXPECT_EQ(NotBefore(after), clock_.Now() + 90s);
  EXPECT_NEAR(after.pace(), before.pace(), 0.001);
  clock_.Advance(90s);
  EXPECT_EQ(TakeAll(after), 1) << "one probe after the wall";
}

TEST_F(RateLimit, AWallThatHasPassedIsForgotten) {
  RateLimiter limiter(clock_, {.requests_per_second = 100, .burst = 1});
  limiter.ImportState({.not_before_ms = clock_.WallNow() - 1});
  EXPECT_TRUE(Take(limiter));
}

}  // namespace
}  // namespace sluice
