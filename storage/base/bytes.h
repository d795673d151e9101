// Byte counts for people.
#pragma once

#include <cstdint>
#include <string>

namespace sluice {

// "1.5 MB": powers of 1000, three digits at most.
std::string FormatBytes(std::int64_t bytes);

}  // namespace sluice
