// Runs a command to its end: arguments, environment and standard input in; exit code and both
// outputs back. For tests; the child never outlives the call.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace sluice {

struct Command {
  std::vector<std::string> args;                                   // args[0] is looked up in PATH
  std::map<std::string, std::string> environment;                  // added to this process's own
  std::string input;                                               // standard input
  std::string working_folder;                                      // empty: this process's
  std::chrono::milliseconds deadline = std::chrono::seconds(120);  // then SIGKILL
  // When set, `kill_signal` is sent after this time, if the process still runs.
  std::optional<std::chrono::milliseconds> kill_after;
  int kill_signal = 9;
};

struct ProcessResult {
  int exit_code = -1;      // 128 + signal when one ended it
  bool timed_out = false;  // the deadline ended it
  std::string out;
  std::string err;
};

// Throws std::runtime_error when the command cannot be started.
ProcessResult RunProcess(const Command& command);

}  // namespace sluice
