// The limiter after a server was closed for a time, in virtual time: the silence of a closed server
// says nothing about the pace that it takes when it is open.
#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <variant>

#include "stages/http/rate_limit.h"
#include "tests/support/fake_clock.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;

// What a server says to a request at a time since the start: nullopt is an acceptance.
struct Refusal {
  std::optional<Duration> retry_after;
};
using Server = std::function<std::optional<Refusal>(Duration)>;

// No limit, but closed once.
Server ClosedOnce(Duration from, Duration to) {
  return [=](Duration now) -> std::optional<Refusal> {
    if (now < from || now >= to) return std::nullopt;
    return Refusal{};
  };
}

// `limit` requests in any second; one more closes it for `penalty`, and it does not say so.
Server Penalising(std::size_t limit, Duration penalty) {
  return [limit, penalty, recent = std::deque<Duration>(),
          closed_until = Duration::min()](Duration now) mutable -> std::optional<Refusal> {
    if (now < closed_until) return Refusal{};
    while (!recent.empty() && now - recent.front() > 1s) recent.pop_front();
    if (recent.size() >= limit) {
      closed_until = now + penalty;
      return Refusal{};
    }
    recent.push_back(now);
    return std::nullopt;
  };
}

// One request per `interval`, no burst; `retry_after` with each refusal, if any.
Server Slow(Duration interval, std::optional<Duration> retry_after = std::nullopt) {
  return [=, next = Duration::min()](Duration now) mutable -> std::optional<Refusal> {
    if (now < next) return Refusal{retry_after};
    next = now + interval;
    return std::nullopt;
  };
}

struct Figures {
  int accepted = 0;
  int refused = 0;
};

class RateRecovery : public testing::Test {
 protected:
  RateRecovery() { clock_.Advance(1h); }

  // Asks `server` for `time`, with as many requests under way as the limiter allows.
  Figures Run(RateLimiter& limiter, Duration time, const Server& server,
              int accepted_max = 1 << 30) {
    const SteadyTime start = clock_.Now();
    Figures figures;
    std::multimap<SteadyTime, std::pair<Permit, std::optional<Refusal>>> answers;
    while (clock_.Now() < start + time && figures.accepted < accepted_max) {
      SteadyTime next = start + time;
      for (;;) {
        const auto got = answers.size() < 8 ? limiter.TryAcquire() : NotUntil{SteadyTime::max()};
        if (const auto* later = std::get_if<NotUntil>(&got)) {
          next = std::min(next, later->time);
          break;
        }
        answers.emplace(clock_.Now() + kLatency,
                        std::pair(std::get<Permit>(got), server(clock_.Now() - start)));
      }
      if (!answers.empty()) next = std::min(next, answers.begin()->first);
      clock_.Advance(std::max<Duration>(1us, next - clock_.Now()));
      while (!answers.empty() && answers.begin()->first <= clock_.Now()) {
        const auto [permit, refusal] = answers.extract(answers.begin()).mapped();
        refusal ? ++figures.refused : ++figures.accepted;
        if (refusal)
          limiter.OnRefused(permit, refusal->retry_after);
        else
          limiter.OnAccepted(permit);
      }
    }
    taken_ = clock_.Now() - start;
    return figures;
  }

  // Of an export that begins anew with what `before` has learned.
  RateLimiter Restarted(const RateLimiter& before) {
    RateLimiter limiter(clock_, {});
    limiter.ImportState(before.ExportState());
    return limiter;
  }

  static constexpr Duration kLatency = 5ms;
  FakeClock clock_;
  Duration taken_{};
};

TEST_F(RateRecovery, ASilentTimeOfTwentySecondsIsMadeUpForWithinAMinute) {
  RateLimiter limiter(clock_, {});
  EXPECT_GE(Run(limiter, 60s, ClosedOnce(30ms, 20s)).accepted, 500);
}

TEST_F(RateRecovery, SoIsOneOfThreeSeconds) {
  RateLimiter limiter(clock_, {});
  EXPECT_GE(Run(limiter, 20s, ClosedOnce(30ms, 3s)).accepted, 500);
}

TEST_F(RateRecovery, WhateverThePaceWasBefore) {
  RateLimiter limiter(clock_, {.start = RateStart::kBold});
  EXPECT_GE(Run(limiter, 60s, ClosedOnce(5s, 25s)).accepted, 2000);
}

TEST_F(RateRecovery, TheSilenceIsNotRemembered) {
  RateLimiter before(clock_, {});
  Run(before, 25s, ClosedOnce(30ms, 1h));
  clock_.Advance(1h);
  RateLimiter after = Restarted(before);
  EXPECT_GE(Run(after, 10s, ClosedOnce(1h, 1h)).accepted, 200);
}

TEST_F(RateRecovery, NorIsWhatWasReachedInTheMiddleOfTheRecovery) {
  RateLimiter before(clock_, {});
  Run(before, 33s, ClosedOnce(30ms, 20s));
  RateLimiter after = Restarted(before);
  EXPECT_GE(Run(after, 10s, ClosedOnce(1h, 1h)).accepted, 200);
}

TEST_F(RateRecovery, ALowRateOfAnEarlierRunIsLeftBehindSoon) {
  RateLimiter limiter(clock_, {});
  limiter.ImportState({.learned_milli_rps = 100});
  EXPECT_GE(Run(limiter, 45s, ClosedOnce(1h, 1h)).accepted, 30);
}

TEST_F(RateRecovery, AnHonestRateOfAnEarlierRunIsKept) {
  RateLimiter limiter(clock_, {});
  limiter.ImportState({.learned_milli_rps = 9'700});
  const Figures figures = Run(limiter, 30s, Slow(100ms, 1s));
  EXPECT_GE(figures.accepted, 270);
  EXPECT_LE(figures.refused, 9);
}

TEST_F(RateRecovery, MostOfABudgetIsUsedThoughEachRefusalClosesTheServer) {
  RateLimiter limiter(clock_, {});
  const Figures figures = Run(limiter, 30min, Penalising(5, 30s));
  EXPECT_GE(figures.accepted, 30 * 60 * 5 * 0.75);
  EXPECT_LE(figures.refused, figures.accepted * 0.03);
}

TEST_F(RateRecovery, SoItIsAtFiftyASecond) {
  RateLimiter limiter(clock_, {});
  EXPECT_GE(Run(limiter, 30min, Penalising(50, 10s)).accepted, 30 * 60 * 50 * 0.8);
}

TEST_F(RateRecovery, TheFirstTwoHundredPagesOfThatTakeTwoClosedTimes) {
  RateLimiter limiter(clock_, {});
  Run(limiter, 10min, Penalising(5, 30s), 200);
  EXPECT_LE(taken_, 130s);
}

TEST_F(RateRecovery, ARateFarBelowOneASecondIsFoundAllTheSame) {
  RateLimiter limiter(clock_, {});
  Run(limiter, 10min, Slow(10s));
  const Figures figures = Run(limiter, 1h, Slow(10s));
  EXPECT_GE(figures.accepted, 320);
  EXPECT_LE(figures.refused, 60);
}

TEST_F(RateRecovery, SoItIsWhereTheServerNamesTheTime) {
  RateLimiter limiter(clock_, {});
  Run(limiter, 10min, Slow(10s, 10s));
  const Figures figures = Run(limiter, 1h, Slow(10s, 10s));
  EXPECT_GE(figures.accepted, 320);
  EXPECT_LE(figures.refused, 30);
}

TEST_F(RateRecovery, AServerThatAllowsMoreNowIsFollowed) {
  RateLimiter limiter(clock_, {});
  Run(limiter, 30s, Slow(200ms, 1s));
  EXPECT_GE(Run(limiter, 120s, Slow(10ms, 1s)).accepted, 2500);
}

}  // namespace
}  // namespace sluice
