#include "tests/sim/service.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "tests/sim/downtime.h"
#include "tests/sim/request_log.h"
#include "tests/sim/server.h"

namespace sluice::sim {
namespace {

constexpr std::uint64_t kServedBeforeWall = 4;
constexpr std::uint64_t kServedBeforeOutage = 50;
constexpr int kOutages = 2;

struct Obstacles {
  explicit Obstacles(const ServiceOptions& options)
      : wall(std::chrono::seconds(options.wall_s), kServedBeforeWall, 1),
        outage(std::chrono::seconds(options.outage_s), kServedBeforeOutage, kOutages),
        limit(options.rate, options.burst),
        faults(options.faults, options.seed) {}

  Downtime wall;
  Downtime outage;
  RateLimit limit;
  Faults faults;
};

HttpResponse AnswerPast(Obstacles& obstacles, const HttpRequest& request, Api& api) {
  auto& [wall, outage, limit, faults] = obstacles;
  if (outage.Meet()) return {.status = 503, .body = "cut off", .delivery = Delivery::kReset};
  if (const auto wait_s = wall.Meet()) {
    return api.Refuse(request, Refusal::kRateLimited, *wait_s);
  }
  if (const int wait_s = limit.Take(); wait_s > 0) {
    return api.Refuse(request, Refusal::kRateLimited, wait_s);
  }
  const std::vector<FaultKind> struck = faults.Strike(request);
  if (auto replacement = Replacement(api, request, struck)) return *std::move(replacement);
  HttpResponse response = api.Answer(request, ListFaultsOf(struck));
  Damage(response, struck);
  return response;
}

int StopSignals() {
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTERM);
  sigaddset(&stop, SIGINT);
  sigprocmask(SIG_BLOCK, &stop, nullptr);
  return signalfd(-1, &stop, SFD_CLOEXEC);
}

}  // namespace

void AddServiceFlags(CLI::App& command, ServiceOptions& options) {
  command.add_option("--port", options.port, "Port on 127.0.0.1; 0 takes a free one");
  command.add_option("--seed", options.seed, "The same seed gives the same bytes");
  command
      .add_option_function<std::string>(
          "--latency",
          [&options](const std::string& text) {
            std::size_t end = 0;
            const long value = std::stol(text, &end);
            const std::string unit = text.substr(end);
            options.latency = std::chrono::milliseconds(unit == "s" ? value * 1000 : value);
          },
          "Time before the first byte of each answer, as 100ms or 2s")
      ->check([](const std::string& text) {
        const auto end = text.find_first_not_of("0123456789");
        const std::string unit = end == std::string::npos ? "" : text.substr(end);
        const bool known = end != 0 && (unit == "ms" || unit == "s" || unit.empty());
        return known ? "" : "'" + text + "' is no duration; write 100ms or 2s";
      });
  command.add_option("--rate", options.rate, "Requests a second; above it 429 (0: no limit)");
  command.add_option("--burst", options.burst, "Requests at once before --rate bites");
  command
      .add_option("--wall", options.wall_s,
                  "From the 5th request on everything is refused for so many seconds (429, with "
                  "the rest of them as Retry-After)")
      ->check(CLI::Range(0, 86'400));
  command
      .add_option("--outage", options.outage_s,
                  "Twice, after 50 requests: every connection is reset for so many seconds")
      ->check(CLI::Range(0, 86'400));
  command.add_option_function<std::vector<std::string>>(
      "--fault",
      [&options](const std::vector<std::string>& texts) {
        for (const std::string& text : texts) {
          const auto fault = ParseFault(text);
          if (!fault) {
            throw CLI::ValidationError("--fault", "'" + text + "' is none of " + FaultNames());
          }
          options.faults.push_back(*fault);
        }
      },
      "KIND[:PROBABILITY] or 401-after:N, may be repeated: " + FaultNames());
  command.add_option("--log", options.log, "One JSON line per request is appended to this file");
}

void AddTokenFlags(CLI::App& command, TokenOptions& options) {
  command.add_option("--token-requests", options.requests,
                     "An access token serves so many requests (0: no end)");
  command.add_option("--token-seconds", options.expires_in_s,
                     "What the token answer says of its life");
  command.add_option("--refresh-token", options.first_refresh,
                     "A refresh token that works once, as if it had been given out");
}

void EndTokensInsteadOfService(std::vector<Fault>& faults, TokenOptions& tokens) {
  const auto ends = std::ranges::find(faults, FaultKind::k401After, &Fault::kind);
  if (ends == faults.end()) return;
  tokens.requests = ends->after;
  faults.erase(ends);
}

int Serve(const ServiceOptions& options, Api& api) {
  const int stop_fd = StopSignals();
  RequestLog log(options.log);
  Obstacles obstacles(options);
  Server server(options.port, {.handle =
                                   [&](const HttpRequest& request) {
                                     HttpResponse response = AnswerPast(obstacles, request, api);
                                     response.delay = options.latency;
                                     return response;
                                   },
                               .answered = [&](const HttpRequest& request, int status,
                                               double ms) { log.Write(request, status, ms); }});
  std::printf("listening http://127.0.0.1:%d\n", server.port());
  std::fflush(stdout);
  server.Run(stop_fd);
  close(stop_fd);
  return 0;
}

}  // namespace sluice::sim
