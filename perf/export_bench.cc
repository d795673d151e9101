// Whole exports from the simulator: items a second, CPU, peak memory, second run (export_bench -h).
//
// Each row starts a fresh sluice-sim without latency, runs `sluice notion` into an empty folder,
// and runs it once more. An item is a request that was sent or a document that was rendered. CPU
// and peak memory are the kernel's account of the sluice process alone (wait4); the simulator is
// not in them, but it shares the machine, so wall-clock figures are of both together.
#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "perf/watched_run.h"
#include "tests/support/sim_process.h"
#include "tests/support/temp_dir.h"

namespace sluice {
namespace {

// Memory that still grows after so many items would grow for ever.
constexpr std::int64_t kEarlyItems = 10'000;

struct Workload {
  int pages = 1000;
  int blocks = 30;  // of a page, on average
  int giant = 0;    // blocks of one more page
  int in_flight = 64;
};

// One `sluice notion`, from fork to exit.
struct RunFigures {
  double wall_s = 0;
  double cpu_s = 0;
  double rss_mb = 0;        // peak
  double rss_early_mb = 0;  // peak until kEarlyItems were done; 0: the run had fewer
  std::int64_t requests = 0;
  std::int64_t documents = 0;
};

struct Figures {
  RunFigures first;
  RunFigures second;  // nothing has changed
  std::string in_flight_peak;
  double state_mb = 0;

  std::int64_t items() const { return first.requests + first.documents; }
  double items_per_s() const { return static_cast<double>(items()) / first.wall_s; }
  double requests_per_s() const { return static_cast<double>(first.requests) / first.wall_s; }
  double cpu_s_per_1000() const { return 1000 * first.cpu_s / static_cast<double>(items()); }
};

std::filesystem::path StateFile(const TempDir& folder) { return StateFileIn(folder / "out"); }

// Returns when the child has done kEarlyItems, or has ended before (0).
double PeakUntilEarlyItems(const ChildProcess& child, const std::filesystem::path& state_file) {
  const std::int64_t before = ItemsOf(state_file);
  while (true) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    const double peak_mb = MemoryMb(child.pid(), "VmHWM");
    if (peak_mb == 0) return 0;
    const std::int64_t items = ItemsOf(state_file);
    if (items != before && items >= kEarlyItems) return peak_mb;
  }
}

RunFigures Export(const std::string& url, const TempDir& folder, const Workload& workload) {
  const auto start = std::chrono::steady_clock::now();
  ChildProcess sluice(NotionExport(
      url, folder / "out", {"--set", fmt::format("limits.in_flight={}", workload.in_flight)}));
  const double rss_early_mb = PeakUntilEarlyItems(sluice, StateFile(folder));
  const int exit_code = sluice.Wait();
  if (exit_code != 0) throw std::runtime_error(fmt::format("sluice: exit {}", exit_code));
  RunFigures run;
  run.wall_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  run.cpu_s = Seconds(sluice.usage().ru_utime) + Seconds(sluice.usage().ru_stime);
  run.rss_mb = static_cast<double>(sluice.usage().ru_maxrss) / 1024;
  run.rss_early_mb = rss_early_mb;
  const SQLite::Database state(StateFile(folder).string());
  SQLite::Statement last(state, "SELECT requests, outputs FROM runs ORDER BY run DESC LIMIT 1");
  last.executeStep();
  run.requests = last.getColumn(0).getInt64();
  run.documents = last.getColumn(1).getInt64();
  return run;
}

Figures Measure(const Workload& workload) {
  const SimProcess simulator(
      SLUICE_BINARY_DIR "/sluice-sim",
      {"notion", "--pages", std::to_string(workload.pages), "--blocks",
       std::to_string(workload.blocks), "--giant", std::to_string(workload.giant), "--seed", "1"});
  const TempDir folder;
  Figures figures;
  figures.first = Export(simulator.url(), folder, workload);
  {
    const SQLite::Database state(StateFile(folder).string());
    SQLite::Statement peak(state, "SELECT value FROM limits WHERE name = 'in_flight.peak'");
    if (peak.executeStep()) figures.in_flight_peak = peak.getColumn(0).getString();
  }
  figures.state_mb = static_cast<double>(std::filesystem::file_size(StateFile(folder))) / 1e6;
  figures.second = Export(simulator.url(), folder, workload);
  return figures;
}

// Of several runs the one in the middle by CPU, which a busy machine disturbs least.
Figures MeasureMedian(const Workload& workload, int runs) {
  std::vector<Figures> all;
  for (int i = 0; i < runs; ++i) all.push_back(Measure(workload));
  std::ranges::sort(all, {}, [](const Figures& figures) { return figures.first.cpu_s; });
  return all[all.size() / 2];
}

void PrintHead() {
  fmt::print("{:>7} {:>8} {:>3} {:>9} {:>8} {:>8} {:>11} {:>8} {:>8} {:>7} {:>9} {:>8} {:>9}\n",
             "pages", "giant", "K", "requests", "items/s", "req/s", "CPU s/1000", "peak MB",
             "at 10000", "flight", "state MB", "again s", "again req");
}

void PrintRow(const Workload& workload, const Figures& figures) {
  fmt::print(
      "{:>7} {:>8} {:>3} {:>9} {:>8.0f} {:>8.0f} {:>11.3f} {:>8.1f} {:>8.1f} {:>7} {:>9.1f} "
      "{:>8.2f} "
      "{:>9}\n",
      workload.pages, workload.giant, workload.in_flight, figures.first.requests,
      figures.items_per_s(), figures.requests_per_s(), figures.cpu_s_per_1000(),
      std::max(figures.first.rss_mb, figures.second.rss_mb), figures.first.rss_early_mb,
      figures.in_flight_peak, figures.state_mb, figures.second.wall_s, figures.second.requests);
  std::fflush(stdout);
}

nlohmann::json ToJson(const RunFigures& run) {
  return {{"wall_s", run.wall_s},      {"cpu_s", run.cpu_s},
          {"peak_rss_mb", run.rss_mb}, {"peak_rss_mb_at_10000_items", run.rss_early_mb},
          {"requests", run.requests},  {"documents", run.documents}};
}

nlohmann::json ToJson(const Workload& workload, const Figures& figures) {
  return {{"pages", workload.pages},
          {"blocks", workload.blocks},
          {"giant", workload.giant},
          {"in_flight", workload.in_flight},
          {"in_flight_peak", figures.in_flight_peak},
          {"items_per_s", figures.items_per_s()},
          {"requests_per_s", figures.requests_per_s()},
          {"cpu_s_per_1000_items", figures.cpu_s_per_1000()},
          {"state_mb", figures.state_mb},
          {"first", ToJson(figures.first)},
          {"second", ToJson(figures.second)}};
}

int Main(int argc, char** argv) {
  Workload one;
  int runs = 3;
  bool json = false;
  CLI::App app("Exports from the simulator. Without --pages: the standard table.");
  CLI::Option* pages = app.add_option("--pages", one.pages, "One row: pages of the workspace");
  app.add_option("--blocks", one.blocks, "Blocks of a page, on average")->needs(pages);
  app.add_option("--giant", one.giant, "One more page with so many blocks")->needs(pages);
  app.add_option("--in-flight", one.in_flight, "limits.in_flight")->needs(pages);
  app.add_option("--runs", runs, "Runs of each row; the median by CPU is printed")
      ->check(CLI::Range(1, 100));
  app.add_flag("--json", json, "One JSON object a row");
  CLI11_PARSE(app, argc, argv);

  // What grows with pages, then what the number in flight does.
  std::vector<Workload> table{{.pages = 1'000},
                              {.pages = 20'000},
                              {.pages = 1'000, .in_flight = 1},
                              {.pages = 1'000, .in_flight = 8}};
  if (pages->count() > 0) table = {one};
  if (!json) PrintHead();
  for (const Workload& workload : table) {
    const Figures figures = MeasureMedian(workload, runs);
    if (json) {
      std::cout << ToJson(workload, figures).dump() << std::endl;
    } else {
      PrintRow(workload, figures);
    }
  }
  return 0;
}

}  // namespace
}  // namespace sluice

int main(int argc, char** argv) {
  try {
    return sluice::Main(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "export_bench: " << error.what() << "\n";
    return 1;
  }
}
