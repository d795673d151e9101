// A running sluice-sim. Starts it, reads its address, and kills it when the test ends.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/child_process.h"
#include "tests/support/temp_dir.h"

namespace sluice {

// One line of the simulator's request log.
struct LogLine {
  std::int64_t time_ms = 0;
  std::string method;
  std::string path;  // with the query
  std::string body;
  int status = 0;
  double ms = 0;
};

class SimProcess {
 public:
  // `binary` is the path of sluice-sim (in e2e tests SLUICE_BINARY_DIR "/sluice-sim"), `args` what
  // follows it: {"notion", "--pages", "100"}. A request log is always kept. Throws
  // std::runtime_error, with what the simulator said, when it does not start.
  SimProcess(const std::filesystem::path& binary, std::vector<std::string> args);

  const std::string& url() const { return url_; }  // "http://127.0.0.1:41234"
  int port() const;
  pid_t pid() const { return process_.pid(); }
  // Resident memory now.
  std::int64_t ResidentBytes() const;

  // Every request that was answered so far.
  std::vector<LogLine> Log() const;
  // How many those are; cheap enough to be asked again and again.
  std::size_t Answered() const;
  // Requests of `method` (empty: any) whose path contains `path_part`.
  std::size_t Count(std::string_view method, std::string_view path_part) const;
  // Requests that were answered with `status`.
  std::size_t CountStatus(int status) const;
  // Ends it with SIGTERM and gives its exit code.
  int Stop();

 private:
  std::string ReadUrl();

  TempDir folder_;
  ChildProcess process_;
  std::string url_;
};

}  // namespace sluice
