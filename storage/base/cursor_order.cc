#include "storage/base/cursor_order.h"

#include <charconv>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace sluice {
namespace {

// A decimal number in parts, so that it compares without loss. No exponent: cursors have none.
struct Number {
  bool negative = false;
  std::string_view whole;     // without leading zeros
  std::string_view fraction;  // without trailing zeros
};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

std::string_view TakeDigits(std::string_view& text) {
  std::size_t count = 0;
  while (count < text.size() && IsDigit(text[count])) ++count;
  const std::string_view digits = text.substr(0, count);
  text.remove_prefix(count);
  return digits;
}

std::optional<Number> ParseNumber(std::string_view text) {
  Number number;
  if (text.starts_with('-')) {
    number.negative = true;
    text.remove_prefix(1);
  }
  number.whole = TakeDigits(text);
  if (number.whole.empty()) return std::nullopt;
  while (number.whole.starts_with('0')) number.whole.remove_prefix(1);
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    number.fraction = TakeDigits(text);
    if (number.fraction.empty()) return std::nullopt;
    while (number.fraction.ends_with('0')) number.fraction.remove_suffix(1);
  }
  if (!text.empty()) return std::nullopt;
  if (number.whole.empty() && number.fraction.empty()) number.negative = false;
  return number;
}

int CompareMagnitude(const Number& a, const Number& b) {
  if (a.whole.size() != b.whole.size()) return a.whole.size() < b.whole.size() ? -1 : 1;
  if (const int whole = a.whole.compare(b.whole)) return whole;
  return a.fraction.compare(b.fraction);
}

bool Less(const Number& a, const Number& b) {
  if (a.negative != b.negative) return a.negative;
  const int order = CompareMagnitude(a, b);
  return a.negative ? order > 0 : order < 0;
}

// Seconds since 1970, and the digits behind the second.
struct Instant {
  std::int64_t seconds = 0;
  std::string_view fraction;  // without trailing zeros
};

std::optional<int> TakeInt(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return std::nullopt;
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + digits, value);
  if (error != std::errc() || end != text.data() + digits || !IsDigit(text[0])) return std::nullopt;
  text.remove_prefix(digits);
  return value;
}

bool Take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<std::int64_t> TakeDate(std::string_view& text) {
  const auto year = TakeInt(text, 4);
  if (!year || !Take(text, '-')) return std::nullopt;
  const auto month = TakeInt(text, 2);
  if (!month || !Take(text, '-')) return std::nullopt;
  const auto day = TakeInt(text, 2);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(*month),
                                         std::chrono::day(*day)};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date).time_since_epoch().count() * std::int64_t{86'400};
}

// "Z", "+02:00", "-0530" or nothing (taken as UTC): seconds east of UTC.
std::optional<std::int64_t> TakeZone(std::string_view& text) {
  if (text.empty() || Take(text, 'Z') || Take(text, 'z')) return 0;
  const bool west = text.starts_with('-');
  if (!Take(text, '+') && !Take(text, '-')) return std::nullopt;
  const auto hours = TakeInt(text, 2);
  Take(text, ':');
  const auto minutes = TakeInt(text, 2);
  if (!hours || !minutes) return std::nullopt;
  const std::int64_t offset = *hours * 3600 + *minutes * 60;
  return west ? -offset : offset;
}

std::optional<Instant> ParseInstant(std::string_view text) {
  Instant instant;
  const auto date = TakeDate(text);
  if (!date) return std::nullopt;
  instant.seconds = *date;
  if (text.empty()) return instant;
  if (!Take(text, 'T') && !Take(text, 't') && !Take(text, ' ')) return std::nullopt;
  const auto hour = TakeInt(text, 2);
  if (!hour || !Take(text, ':')) return std::nullopt;
  const auto minute = TakeInt(text, 2);
  if (!minute) return std::nullopt;
  int second = 0;
  if (Take(text, ':')) {
    const auto given = TakeInt(text, 2);
    if (!given) return std::nullopt;
    second = *given;
    if (Take(text, '.')) {
      instant.fraction = TakeDigits(text);
      while (instant.fraction.ends_with('0')) instant.fraction.remove_suffix(1);
    }
  }
  const auto zone = TakeZone(text);
  if (!zone || !text.empty()) return std::nullopt;
  instant.seconds += *hour * 3600 + *minute * 60 + second - *zone;
  return instant;
}

bool Less(const Instant& a, const Instant& b) {
  if (a.seconds != b.seconds) return a.seconds < b.seconds;
  return a.fraction < b.fraction;
}

}  // namespace

bool CursorLess(std::string_view a, std::string_view b) {
  if (a == b) return false;
  const auto number_a = ParseNumber(a);
  const auto number_b = ParseNumber(b);
  if (number_a && number_b) return Less(*number_a, *number_b);
  const auto instant_a = ParseInstant(a);
  const auto instant_b = ParseInstant(b);
  if (instant_a && instant_b) return Less(*instant_a, *instant_b);
  return a < b;
}

}  // namespace sluice
