// A run of sluice that is watched from outside while it goes on: what it has done, what it takes.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>
#include <sys/time.h>
#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/support/child_process.h"

namespace sluice {

inline double Seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

inline std::filesystem::path StateFileIn(const std::filesystem::path& output) {
  return output / ".sluice/state.db";
}

// `sluice notion` from `url` into `output`, at full speed and silent.
inline ChildProcess::Options NotionExport(const std::string& url,
                                          const std::filesystem::path& output,
                                          const std::vector<std::string>& more) {
  ChildProcess::Options options{
      .args = {SLUICE_BINARY_DIR "/sluice", "notion", "--out", output.string(), "--base-url", url,
               "--token", "env:SLUICE_BENCH_TOKEN", "--tpslimit", "0", "--progress", "none", "-q"},
      .environment = {{"SLUICE_BENCH_TOKEN", "simulated"}}};
  options.args.insert(options.args.end(), more.begin(), more.end());
  return options;
}

// What the last run has done so far; 0 before there is a state.
inline std::int64_t ItemsOf(const std::filesystem::path& state_file) {
  try {
    const SQLite::Database state(state_file.string(), SQLite::OPEN_READONLY, 1000);
    SQLite::Statement last(state, "SELECT requests + outputs FROM runs ORDER BY run DESC LIMIT 1");
    return last.executeStep() ? last.getColumn(0).getInt64() : 0;
  } catch (const SQLite::Exception&) {
    return 0;
  }
}

// A line of /proc/PID/status, e.g. "VmHWM" (the peak of resident memory), in MiB; 0: the process
// has ended.
inline double MemoryMb(pid_t pid, const std::string& line_name) {
  std::ifstream status(fmt::format("/proc/{}/status", pid));
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(line_name + ":"))
      return std::stod(line.substr(line_name.size() + 1)) / 1024;
  }
  return 0;
}

}  // namespace sluice
