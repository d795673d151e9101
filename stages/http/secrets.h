// Secrets by reference only: a job file names where a token is, never the token.
#pragma once

#include <string>
#include <string_view>

#include "storage/base/result.h"

namespace sluice {

// "env:NAME", "file:PATH" or "cmd:COMMAND" -> the value, without white space at its end.
//   file: refused when group or world may read it.
//   cmd:  run by /bin/sh; the first line of its output; its exit status must be 0.
// Fails with Code::kUsage. The message names the reference; where the reference itself may be a
// pasted token, not even that.
Result<std::string> ResolveSecret(std::string_view reference);

}  // namespace sluice
