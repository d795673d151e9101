// The limiter against a server with a token bucket that gives Retry-After in whole seconds, in
// virtual time: figures over whole runs. On a busy machine whoever is woken (the client by its
// timer or by an answer, the server by a request) now and then waits for a CPU.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <variant>

#include "stages/http/rate_limit.h"
#include "tests/support/fake_clock.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;

struct Scenario {
  const char* name;
  double server_rate;
  int server_burst = 1;
  double configured = 0;  // 0: the client does not know
  int configured_burst = 1;
  RateStart start = RateStart::kCareful;
  int in_flight = 64;
  int requests = 300;
  Duration latency = 20ms;         // both ways together
  Duration jitter = 200us;         // of each way
  Duration timer_late = 0us;       // always
  double busy = 0;                 // so often a wake-up is late; by kTurn on average, exponentially
  bool exact_retry_after = false;  // the server stays closed for all of Retry-After
  double utilisation_min = 0.9;
  double refused_max = 0.03;         // of all answers
  double refused_later_max = 0.045;  // of those to what was sent after the first refusal came
  int inside_window_max = 0;         // requests refused while Retry-After of an earlier one ran
};

constexpr Duration kTurn = 2ms;

void PrintTo(const Scenario& s, std::ostream* out) { *out << s.name; }

class TokenBucket {
 public:
  explicit TokenBucket(const Scenario& s) : s_(s), tokens_(s.server_burst) {}
  // nullopt: accepted.
  std::optional<Duration> Ask(SteadyTime now) {
    tokens_ = std::min<double>(
        s_.server_burst,
        tokens_ + std::chrono::duration<double>(now - last_).count() * s_.server_rate);
    last_ = now;
    if (now < closed_until_) {
      ++inside_window;
      return Seconds(closed_until_ - now);
    }
    if (tokens_ >= 1) {
      tokens_ -= 1;
      return std::nullopt;
    }
    const Duration wait =
        Seconds(Duration(static_cast<std::int64_t>((1 - tokens_) / s_.server_rate * 1e9)));
    if (s_.exact_retry_after) closed_until_ = now + wait;
    return wait;
  }
  int inside_window = 0;

 private:
  static Duration Seconds(Duration d) { return std::chrono::ceil<std::chrono::seconds>(d); }
  const Scenario& s_;
  double tokens_;
  SteadyTime last_{};
  SteadyTime closed_until_{};
};

struct Figures {
  double utilisation = 0;
  double refused = 0;
  double refused_later = 0;
  int inside_window = 0;
};

// Runs a scenario's requests to acceptance; a refused one is asked again.
class Simulation {
 public:
  explicit Simulation(const Scenario& s)
      : s_(s),
        limiter_(
            clock_,
            {.requests_per_second = s.configured, .burst = s.configured_burst, .start = s.start}),
        server_(s),
        waiting_(s.requests) {
    clock_.Advance(1h);  // the steady clock of a machine does not begin with the run
  }

  Figures Run() {
    const SteadyTime start = clock_.Now();
    Pump();
    while (accepted_ < s_.requests && !events_.empty()) {
      auto event = events_.extract(events_.begin());
      clock_.Advance(std::max(Duration::zero(), event.key() - clock_.Now()));
      event.mapped()();
    }
    const double by_rate = std::max(1, s_.requests - s_.server_burst) / s_.server_rate;
    const double by_latency = s_.requests * Seconds(s_.latency) / s_.in_flight;
    const Duration taken = clock_.Now() - start - s_.latency;
    return {.utilisation = std::max(by_rate, by_latency) / Seconds(taken),
            .refused = static_cast<double>(refused_) / (accepted_ + refused_),
            .refused_later = static_cast<double>(refused_later_) / std::max(1, answered_later_),
            .inside_window = server_.inside_window};
  }

 private:
  void Pump() {
    while (waiting_ > 0 && in_flight_ < s_.in_flight) {
      const auto got = limiter_.TryAcquire();
      if (const auto* later = std::get_if<NotUntil>(&got)) return WakeAt(later->time);
      --waiting_;
      ++in_flight_;
      events_.emplace(clock_.Now() + OneWay(),
                      [this, permit = std::get<Permit>(got)] { Arrive(permit); });
    }
  }

  // As FetchLoop does it: the last timer that was set is the one that counts.
  void WakeAt(SteadyTime time) {
    if (time == SteadyTime::max() || (wake_ <= time && wake_ > clock_.Now())) return;
    wake_ = time;
    events_.emplace(time + s_.timer_late + WaitForCpu(), [this, time] {
      if (wake_ != time) return;
      wake_ = SteadyTime::max();
      Pump();
    });
  }

  void Arrive(const Permit& permit) {
    events_.emplace(clock_.Now() + OneWay(), [this, permit, refusal = server_.Ask(clock_.Now())] {
      --in_flight_;
      const bool later = permit.sent_at > first_refusal_;
      answered_later_ += later ? 1 : 0;
      refused_later_ += later && refusal ? 1 : 0;
      if (refusal) first_refusal_ = std::min(first_refusal_, clock_.Now());
      refusal ? ++refused_ : ++accepted_;
      waiting_ += refusal ? 1 : 0;
      refusal ? limiter_.OnRefused(permit, *refusal) : limiter_.OnAccepted(permit);
      Pump();
    });
  }

  static double Seconds(Duration d) { return std::chrono::duration<double>(d).count(); }

  Duration OneWay() {
    std::uniform_int_distribution<std::int64_t> jitter(0, s_.jitter.count());
    return s_.latency / 2 + Duration(jitter(rng_)) + WaitForCpu();
  }

  Duration WaitForCpu() {
    if (s_.busy == 0 || !std::bernoulli_distribution(s_.busy)(rng_)) return 0us;
    return Duration(static_cast<std::int64_t>(
        std::exponential_distribution<double>(1.0 / static_cast<double>(kTurn.count()))(rng_)));
  }

  const Scenario& s_;
  FakeClock clock_;
  RateLimiter limiter_;
  TokenBucket server_;
  std::mt19937_64 rng_{7};
  std::multimap<SteadyTime, std::function<void()>> events_;
  int waiting_ = 0;
  int in_flight_ = 0;
  int accepted_ = 0;
  int refused_ = 0;
  SteadyTime first_refusal_ = SteadyTime::max();  // when it came
  int answered_later_ = 0;
  int refused_later_ = 0;
  SteadyTime wake_ = SteadyTime::max();
};

class RateSimulation : public testing::TestWithParam<Scenario> {};

TEST_P(RateSimulation, UsesTheBudgetWithFewRefusals) {
  const Scenario& s = GetParam();
  const Figures figures = Simulation(s).Run();
  RecordProperty("utilisation", std::to_string(figures.utilisation));
  RecordProperty("refused", std::to_string(figures.refused));
  EXPECT_GE(figures.utilisation, s.utilisation_min);
  EXPECT_LE(figures.refused, s.refused_max);
  EXPECT_LE(figures.refused_later, s.refused_later_max);
  EXPECT_LE(figures.inside_window, s.inside_window_max);
}

INSTANTIATE_TEST_SUITE_P(
    UnknownRate, RateSimulation,
    testing::Values(Scenario{.name = "50/s", .server_rate = 50},
                    Scenario{.name = "50/s on loopback", .server_rate = 50, .latency = 1ms},
                    Scenario{.name = "50/s, 10 in flight", .server_rate = 50, .in_flight = 10},
                    Scenario{.name = "30/s", .server_rate = 30},
                    Scenario{.name = "30/s over 100 ms", .server_rate = 30, .latency = 100ms},
                    Scenario{.name = "3/s", .server_rate = 3},
                    Scenario{.name = "200/s", .server_rate = 200, .requests = 2000},
                    Scenario{.name = "50/s for a minute",
                             .server_rate = 50,
                             .requests = 3000,
                             .utilisation_min = 0.95,
                             .refused_max = 0.015},
                    // The first refusals arrive five requests late, which 300 do not make up for.
                    Scenario{.name = "50/s over 100 ms",
                             .server_rate = 50,
                             .latency = 100ms,
                             .utilisation_min = 0.88,
                             .refused_max = 0.04},
                    Scenario{.name = "50/s on loopback, the server's burst is 10",
                             .server_rate = 50,
                             .server_burst = 10,
                             .latency = 1ms,
                             .utilisation_min = 0.97,
                             .refused_max = 0.04},
                    // A saved-up burst hides the rate until it is spent at full speed; what is
                    // under way then is refused.
                    Scenario{.name = "50/s, the server's burst is 50",
                             .server_rate = 50,
                             .server_burst = 50,
                             .utilisation_min = 0.97,
                             .refused_max = 0.12},
                    Scenario{.name = "200/s on loopback, the server's burst is 50",
                             .server_rate = 200,
                             .server_burst = 50,
                             .requests = 2000,
                             .latency = 1ms,
                             .utilisation_min = 0.97}));

// The job says that there is no limit.
INSTANTIATE_TEST_SUITE_P(BoldStart, RateSimulation,
                         testing::Values(Scenario{.name = "there is none",
                                                  .server_rate = 1e9,
                                                  .server_burst = 1'000'000,
                                                  .start = RateStart::kBold,
                                                  .requests = 3000,
                                                  .latency = 100ms,
                                                  .utilisation_min = 0.93},
                                         Scenario{.name = "50/s after all",
                                                  .server_rate = 50,
                                                  .start = RateStart::kBold,
                                                  .refused_max = 0.045},
                                         Scenario{.name = "3/s after all, on loopback",
                                                  .server_rate = 3,
                                                  .start = RateStart::kBold,
                                                  .latency = 200us},
                                         Scenario{.name = "3/s after all over 100 ms",
                                                  .server_rate = 3,
                                                  .start = RateStart::kBold,
                                                  .latency = 100ms,
                                                  .refused_max = 0.045}));

Scenario Known(Scenario s) {
  s.configured = s.server_rate;
  s.configured_burst = s.server_burst;
  s.utilisation_min = 0.98;
  s.refused_max = 0.01;
  return s;
}

INSTANTIATE_TEST_SUITE_P(
    KnownRate, RateSimulation,
    testing::Values(Known({.name = "50/s", .server_rate = 50}),
                    Known({.name = "50/s over 100 ms", .server_rate = 50, .latency = 100ms}),
                    Known({.name = "50/s on loopback, real timers",
                           .server_rate = 50,
                           .requests = 3000,
                           .latency = 200us,
                           .jitter = 50us,
                           .timer_late = 70us}),
                    Known({.name = "50/s over 20 ms, rarely late",
                           .server_rate = 50,
                           .requests = 3000,
                           .jitter = 50us,
                           .timer_late = 70us,
                           .busy = 0.003}),
                    Known({.name = "30/s", .server_rate = 30}),
                    Known({.name = "3/s", .server_rate = 3}),
                    Known({.name = "3/s, burst 10", .server_rate = 3, .server_burst = 10}),
                    Known({.name = "50/s, burst 50", .server_rate = 50, .server_burst = 50})));

// A server without a burst on the same machine. What comes late cannot be made up for; what it
// makes early is the limiter's concern.
Scenario OnBusyMachine(Scenario s, double busy, double utilisation_min) {
  s.busy = busy;
  s.latency = 200us;
  s.jitter = 50us;
  s.timer_late = 70us;
  s.requests = 3000;
  s.utilisation_min = utilisation_min;
  return s;
}

INSTANTIATE_TEST_SUITE_P(
    BusyMachine, RateSimulation,
    testing::Values(
        OnBusyMachine(Known({.name = "50/s, one wake-up in ten late", .server_rate = 50}), 0.1,
                      0.95),
        OnBusyMachine(Known({.name = "50/s, one in three", .server_rate = 50}), 0.33, 0.87),
        OnBusyMachine(Known({.name = "50/s, two in three", .server_rate = 50}), 0.67, 0.75),
        OnBusyMachine(Known({.name = "3/s, one in three", .server_rate = 3}), 0.33, 0.96),
        OnBusyMachine({.name = "50/s, unknown, one in ten", .server_rate = 50}, 0.1, 0.9),
        OnBusyMachine({.name = "50/s, unknown, one in three", .server_rate = 50}, 0.33, 0.8)));

// The server stays closed for all of Retry-After: what is sent meanwhile is refused again.
INSTANTIATE_TEST_SUITE_P(ExactRetryAfter, RateSimulation,
                         testing::Values(Scenario{.name = "3/s",
                                                  .server_rate = 3,
                                                  .exact_retry_after = true,
                                                  .utilisation_min = 0.87,
                                                  .inside_window_max = 4},
                                         Scenario{.name = "30/s",
                                                  .server_rate = 30,
                                                  .requests = 3000,
                                                  .exact_retry_after = true,
                                                  .inside_window_max = 4}));

}  // namespace
}  // namespace sluice
