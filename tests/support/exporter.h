// The real sluice, run from a test against a simulator into a folder of its own; and what such a
// folder holds.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/child_process.h"
#include "tests/support/sim_process.h"
#include "tests/support/temp_dir.h"

namespace sluice {

struct Outcome {
  int exit_code = -1;  // 128 + signal when one ended it
  std::string out;
  std::string err;  // the log
};

struct OutputFile {
  std::string content;
  std::int64_t mtime_ns = 0;
};
// By path relative to the output folder; .sluice is left out.
using Tree = std::map<std::string, OutputFile>;

Tree ReadTree(const std::filesystem::path& folder);
// One line for every path that is not in both or has other bytes; at most 10, for messages.
std::vector<std::string> Differences(const Tree& expected, const Tree& actual);
// Likewise, but a file written again with the same bytes counts too.
std::vector<std::string> Touched(const Tree& before, const Tree& after);

// All rows of `sql`, every value as text. Throws std::runtime_error.
using Rows = std::vector<std::vector<std::string>>;
Rows Query(const std::filesystem::path& database, const std::string& sql);

class Exporter {
 public:
  // `binaries` holds sluice (in e2e tests SLUICE_BINARY_DIR).
  explicit Exporter(std::filesystem::path binaries) : binaries_(std::move(binaries)) {}

  // What sluice is told to take the token from: a variable that holds `token`.
  static constexpr const char* kTokenVariable = "SLUICE_TEST_TOKEN";
  void SetToken(std::string token) { token_ = std::move(token); }
  // Variables that every command gets from now on, beside those of the test's own process.
  void UseEnvironment(std::map<std::string, std::string> variables) {
    variables_ = std::move(variables);
  }
  // The service that Export() exports from; until then one that nobody offers.
  void UseService(std::string url) { url_ = std::move(url); }
  // What every command is put behind from now on, e.g. strace and its flags.
  void RunUnder(std::vector<std::string> wrapper) { wrapper_ = std::move(wrapper); }
  // Where Export() writes: by default a folder of its own.
  void UseOutput(std::filesystem::path output) { output_ = std::move(output); }

  // The command that Export() runs, by default "notion".
  void UseSource(std::string source) { source_ = std::move(source); }

  // `sluice notion` into output(), with `more` behind the usual flags.
  Outcome Export(const std::vector<std::string>& more = {}) const;
  Outcome Export(const SimProcess& sim, const std::vector<std::string>& more = {});
  // The same, and `signal` is sent `after` the simulator has answered `requests` from now on.
  struct Interruption {
    int signal = 9;
    std::size_t requests = 0;
    std::chrono::milliseconds after{0};
    int times = 1;  // how often the signal is sent, a pause of `after` between
  };
  Outcome ExportInterrupted(const SimProcess& sim, const Interruption& interruption,
                            const std::vector<std::string>& more = {});
  // Starts an export, and returns when the simulator has answered `requests` of it.
  std::unique_ptr<ChildProcess> Start(const SimProcess& sim, std::size_t requests,
                                      const std::vector<std::string>& more = {});
  // Any other command line, with the same environment.
  Outcome Run(const std::vector<std::string>& args) const;

  std::filesystem::path output() const { return output_; }
  std::filesystem::path state() const { return output() / ".sluice" / "state.db"; }
  // Begins anew, as if nothing had been exported.
  void Clear() const { std::filesystem::remove_all(output()); }
  // For job files, reports and the like.
  std::filesystem::path folder() const { return folder_.path(); }
  Tree Output() const { return ReadTree(output()); }
  // Files in .sluice that a finished run has no use for.
  std::vector<std::string> Leftovers() const;

 private:
  std::vector<std::string> ExportArgs(const std::vector<std::string>& more) const;
  std::map<std::string, std::string> Environment() const;

  std::filesystem::path binaries_;
  std::string source_ = "notion";
  TempDir folder_;
  std::filesystem::path output_ = folder_ / "out";
  std::vector<std::string> wrapper_;
  std::map<std::string, std::string> variables_;
  std::string token_ = "simulated";
  std::string url_ = "http://127.0.0.1:9";  // RFC 863: nobody listens
};

}  // namespace sluice
