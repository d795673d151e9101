// What a whole export of a REST resource costs: records a second with each paginator and in each
// form, CPU and peak memory. The server is sluice-sim without latency, on the same machine.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <fstream>
#include <map>
#include <stdexcept>
#include <string>

#include "tests/support/child_process.h"
#include "tests/support/sim_process.h"
#include "tests/support/temp_dir.h"

namespace sluice {
namespace {

// How `sluice-sim rest` wants each paginator to be asked.
const std::map<std::string, std::string> kPaginators = {
    {"cursor", R"({ type = "cursor", cursor_path = "next_cursor" })"},
    {"header_cursor", R"({ type = "header_cursor", cursor_key = "X-Next-Cursor" })"},
    {"header_link", R"("header_link")"},
    {"json_link", R"("json_link")"},
    {"offset", R"({ type = "offset", limit = 100, total_path = "total" })"},
    {"page_number", R"({ type = "page_number", base_page = 1, total_header = "X-Total-Pages" })"},
};

double Seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

void Export(const std::string& paginator, const std::string& format, long records) {
  TempDir folder;
  const SimProcess sim(SLUICE_BINARY_DIR "/sluice-sim",
                       {"rest", "--paginator", paginator, "--records", std::to_string(records)});
  const std::filesystem::path job = folder / "job.toml";
  std::ofstream(job) << "[job]\nsource = \"rest\"\noutput = \"out\"\n[limits]\nrate = 0\n"
                     << "[client]\nbase_url = \"" << sim.url() << "\"\n"
                     << "[[resources]]\nname = \"records\"\nprimary_key = \"id\"\n"
                     << "[resources.endpoint]\npath = \"records\"\npaginator = "
                     << kPaginators.at(paginator) << "\n[resources.output]\nformat = \"" << format
                     << "\"\n";
  const auto began = std::chrono::steady_clock::now();
  ChildProcess sluice({.args = {SLUICE_BINARY_DIR "/sluice", "run", job.string(), "-q"}});
  if (sluice.Wait() != 0) throw std::runtime_error(paginator + ": the export failed");
  const double wall =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  const rusage& usage = sluice.usage();
  fmt::print("{:<14} {:<7} {:>10.0f} {:>7.1f} {:>7.1f} {:>8}\n", paginator, format,
             static_cast<double>(records) / wall, wall,
             Seconds(usage.ru_utime) + Seconds(usage.ru_stime), usage.ru_maxrss / 1024);
  std::fflush(stdout);
}

int Main(int argc, char** argv) {
  CLI::App app("Whole exports of a REST resource");
  long records = 1'000'000;
  app.add_option("--records", records, "Records, 100 a page")->check(CLI::Range(1, 100'000'000));
  CLI11_PARSE(app, argc, argv);
  fmt::print("{:<14} {:<7} {:>10} {:>7} {:>7} {:>8}\n", "paginator", "format", "records/s",
             "wall s", "CPU s", "peak MiB");
  for (const auto& [paginator, unused] : kPaginators) Export(paginator, "jsonl", records);
  for (const char* format : {"csv", "sqlite"}) Export("cursor", format, records);
  return 0;
}

}  // namespace
}  // namespace sluice

int main(int argc, char** argv) {
  try {
    return sluice::Main(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "rest_bench: {}\n", error.what());
    return 1;
  }
}
