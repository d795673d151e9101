#include "pipeline/exit_code.h"

namespace sluice {

ExitCode ExitCodeFor(Code code) {
  switch (code) {
    case Code::kTransient:
      return ExitCode::kIncomplete;
    case Code::kRateLimited:
      return ExitCode::kRateLimited;
    case Code::kNotFound:
      return ExitCode::kIncomplete;
    case Code::kUnauthorized:
      return ExitCode::kUnauthorized;
    case Code::kInvalid:
      return ExitCode::kIncomplete;
    case Code::kUsage:
      return ExitCode::kUsage;
    case Code::kNetwork:
      return ExitCode::kNetwork;
    case Code::kDisk:
      return ExitCode::kDisk;
    case Code::kLocked:
      return ExitCode::kLocked;
    case Code::kDamaged:
      return ExitCode::kDamaged;
    case Code::kCancelled:
      return ExitCode::kIncomplete;
    case Code::kFatal:
      return ExitCode::kInternal;
  }
  return ExitCode::kInternal;
}

ExitCode ExitCodeForSignal(int signal) { return static_cast<ExitCode>(128 + signal); }

}  // namespace sluice
