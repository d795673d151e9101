// The limiter against servers that say with each answer how much is left and for how long, in
// virtual time.
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <variant>

#include "stages/http/rate_limit.h"
#include "tests/support/fake_clock.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;

struct Reply {
  bool accepted = true;
  Duration retry_after{};
  std::optional<Duration> spent;  // 0 left, until then
};
using Server = std::function<Reply(SteadyTime)>;

Duration Seconds(Duration time) { return std::chrono::ceil<std::chrono::seconds>(time); }

// `limit` requests in each window, which begins with the first request after the last one's end.
Server Windows(int limit, Duration window) {
  return [=, end = SteadyTime::min(), used = 0](SteadyTime now) mutable -> Reply {
    if (now >= end) {
      end = now + window;
      used = 0;
    }
    if (used == limit) return {.accepted = false, .retry_after = Seconds(end - now)};
    return {.spent = ++used == limit ? std::optional(end - now) : std::nullopt};
  };
}

// A token bucket. Below one token nothing is left, and `named` of the time to the next one is said.
Server Bucket(double rate, double burst, std::function<Duration(Duration)> named) {
  return [=, tokens = burst, last = SteadyTime()](SteadyTime now) mutable -> Reply {
    tokens = std::min(burst, tokens + std::chrono::duration<double>(now - last).count() * rate);
    last = now;
    const bool accepted = tokens >= 1;
    if (accepted) tokens -= 1;
    const auto wait = Duration(static_cast<std::int64_t>((1 - tokens) / rate * 1e9));
    if (!accepted) return {.accepted = false, .retry_after = Seconds(wait)};
    return {.spent = tokens < 1 ? std::optional(named(wait)) : std::nullopt};
  };
}

struct Scenario {
  const char* name;
  Server server;
  double rate;
  std::size_t in_flight = 1;
  double refused_max = 0.03;
  Duration latency = 10ms;
};

void PrintTo(const Scenario& s, std::ostream* out) { *out << s.name; }

class RateWindow : public testing::TestWithParam<Scenario> {
 protected:
  RateWindow() { clock_.Advance(1h); }

  void Run(Duration time) {
    Server server = GetParam().server;
    const SteadyTime end = clock_.Now() + time;
    std::multimap<SteadyTime, std::pair<Permit, Reply>> answers;
    while (clock_.Now() < end) {
      SteadyTime next = end;
      while (answers.size() < GetParam().in_flight) {
        const auto got = limiter_.TryAcquire();
        if (const auto* later = std::get_if<NotUntil>(&got)) {
          next = std::min(next, later->time);
          break;
        }
        answers.emplace(clock_.Now() + GetParam().latency,
                        std::pair(std::get<Permit>(got), server(clock_.Now())));
      }
      if (!answers.empty()) next = std::min(next, answers.begin()->first);
      clock_.Advance(std::max<Duration>(1us, next - clock_.Now()));
      while (!answers.empty() && answers.begin()->first <= clock_.Now()) {
        Hand(answers.extract(answers.begin()).mapped());
      }
    }
  }

  void Hand(const std::pair<Permit, Reply>& answer) {
    const auto& [permit, reply] = answer;
    ++(reply.accepted ? accepted_ : refused_);
    if (!reply.accepted) return limiter_.OnRefused(permit, reply.retry_after);
    limiter_.OnAccepted(permit);
    if (reply.spent) limiter_.OnSpent(*reply.spent);
  }

  FakeClock clock_;
  RateLimiter limiter_{clock_, {}};
  double accepted_ = 0;
  double refused_ = 0;
};

TEST_P(RateWindow, IsUsedWithFewRefusals) {
  Run(120s);
  EXPECT_GE(accepted_ / (GetParam().rate * 120), 0.9);
  EXPECT_LE(refused_ / (accepted_ + refused_), GetParam().refused_max);
}

INSTANTIATE_TEST_SUITE_P(
    SaysWhatIsLeft, RateWindow,
    testing::Values(Scenario{"5 in 4 s", Windows(5, 4s), 1.25},
                    Scenario{"5 in 4 s, several at a time", Windows(5, 4s), 1.25, 8, 0.05},
                    Scenario{"50 in 2 s", Windows(50, 2s), 25},
                    Scenario{"30/s in whole seconds", Bucket(30, 1, Seconds), 30, 8},
                    Scenario{"30/s exactly", Bucket(30, 1, [](Duration d) { return d; }), 30, 8},
                    Scenario{"50/s with a burst, in whole seconds", Bucket(50, 10, Seconds), 50, 8},
                    Scenario{"50/s with a burst, exactly",
                             Bucket(50, 10, [](Duration d) { return d; }), 50, 8},
                    Scenario{"3/s exactly", Bucket(3, 1, [](Duration d) { return d; }), 3, 8}));

}  // namespace
}  // namespace sluice
