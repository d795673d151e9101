#include "pipeline/units.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>

namespace sluice {
namespace {

using std::chrono::milliseconds;

constexpr double kMsPerSecond = 1000, kMsPerMinute = 60e3, kMsPerHour = 3600e3, kMsPerDay = 86400e3;
constexpr double kDurationMsMax = 3650 * kMsPerDay;
constexpr double kBytesMax = 1e15;  // a double is exact up to here

struct Unit {
  std::string_view name;
  double factor;
};
constexpr std::array<Unit, 5> kDurationUnits{
    {{"ms", 1}, {"s", kMsPerSecond}, {"m", kMsPerMinute}, {"h", kMsPerHour}, {"d", kMsPerDay}}};
constexpr std::array<Unit, 11> kByteUnits{{{"", 1},
                                           {"B", 1},
                                           {"kB", 1e3},
                                           {"KB", 1e3},
                                           {"MB", 1e6},
                                           {"GB", 1e9},
                                           {"TB", 1e12},
                                           {"KiB", 1024.0},
                                           {"MiB", 1048576.0},
                                           {"GiB", 1073741824.0},
                                           {"TiB", 1099511627776.0}}};

// "12.5MB" -> {"12.5", "MB"}.
std::pair<std::string_view, std::string_view> SplitNumber(std::string_view text) {
  const auto end = std::min(text.find_first_not_of("0123456789."), text.size());
  return {text.substr(0, end), text.substr(end)};
}

template <std::size_t size>
std::optional<double> ParseWithUnit(std::string_view text, const std::array<Unit, size>& units) {
  const auto [number_text, unit_text] = SplitNumber(text);
  const auto number = ParseDecimal(number_text);
  if (!number) return std::nullopt;
  for (const Unit& unit : units) {
    if (unit.name == unit_text) return *number * unit.factor;
  }
  return std::nullopt;
}

std::optional<double> IsoFactor(char unit, bool after_t) {
  if (!after_t) return unit == 'D' ? std::optional(kMsPerDay) : std::nullopt;
  if (unit == 'H') return kMsPerHour;
  if (unit == 'M') return kMsPerMinute;
  if (unit == 'S') return kMsPerSecond;
  return std::nullopt;
}

// The part of "P1DT2H3M" behind the P. The units go down, each at most once.
std::optional<double> ParseIso(std::string_view text) {
  double total_ms = 0;
  double last_factor = kMsPerDay * 2;
  bool after_t = false;
  while (!text.empty()) {
    if (text.front() == 'T' && !after_t) {
      after_t = true;
      text.remove_prefix(1);
      if (text.empty()) return std::nullopt;
      continue;
    }
    const auto [number_text, rest] = SplitNumber(text);
    const auto number = ParseDecimal(number_text);
    const auto factor = rest.empty() ? std::nullopt : IsoFactor(rest.front(), after_t);
    if (!number || !factor || *factor >= last_factor) return std::nullopt;
    total_ms += *number * *factor;
    last_factor = *factor;
    text = rest.substr(1);
  }
  return last_factor > kMsPerDay ? std::nullopt : std::optional(total_ms);
}

}  // namespace

std::optional<std::int64_t> ParseCount(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool digits_only = text.find_first_not_of("0123456789") == text.npos;
  if (text.empty() || !digits_only || error != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return value;
}

std::optional<double> ParseDecimal(std::string_view text) {
  if (text.empty() || text.front() == '.' || text.find_first_not_of("0123456789.") != text.npos) {
    return std::nullopt;
  }
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<milliseconds> ParseDuration(std::string_view text) {
  const bool iso = !text.empty() && text.front() == 'P';
  const auto ms = iso ? ParseIso(text.substr(1)) : ParseWithUnit(text, kDurationUnits);
  if (!ms || *ms > kDurationMsMax) return std::nullopt;
  return milliseconds(std::llround(*ms));
}

std::string DurationText(milliseconds duration) {
  const auto ms = duration.count();
  for (auto unit = kDurationUnits.rbegin(); unit != kDurationUnits.rend(); ++unit) {
    const auto factor = static_cast<std::int64_t>(unit->factor);
    if (ms != 0 && ms % factor == 0) return fmt::format("{}{}", ms / factor, unit->name);
  }
  return "0s";
}

std::optional<std::int64_t> ParseByteCount(std::string_view text) {
  const auto bytes = ParseWithUnit(text, kByteUnits);
  if (!bytes || *bytes > kBytesMax) return std::nullopt;
  return std::llround(*bytes);
}

std::string ByteCountText(std::int64_t bytes) {
  static constexpr std::array<Unit, 6> kShown{{{"GiB", 1073741824.0},
                                               {"GB", 1e9},
                                               {"MiB", 1048576.0},
                                               {"MB", 1e6},
                                               {"KiB", 1024.0},
                                               {"kB", 1e3}}};
  for (const Unit& unit : kShown) {
    const auto factor = static_cast<std::int64_t>(unit.factor);
    if (bytes > 0 && bytes % factor == 0) return fmt::format("{}{}", bytes / factor, unit.name);
  }
  return fmt::format("{}B", bytes);
}

std::optional<double> ParseRate(std::string_view text) {
  const auto slash = text.find('/');
  const auto count = ParseDecimal(text.substr(0, slash));
  if (!count) return std::nullopt;
  if (slash == text.npos) return count;
  const std::string_view per = text.substr(slash + 1);
  // "100/m" is short for "100/1m".
  const auto period = ParseDuration(
      per.find_first_of("0123456789") == per.npos ? fmt::format("1{}", per) : std::string(per));
  if (!period || period->count() == 0) return std::nullopt;
  return *count * kMsPerSecond / static_cast<double>(period->count());
}

std::string RateText(double requests_per_second) {
  if (requests_per_second == 0) return "no limit";
  return fmt::format("{:.4g}/s", requests_per_second);
}

std::optional<DeleteLimit> ParseDeleteLimit(std::string_view text) {
  if (text.empty() || text.back() != '%') {
    const auto count = ParseCount(text);
    return count ? std::optional<DeleteLimit>(*count) : std::nullopt;
  }
  const auto share = ParseDecimal(text.substr(0, text.size() - 1));
  if (!share || *share > 100) return std::nullopt;
  return DeleteLimit(Percent{*share});
}

}  // namespace sluice
