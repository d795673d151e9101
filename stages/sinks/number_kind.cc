#include <charconv>
#include <cmath>
#include <string>

#include "stages/sinks/shape.h"

namespace sluice {
namespace {

// A decimal number as its significant digits and the power of ten of the last of them.
struct Decimal {
  bool negative = false;
  std::string digits;  // without zeros at either end; empty: zero
  std::int64_t exponent = 0;
  bool operator==(const Decimal&) const = default;
};

// REQUIRES: a number as JSON has them.
Decimal DecimalOf(std::string_view number) {
  Decimal decimal;
  if (number.starts_with('-')) {
    decimal.negative = true;
    number.remove_prefix(1);
  }
  const std::size_t e = number.find_first_of("eE");
  if (e != number.npos) {
    std::string_view exponent = number.substr(e + 1);
    if (exponent.starts_with('+')) exponent.remove_prefix(1);
    // One that does not fit leaves 0, which no double's digits agree with.
    int value = 0;
    std::from_chars(exponent.data(), exponent.data() + exponent.size(), value);
    decimal.exponent = value;
    number = number.substr(0, e);
  }
  const std::size_t point = number.find('.');
  if (point != number.npos) {
    decimal.exponent -= static_cast<std::int64_t>(number.size() - point - 1);
  }
  for (const char c : number) {
    if (c == '.' || (c == '0' && decimal.digits.empty())) continue;
    decimal.digits += c;
  }
  while (decimal.digits.ends_with('0')) {
    decimal.digits.pop_back();
    ++decimal.exponent;
  }
  // -0 is 0, and 0e9 as well.
  if (decimal.digits.empty()) decimal = {};
  return decimal;
}

// Whether the shortest text of the nearest double is the same number.
bool SurvivesDouble(std::string_view number) {
  double value = 0;
  const char* end = number.data() + number.size();
  if (std::from_chars(number.data(), end, value).ec != std::errc()) {
    return DecimalOf(number).digits.empty();
  }
  // Fifteen digits always survive (DBL_DIG), but near the ends of the range.
  const double size = std::fabs(value);
  if (number.size() <= 16 && size > 1e-290 && size < 1e290) return true;
  char shortest[32];
  const auto [last, error] = std::to_chars(shortest, shortest + sizeof shortest, value);
  return error == std::errc() &&
         DecimalOf({shortest, static_cast<std::size_t>(last - shortest)}) == DecimalOf(number);
}

}  // namespace

Shape::Kind KindOfNumber(std::string_view number) {
  constexpr std::size_t kAlwaysFits = 18;  // digits
  const char* end = number.data() + number.size();
  const bool decimal = number.find_first_of(".eE") != number.npos;
  if (decimal) return SurvivesDouble(number) ? Shape::kDecimal : Shape::kDigits;
  if (number.size() <= kAlwaysFits) return Shape::kInteger;
  std::int64_t value = 0;
  const auto [last, error] = std::from_chars(number.data(), end, value);
  return error == std::errc() && last == end ? Shape::kInteger : Shape::kDigits;
}

}  // namespace sluice
