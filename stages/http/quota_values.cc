#include "stages/http/quota_values.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <string>

namespace sluice {
namespace {

constexpr double kYearSeconds = 366.0 * 86'400;

std::optional<Duration> Seconds(double seconds) {
  if (!(seconds <= kYearSeconds)) return std::nullopt;
  return Duration(static_cast<std::int64_t>(std::ceil(std::max(seconds, 0.0) * 1e9)));
}

struct Civil {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
};

std::optional<WallMs> ToMs(const Civil& c) {
  const std::chrono::year_month_day date{std::chrono::year(c.year), std::chrono::month(c.month),
                                         std::chrono::day(c.day)};
  const bool valid = date.ok() && c.hour >= 0 && c.hour < 24 && c.minute >= 0 && c.minute < 60 &&
                     c.second >= 0 && c.second <= 60;
  if (!valid) return std::nullopt;
  const auto days = std::chrono::sys_days(date).time_since_epoch().count();
  return ((static_cast<WallMs>(days) * 24 + c.hour) * 60 + c.minute) * 60'000 + c.second * 1000;
}

int MonthNumber(const char* name) {
  static constexpr std::array<std::string_view, 12> kNames = {
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto found = std::find(kNames.begin(), kNames.end(), name);
  return found == kNames.end() ? 0 : static_cast<int>(found - kNames.begin()) + 1;
}

// RFC 9110: a two-digit year that seems more than 50 years ahead is in the past.
int FullYear(int two_digits, WallMs now_ms) {
  const auto today = std::chrono::floor<std::chrono::days>(
      std::chrono::sys_time<std::chrono::milliseconds>(std::chrono::milliseconds(now_ms)));
  const int this_year = static_cast<int>(std::chrono::year_month_day(today).year());
  const int year = this_year / 100 * 100 + two_digits;
  return year > this_year + 50 ? year - 100 : year;
}

std::optional<WallMs> ParseHttpDate(const std::string& text, WallMs now_ms) {
  Civil c;
  char month[4] = {};
  char rest = '\0';
  if (std::sscanf(text.c_str(), "%*3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d GMT%c", &c.day, month,
                  &c.year, &c.hour, &c.minute, &c.second, &rest) == 6) {
    c.month = MonthNumber(month);
    return ToMs(c);
  }
  if (std::sscanf(text.c_str(), "%*[A-Za-z], %2d-%3[A-Za-z]-%2d %2d:%2d:%2d GMT%c", &c.day, month,
                  &c.year, &c.hour, &c.minute, &c.second, &rest) == 6) {
    c.month = MonthNumber(month);
    c.year = FullYear(c.year, now_ms);
    return ToMs(c);
  }
  if (std::sscanf(text.c_str(), "%*3[A-Za-z] %3[A-Za-z] %2d %2d:%2d:%2d %4d%c", month, &c.day,
                  &c.hour, &c.minute, &c.second, &c.year, &rest) == 6) {
    c.month = MonthNumber(month);
    return ToMs(c);
  }
  return std::nullopt;
}

// "Z", "+00:00" or "-0130" -> minutes east of UTC.
std::optional<int> ParseZone(std::string_view text) {
  if (text == "Z" || text == "z") return 0;
  int hours = 0;
  int minutes = 0;
  char sign = '\0';
  char rest = '\0';
  const std::string zone(text);
  if (std::sscanf(zone.c_str(), "%c%2d:%2d%c", &sign, &hours, &minutes, &rest) != 3 &&
      std::sscanf(zone.c_str(), "%c%2d%2d%c", &sign, &hours, &minutes, &rest) != 3) {
    return std::nullopt;
  }
  if ((sign != '+' && sign != '-') || hours < 0 || hours > 14 || minutes < 0 || minutes > 59) {
    return std::nullopt;
  }
  return (sign == '-' ? -1 : 1) * (hours * 60 + minutes);
}

// Seconds may be missing (Jira) or have a fraction, which is dropped.
std::optional<WallMs> ParseIso(const std::string& text) {
  Civil c;
  int used = 0;
  if (std::sscanf(text.c_str(), "%4d-%2d-%2dT%2d:%2d%n", &c.year, &c.month, &c.day, &c.hour,
                  &c.minute, &used) != 5) {
    return std::nullopt;
  }
  std::string_view rest = std::string_view(text).substr(used);
  if (rest.starts_with(':')) {
    int seconds_used = 0;
    if (std::sscanf(text.c_str() + used, ":%2d%n", &c.second, &seconds_used) != 1) {
      return std::nullopt;
    }
    rest.remove_prefix(seconds_used);
    if (rest.starts_with('.')) {
      rest.remove_prefix(std::min(rest.find_first_not_of("0123456789", 1), rest.size()));
    }
  }
  const std::optional<int> zone = ParseZone(rest);
  const std::optional<WallMs> local = ToMs(c);
  if (!zone || !local) return std::nullopt;
  return *local - *zone * 60'000;
}

// Removes a leading number from `text`.
std::optional<double> TakeNumber(std::string_view& text) {
  const auto length = std::min(text.find_first_not_of("0123456789."), text.size());
  const auto number = ParseHeaderNumber(text.substr(0, length));
  text.remove_prefix(length);
  return number;
}

std::optional<double> TakeUnit(std::string_view& text) {
  struct Unit {
    std::string_view name;
    double seconds;
  };
  static constexpr std::array<Unit, 7> kUnits = {{{"ns", 1e-9},
                                                  {"us", 1e-6},
                                                  {"\xC2\xB5s", 1e-6},
                                                  {"ms", 1e-3},
                                                  {"s", 1},
                                                  {"m", 60},
                                                  {"h", 3600}}};
  for (const Unit& unit : kUnits) {
    if (!text.starts_with(unit.name)) continue;
    text.remove_prefix(unit.name.size());
    return unit.seconds;
  }
  return std::nullopt;
}

std::optional<Duration> ParseGoDuration(std::string_view text) {
  double seconds = 0;
  if (text.empty()) return std::nullopt;
  while (!text.empty()) {
    const auto number = TakeNumber(text);
    const auto unit = TakeUnit(text);
    if (!number || !unit) return std::nullopt;
    seconds += *number * *unit;
  }
  return Seconds(seconds);
}

// From 1e9 s (31 years) on a number is an epoch, not a wait: APIs send epochs under names that
// promise seconds (GitLab's RateLimit-Reset), and no honest wait is that long.
std::optional<Duration> FromNumber(double number, WaitUnit unit, WallMs now_ms) {
  const double now = static_cast<double>(now_ms) / 1000;
  if (number >= 1e17) return Seconds(number / 1e9 - now);
  if (number >= 1e14) return Seconds(number / 1e6 - now);
  if (number >= 1e11) return Seconds(number / 1e3 - now);
  if (number >= 1e9) return Seconds(number - now);
  return Seconds(unit == WaitUnit::kMilliseconds ? number / 1000 : number);
}

}  // namespace

std::optional<Duration> WaitOfSeconds(double seconds) {
  return seconds >= 0 ? Seconds(seconds) : std::nullopt;
}

std::string_view TrimSpace(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

std::optional<double> ParseHeaderNumber(std::string_view text) {
  text = TrimSpace(text);
  if (text.empty() || text.find_first_not_of("0123456789.") != std::string_view::npos) {
    return std::nullopt;
  }
  double value = 0;
  const auto parsed =
      std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  const bool whole = parsed.ec == std::errc() && parsed.ptr == text.data() + text.size();
  return whole && std::isfinite(value) ? std::optional(value) : std::nullopt;
}

std::optional<WallMs> ParseInstant(std::string_view text, WallMs now_ms) {
  const std::string owned(TrimSpace(text));
  if (const auto iso = ParseIso(owned)) return iso;
  return ParseHttpDate(owned, now_ms);
}

std::optional<Duration> ParseWait(std::string_view text, WaitUnit unit, WallMs now_ms) {
  text = TrimSpace(text);
  if (const auto number = ParseHeaderNumber(text)) return FromNumber(*number, unit, now_ms);
  if (const auto instant = ParseInstant(text, now_ms)) {
    return Seconds(static_cast<double>(*instant - now_ms) / 1000);
  }
  return ParseGoDuration(text);
}

}  // namespace sluice
