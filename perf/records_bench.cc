// What records cost on their way into a file: records a second and peak memory, by format
// (records_bench [RECORDS]). Each row is a process of its own, so that its peak is its own.
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "stages/sinks/record_writer.h"
#include "tests/support/file_sink.h"
#include "tests/support/temp_dir.h"

namespace sluice {
namespace {

// About 200 bytes, as a list of issues or events has them.
void MakeRecord(std::string& record, std::uint64_t number) {
  // A key without order, as UUIDs have none.
  const std::uint64_t mixed = number * 0x9e3779b97f4a7c15u;
  record.clear();
  fmt::format_to(std::back_inserter(record),
                 R"({{"id":{0},"uuid":"{1:016x}-{0:08x}","name":"record {0}","value":{2}.{3:02},)"
                 R"("done":{4},"updated_at":"2026-11-21T03:04:05Z","note":null,)"
                 R"("owner":{{"login":"user-{5}","id":{5}}},"tags":["a","b{5}"]}})",
                 number, mixed, number % 1000, number % 100, number % 3 == 0, number % 97);
}

struct Case {
  std::string name;
  std::vector<std::string> primary_key;
  OutputSpec output;
};

std::vector<Case> Cases() {
  return {
      {"jsonl", {}, {.format = Format::kJsonl}},
      {"jsonl, 5 fields",
       {},
       {.format = Format::kJsonl, .fields = {"id", "name", "value", "owner.login", "done"}}},
      {"jsonl, flatten", {}, {.format = Format::kJsonl, .flatten = true}},
      {"jsonl, gzip", {}, {.format = Format::kJsonl, .compression = Compression::kGzip}},
      {"jsonl, zstd", {}, {.format = Format::kJsonl, .compression = Compression::kZstd}},
      {"csv", {}, {.format = Format::kCsv}},
      {"sqlite, key id, no lists", {"id"}, {.format = Format::kSqlite, .max_table_nesting = 0}},
      {"sqlite, key id, child table", {"id"}, {.format = Format::kSqlite}},
      {"sqlite, key uuid, no lists", {"uuid"}, {.format = Format::kSqlite, .max_table_nesting = 0}},
      {"sqlite, key uuid, child table", {"uuid"}, {.format = Format::kSqlite}},
  };
}

double CpuSeconds(const rusage& usage) {
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// Runs in a process of its own. The rate counts what the records cost to make as well.
int Run(const Case& c, std::uint64_t records) {
  const TempDir folder;
  FileSink sink(folder.path());
  std::string record;
  const RecordTable table{
      .name = "records",
      .primary_key = c.primary_key,
      .output = c.output,
      .for_each = [&](const std::function<Status(std::string_view)>& use) -> Status {
        for (std::uint64_t number = 1; number <= records; ++number) {
          MakeRecord(record, number);
          if (auto used = use(record); !used) return used;
        }
        return {};
      }};
  rusage before{};
  getrusage(RUSAGE_SELF, &before);
  const auto start = std::chrono::steady_clock::now();
  const auto report = WriteRecords({table}, sink);
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (!report) {
    fmt::print("{}: {}\n", c.name, report.error().message);
    return 1;
  }
  sink.Close();
  rusage after{};
  getrusage(RUSAGE_SELF, &after);
  double load = 0;
  getloadavg(&load, 1);
  fmt::print(
      "{:<30} {:>8.0f} records/s  {:>5.2f} CPU s  peak {:>4.1f} MiB  file {:>5.1f} MiB  load "
      "{:.1f}\n",
      c.name, static_cast<double>(records) / seconds, CpuSeconds(after) - CpuSeconds(before),
      static_cast<double>(after.ru_maxrss) / 1024,
      static_cast<double>(std::filesystem::file_size(sink.File(1))) / (1 << 20), load);
  return 0;
}

int RunAll(std::uint64_t records) {
  bool failed = false;
  for (const Case& c : Cases()) {
    std::fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
      const int result = Run(c, records);
      std::fflush(stdout);
      _exit(result);
    }
    int status = 0;
    waitpid(child, &status, 0);
    failed = failed || status != 0;
  }
  return failed ? 1 : 0;
}

}  // namespace
}  // namespace sluice

int main(int argc, char** argv) {
  return sluice::RunAll(argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1'000'000);
}
