// How well sluice uses what a server allows: rate limits known and unknown, latency, failing
// answers, outages (limits_bench -h).
//
// Each row starts a fresh sluice-sim that enforces something, and runs `sluice notion` into an
// empty folder. What was accepted and refused is counted in the simulator's request log, not in
// sluice.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/support/exporter.h"
#include "tests/support/sim_process.h"

namespace sluice {
namespace {

using Args = std::vector<std::string>;

Args Join(Args args, const Args& more) {
  args.insert(args.end(), more.begin(), more.end());
  return args;
}

Args Workspace(int pages, int blocks) {
  return {"notion", "--pages", std::to_string(pages), "--blocks", std::to_string(blocks),
          "--seed", "1"};
}

// One export, as the simulator saw it.
struct Seen {
  double wall_s = 0;    // of the process
  double active_s = 0;  // first answer to last
  std::int64_t requests = 0;
  std::int64_t accepted = 0;
  std::int64_t refused = 0;  // 429
  std::int64_t probes = 0;   // of outages
  std::int64_t lost = 0;     // in the first second of each
  Tree tree;
};

// What was sent into outages: in their first second, when requests come home that were under way,
// and later.
void CountProbes(const std::vector<LogLine>& log, Seen& seen) {
  std::int64_t began_ms = 0;  // 0: none is under way
  for (const LogLine& line : log) {
    if (line.status == 200) began_ms = 0;
    if (line.status == 200) continue;
    if (began_ms == 0) began_ms = line.time_ms;
    ++(line.time_ms - began_ms > 1000 ? seen.probes : seen.lost);
  }
}

Seen Export(const Args& simulator, const Args& flags) {
  const SimProcess sim(SLUICE_BINARY_DIR "/sluice-sim", simulator);
  Exporter exporter(SLUICE_BINARY_DIR);
  const auto start = std::chrono::steady_clock::now();
  const Outcome outcome = exporter.Export(sim, flags);
  Seen seen;
  seen.wall_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (outcome.exit_code != 0) {
    throw std::runtime_error(fmt::format("exit {}: {}", outcome.exit_code, outcome.err));
  }
  const std::vector<LogLine> log = sim.Log();
  seen.requests = std::ssize(log);
  seen.accepted = std::ranges::count(log, 200, &LogLine::status);
  seen.refused = std::ranges::count(log, 429, &LogLine::status);
  CountProbes(log, seen);
  const auto [first, last] = std::ranges::minmax(log, {}, &LogLine::time_ms);
  seen.active_s = static_cast<double>(last.time_ms - first.time_ms) / 1000;
  seen.tree = exporter.Output();
  return seen;
}

// Of several runs the one in the middle.
Seen Median(int runs, const std::function<Seen()>& run, double Seen::*cost) {
  std::vector<Seen> all;
  for (int i = 0; i < runs; ++i) all.push_back(run());
  std::ranges::sort(all, {}, cost);
  return std::move(all[all.size() / 2]);
}

double LoadAverage() {
  double load = 0;
  return getloadavg(&load, 1) == 1 ? load : 0;
}

void Print(const std::string& row, const Seen& seen, const std::string& figure) {
  fmt::print("{:<34} {:>8} {:>7} {:>8.1f}  {:<44} load {:.1f}\n", row, seen.requests, seen.refused,
             seen.wall_s, figure, LoadAverage());
  std::fflush(stdout);
}

// The budget of the time used: what the burst allows at once, and `rate` from then on.
void Rate(int runs, double rate, int pages, const char* known) {
  const Args limited = {"--rate", fmt::format("{}", rate), "--burst", "1"};
  const Seen seen = Median(
      runs,
      [&] {
        return Export(Join(Workspace(pages, 1), limited), {"--tpslimit", known});
      },
      &Seen::active_s);
  const double budget = 1 + rate * seen.active_s;
  Print(fmt::format("rate {}, --tpslimit {}", rate, known), seen,
        fmt::format("{:.1f} % of the budget, {:.1f} % refused",
                    100 * static_cast<double>(seen.accepted) / budget,
                    100 * static_cast<double>(seen.refused) / static_cast<double>(seen.requests)));
}

// Against what K requests at a time would take if nothing but the latency cost time. With
// --tpslimit 0 the rate is found by a slow start; 10000 says that it does not matter.
void Latency(int runs, int latency_ms, int in_flight, int pages, const char* known) {
  const Args delayed = {"--latency", fmt::format("{}ms", latency_ms), "--databases", "0"};
  const Args flags = {"--tpslimit", known,
                      "--set",      fmt::format("stages.fetch.blocks={}", in_flight),
                      "--set",      fmt::format("limits.in_flight={}", 4 * in_flight)};
  const Seen seen = Median(
      runs, [&] { return Export(Join(Workspace(pages, 8), delayed), flags); }, &Seen::wall_s);
  const double ideal = static_cast<double>(seen.requests) * latency_ms / 1000 / in_flight;
  Print(fmt::format("latency {} ms, K={}, --tpslimit {}", latency_ms, in_flight, known), seen,
        fmt::format("{:.2f} x requests x latency / K", seen.wall_s / ideal));
}

void Faults(int runs, int pages) {
  const Seen calm = Export(Workspace(pages, 8), {});
  for (const char* fault : {"500:0.3", "503:0.3", "reset:0.3"}) {
    const Seen seen = Median(
        runs,
        [&] {
          return Export(Join(Workspace(pages, 8), {"--fault", fault}),
                        {"--set", "retry.base=50ms"});
        },
        &Seen::wall_s);
    const auto extra = static_cast<double>(seen.requests - calm.requests);
    Print(fmt::format("fault {}", fault), seen,
          fmt::format("{:.0f} % extra requests, output {}",
                      100 * extra / static_cast<double>(calm.requests),
                      Differences(calm.tree, seen.tree).empty() ? "identical" : "DIFFERS"));
  }
}

void Outages(int seconds, int pages) {
  const Seen calm = Export(Workspace(pages, 8), {});
  const Seen seen = Export(Join(Workspace(pages, 8), {"--outage", std::to_string(seconds)}), {});
  const auto watched = static_cast<double>(2 * (seconds - 1));
  Print(fmt::format("two outages of {} s", seconds), seen,
        fmt::format("{} in their first seconds, then {:.2f}/s, output {}", seen.lost,
                    static_cast<double>(seen.probes) / watched,
                    Differences(calm.tree, seen.tree).empty() ? "identical" : "DIFFERS"));
}

int Main(int argc, char** argv) {
  bool long_runs = false;
  int runs = 1;
  std::string only;
  CLI::App app(
      "What a limited, slow or failing server gets out of sluice, and the other way round.");
  app.add_flag(
      "--long", long_runs,
      "300 requests at 3/s instead of 120, known and unknown; 1000 pages at 300 ms, K=10 as well");
  app.add_option("--runs", runs, "Runs of each row; the median is printed")
      ->check(CLI::Range(1, 100));
  app.add_option("--only", only, "One group")
      ->check(CLI::IsMember({"rate3", "rate50", "latency", "faults", "outages"}));
  CLI11_PARSE(app, argc, argv);
  const auto wanted = [&](const char* group) { return only.empty() || only == group; };

  fmt::print("{:<34} {:>8} {:>7} {:>8}  {}\n", "server", "requests", "429", "wall s", "figure");
  if (wanted("rate3")) Rate(runs, 3, long_runs ? 220 : 80, "3");
  if (wanted("rate3") && long_runs) Rate(runs, 3, 220, "0");  // finding it takes half a minute
  for (const char* known : {"50", "0"}) {
    if (wanted("rate50")) Rate(runs, 50, 700, known);
  }
  if (wanted("latency")) {
    for (const int latency_ms : {100, 300}) {
      for (const int in_flight : {10, 64}) {
        const int pages = long_runs || in_flight == 64 || latency_ms == 100 ? 1000 : 300;
        for (const char* known : {"10000", "0"}) {
          Latency(runs, latency_ms, in_flight, pages, known);
        }
      }
    }
  }
  if (wanted("faults")) Faults(runs, 300);
  if (wanted("outages")) Outages(20, 300);
  return 0;
}

}  // namespace
}  // namespace sluice

int main(int argc, char** argv) {
  try {
    return sluice::Main(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "limits_bench: " << error.what() << "\n";
    return 1;
  }
}
