// Times as the services write and read them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::sim {

using UnixMs = std::int64_t;

// "2024-03-01T12:30:00.000Z".
std::string IsoTime(UnixMs time);

// A UTC time or date; what stands behind the seconds is not looked at. Nothing when it is neither.
std::optional<UnixMs> ParseIsoTime(std::string_view iso);

}  // namespace sluice::sim
