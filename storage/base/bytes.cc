#include "storage/base/bytes.h"

#include <fmt/format.h>

#include <array>
#include <cctype>
#include <charconv>
#include <cmath>

namespace sluice {

Result<std::int64_t> ParseBytes(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  std::string unit(end, text.data() + text.size());
  while (!unit.empty() && unit.front() == ' ') unit.erase(0, 1);
  for (char& c : unit) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));

  double factor = -1;
  if (unit.empty() || unit == "b") factor = 1;
  if (unit == "kb" || unit == "k") factor = 1e3;
  if (unit == "mb" || unit == "m") factor = 1e6;
  if (unit == "gb" || unit == "g") factor = 1e9;
  if (unit == "kib") factor = 1024.0;
  if (unit == "mib") factor = 1024.0 * 1024;
  if (unit == "gib") factor = 1024.0 * 1024 * 1024;
  if (error != std::errc{} || factor < 0 || !(number >= 0) || number * factor > 4e18) {
    return Fail(Code::kUsage, fmt::format("'{}' is not a size; write it like 50MB or 64KiB", text));
  }
  return static_cast<std::int64_t>(std::llround(number * factor));
}

std::string FormatBytes(std::int64_t bytes) {
  static constexpr std::array kUnits = {"B", "KB", "MB", "GB", "TB"};
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1000 && unit + 1 < kUnits.size()) {
    value /= 1000;
    ++unit;
  }
  return unit == 0 ? fmt::format("{} B", bytes)
                   : fmt::format("{:.{}f} {}", value, value < 10 ? 1 : 0, kUnits[unit]);
}

}  // namespace sluice
