// What the process tells its caller. Everything but kUsage and kDamaged is resumed by
// the same command.
#pragma once

#include "storage/base/result.h"

namespace sluice {

enum class ExitCode : int {
  kComplete = 0,
  kInternal = 1,
  kUsage = 2,
  kIncomplete = 3,  // some items failed, the listing was provably short, or a bound ended the run
  kDisk = 4,
  kNetwork = 5,  // or TLS
  kUnauthorized = 6,
  kRateLimited = 7,  // for longer than --max-wait
  kLocked = 8,
  kDamaged = 9,        // or of an unknown version
  kInterrupted = 130,  // SIGINT
  kTerminated = 143,   // SIGTERM
};

// For the error that ended a run. kCancelled is kIncomplete here: where a signal was the reason,
// ExitCodeForSignal() says which.
ExitCode ExitCodeFor(Code code);
// 128 + the signal's number, as shells count.
ExitCode ExitCodeForSignal(int signal);

constexpr int ToInt(ExitCode code) { return static_cast<int>(code); }

}  // namespace sluice
