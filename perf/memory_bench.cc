// Resident memory over the items of one export (memory_bench -h): is it flat?
//
// One export from sluice-sim without latency, watched from outside; then what is done with its
// state: the same again with nothing changed, everything fetched again, a verification. An item is
// a request that was sent or a document that was rendered. 1,000,000 items take a quarter of an
// hour to half an hour and 2 GB of disk under $TMPDIR.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "perf/watched_run.h"
#include "tests/support/sim_process.h"
#include "tests/support/temp_dir.h"

namespace sluice {
namespace {

using std::chrono::milliseconds;

// Until here everything that has a bound fills up: what is added later is added for ever.
constexpr std::int64_t kEarlyItems = 10'000;

constexpr double kItemsOfAPage = 7.9;  // requests and file, at 30 blocks a page

struct Mark {
  std::int64_t items = 0;
  double peak_mb = 0;
  double resident_mb = 0;  // 0: it has ended
  double load = 0;         // of the machine, one minute
};

struct Run {
  std::string name;
  std::vector<Mark> marks;  // the last one is the end of the run
  double wall_s = 0;
};

double Load() {
  double load = 0;
  return getloadavg(&load, 1) == 1 ? load : 0;
}

// 1,000, 2,000, 5,000, 10,000, ...
std::int64_t Next(std::int64_t mark) {
  std::int64_t unit = 1;
  while (mark / unit >= 10) unit *= 10;
  return mark / unit == 2 ? 5 * unit : 2 * mark;
}

Run Watch(std::string name, const ChildProcess::Options& options,
          const std::filesystem::path& state_file) {
  Run run{.name = std::move(name)};
  const std::int64_t before = ItemsOf(state_file);
  const auto start = std::chrono::steady_clock::now();
  ChildProcess child(options);
  std::int64_t next = 1000;
  while (const double peak_mb = MemoryMb(child.pid(), "VmHWM")) {
    const std::int64_t items = ItemsOf(state_file);
    if (items != before && items >= next) {
      run.marks.push_back({next, peak_mb, MemoryMb(child.pid(), "VmRSS"), Load()});
      while (next <= items) next = Next(next);
    }
    std::this_thread::sleep_for(milliseconds(20));
  }
  const int exit_code = child.Wait();
  if (exit_code != 0) throw std::runtime_error(fmt::format("{}: exit {}", run.name, exit_code));
  run.wall_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  run.marks.push_back(
      {ItemsOf(state_file), static_cast<double>(child.usage().ru_maxrss) / 1024, 0, Load()});
  return run;
}

// How much the peak at the end is above the one after kEarlyItems, in percent; nullopt: it did not
// come that far.
std::optional<double> Growth(const Run& run) {
  for (const Mark& mark : run.marks) {
    if (mark.items == kEarlyItems) return 100 * (run.marks.back().peak_mb / mark.peak_mb - 1);
  }
  return std::nullopt;
}

void Print(const Run& run) {
  fmt::print("{}: {:.1f} s\n", run.name, run.wall_s);
  for (const Mark& mark : run.marks) {
    fmt::print("{:>12} items  peak {:>5.1f} MiB  resident {:>5.1f} MiB  load {:.1f}\n", mark.items,
               mark.peak_mb, mark.resident_mb, mark.load);
  }
  if (const auto growth = Growth(run)) {
    fmt::print("  after the first {} items: {:+.1f} %\n", kEarlyItems, *growth);
  }
  std::fflush(stdout);
}

nlohmann::json ToJson(const Run& run) {
  nlohmann::json marks = nlohmann::json::array();
  for (const Mark& mark : run.marks) {
    marks.push_back({{"items", mark.items},
                     {"peak_mib", mark.peak_mb},
                     {"resident_mib", mark.resident_mb},
                     {"load", mark.load}});
  }
  const auto growth = Growth(run);
  return {{"run", run.name},
          {"wall_s", run.wall_s},
          {"growth_percent_after_10000_items", growth ? nlohmann::json(*growth) : nullptr},
          {"marks", std::move(marks)}};
}

int Main(int argc, char** argv) {
  std::int64_t items = 100'000;
  std::vector<std::string> set;
  bool json = false;
  bool only_first = false;
  CLI::App app("Resident memory over the items of one export.");
  app.add_option("--items", items, "About so many: requests and documents")
      ->check(CLI::Range(1'000, 10'000'000));
  app.add_option("--set", set, "Passed on, e.g. cache.memory_entries=1");
  app.add_flag("--only-first", only_first, "Without the runs over the state that is left");
  app.add_flag("--json", json, "One JSON object a run");
  CLI11_PARSE(app, argc, argv);

  const auto pages = static_cast<std::int64_t>(static_cast<double>(items) / kItemsOfAPage);
  const SimProcess simulator(SLUICE_BINARY_DIR "/sluice-sim",
                             {"notion", "--pages", std::to_string(pages), "--seed", "1"});
  const TempDir folder;
  const std::filesystem::path output = folder / "out";
  const std::filesystem::path state = StateFileIn(output);
  std::vector<std::string> settings;
  for (const std::string& setting : set) settings.insert(settings.end(), {"--set", setting});
  const auto exporting = [&](const char* name, std::vector<std::string> more) {
    more.insert(more.end(), settings.begin(), settings.end());
    return Watch(name, NotionExport(simulator.url(), output, more), state);
  };
  const auto show = [&](const Run& run) {
    if (json) {
      std::cout << ToJson(run).dump() << std::endl;
    } else {
      Print(run);
    }
  };
  show(exporting("first export", {}));
  if (!json) {
    fmt::print("state: {:.0f} MB\n", static_cast<double>(std::filesystem::file_size(state)) / 1e6);
  }
  if (only_first) return 0;
  show(exporting("again, nothing changed", {}));
  show(exporting("again, --full", {"--full"}));
  for (const char* verb : {"verify", "doctor"}) {
    show(Watch(verb, {.args = {SLUICE_BINARY_DIR "/sluice", verb, output.string()}}, state));
  }
  return 0;
}

}  // namespace
}  // namespace sluice

int main(int argc, char** argv) {
  try {
    return sluice::Main(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "memory_bench: " << error.what() << "\n";
    return 1;
  }
}
