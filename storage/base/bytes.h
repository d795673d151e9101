// Byte counts as people write them: "50MB", "256MB", "64KiB".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "storage/base/result.h"

namespace sluice {

// KB/MB/GB are powers of 1000, KiB/MiB/GiB of 1024; a bare number is bytes.
// Fails with Code::kUsage on anything else, negative or beyond 2^62.
Result<std::int64_t> ParseBytes(std::string_view text);

// "1.5 MB": for people, three digits at most.
std::string FormatBytes(std::int64_t bytes);

}  // namespace sluice
