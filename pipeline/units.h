// What people write for times, sizes, rates and shares, and how these are shown again. Pure.
// nullopt: the text is none of the forms named.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace sluice {

// "500ms", "30s", "15m", "24h", "2d", or ISO 8601 "PT5M", "P2D", "PT1H30M", "PT0.5S". No bare
// number (which unit?), no years or months (how long is one?), nothing negative; ten years at most.
std::optional<std::chrono::milliseconds> ParseDuration(std::string_view text);
std::string DurationText(std::chrono::milliseconds duration);

// "4096", "64kB", "50MB", "1GB" are powers of 1000; "64KiB", "50MiB", "1GiB" of 1024.
std::optional<std::int64_t> ParseByteCount(std::string_view text);
std::string ByteCountText(std::int64_t bytes);

// Requests per second: "3/s", "100/m", "60/h", "1000/5m", or a plain number "2.5". 0: no limit.
std::optional<double> ParseRate(std::string_view text);
std::string RateText(double requests_per_second);

// How much a run may delete: a number of files, or a share of those that exist.
struct Percent {
  double value = 0;
  auto operator<=>(const Percent&) const = default;
};
using DeleteLimit = std::variant<std::int64_t, Percent>;
// "200" or "10%".
std::optional<DeleteLimit> ParseDeleteLimit(std::string_view text);

// A whole decimal number, or a plain fraction "2.5": no sign, no exponent, no inf, no blanks.
std::optional<std::int64_t> ParseCount(std::string_view text);
std::optional<double> ParseDecimal(std::string_view text);

}  // namespace sluice
