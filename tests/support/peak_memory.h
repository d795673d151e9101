// How much memory a process takes at most.
#pragma once

#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <string>
#include <thread>

#include "tests/support/child_process.h"

namespace sluice {

// The peak of resident memory so far; 0 when the process has ended.
inline std::int64_t PeakBytes(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stoll(line.substr(6)) * 1024;
  }
  return 0;
}

// Waits for its end and looks at it all the time. Not ChildProcess::usage(): that counts what this
// process held when it started the child, too.
inline std::int64_t PeakBytesUntilEnd(ChildProcess& process) {
  std::int64_t peak = 0;
  siginfo_t ended{};
  while (waitid(P_PID, static_cast<id_t>(process.pid()), &ended, WEXITED | WNOHANG | WNOWAIT) ==
             0 &&
         ended.si_pid == 0) {
    peak = std::max(peak, PeakBytes(process.pid()));
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return peak;
}

}  // namespace sluice
