// A child process with pipes on its three standard streams. The base of RunProcess and SimProcess.
//
// Owns: the process (killed and reaped on destruction) and this side of the pipes.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace sluice {

class ChildProcess {
 public:
  struct Options {
    std::vector<std::string> args;
    std::map<std::string, std::string> environment;
    std::string working_folder;
  };

  // Throws std::runtime_error when the command cannot be started.
  explicit ChildProcess(const Options& options);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const { return pid_; }
  int in() const { return in_; }
  int out() const { return out_; }
  int err() const { return err_; }
  void CloseIn();

  void Kill(int signal) const;
  // The exit code (128 + signal when one ended it); blocks until the process is gone.
  int Wait();
  // What it used, children that it waited for included; zero before Wait().
  const rusage& usage() const { return usage_; }

 private:
  pid_t pid_ = -1;
  int in_ = -1;
  int out_ = -1;
  int err_ = -1;
  std::optional<int> exit_code_;
  rusage usage_{};
};

}  // namespace sluice
