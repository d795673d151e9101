#include "stages/sources/rest/incremental.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "stages/json/json_path.h"
#include "storage/base/cursor_order.h"

namespace sluice::rest {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

enum class Kind { kNumber, kInstant, kText };

Kind KindOf(std::string_view value) {
  const bool date = value.size() >= 10 && value[4] == '-' && value[7] == '-' &&
                    std::all_of(value.begin(), value.begin() + 4, IsDigit);
  if (date) return Kind::kInstant;
  if (value.starts_with('-')) value.remove_prefix(1);
  const bool number =
      !value.empty() && IsDigit(value.front()) &&
      std::all_of(value.begin(), value.end(), [](char c) { return IsDigit(c) || c == '.'; });
  return number ? Kind::kNumber : Kind::kText;
}

// Values of different kinds have no order worth dropping a record for.
bool Before(std::string_view a, std::string_view b) {
  return KindOf(a) == KindOf(b) && CursorLess(a, b);
}

std::optional<int> Digits(std::string_view text, std::size_t at, std::size_t count) {
  if (at + count > text.size()) return std::nullopt;
  int value = 0;
  const char* end = text.data() + at + count;
  const auto parsed = std::from_chars(text.data() + at, end, value);
  return parsed.ec == std::errc() && parsed.ptr == end && IsDigit(text[at]) ? std::optional(value)
                                                                            : std::nullopt;
}

// The parts are counted in the value's own zone, so what follows the second stays as it is.
std::optional<std::string> EarlierInstant(const std::string& value, std::chrono::seconds lag) {
  using namespace std::chrono;
  const auto y = Digits(value, 0, 4);
  const auto m = Digits(value, 5, 2);
  const auto d = Digits(value, 8, 2);
  if (!y || !m || !d) return std::nullopt;
  const year_month_day date{year(*y), month(static_cast<unsigned>(*m)),
                            day(static_cast<unsigned>(*d))};
  if (!date.ok()) return std::nullopt;
  const auto hour = Digits(value, 11, 2);
  const auto minute = Digits(value, 14, 2);
  const auto second = Digits(value, 17, 2);
  const auto at = sys_seconds(sys_days(date)) + hours(hour.value_or(0)) +
                  minutes(minute.value_or(0)) + seconds(second.value_or(0)) - lag;
  const auto day_of = floor<days>(at);
  const year_month_day earlier(day_of);
  std::string text =
      fmt::format("{:04}-{:02}-{:02}", static_cast<int>(earlier.year()),
                  static_cast<unsigned>(earlier.month()), static_cast<unsigned>(earlier.day()));
  if (!hour || !minute) return text + value.substr(10);
  const hh_mm_ss time(at - day_of);
  text += fmt::format("{}{:02}:{:02}", value[10], time.hours().count(), time.minutes().count());
  if (!second) return text + value.substr(16);
  return text + fmt::format(":{:02}", time.seconds().count()) + value.substr(19);
}

}  // namespace

std::string EarlierBy(const std::string& value, std::chrono::seconds lag) {
  if (lag.count() == 0) return value;
  if (KindOf(value) == Kind::kInstant) return EarlierInstant(value, lag).value_or(value);
  std::int64_t number = 0;
  const char* end = value.data() + value.size();
  const auto parsed = std::from_chars(value.data(), end, number);
  std::int64_t earlier = 0;
  if (parsed.ec != std::errc() || parsed.ptr != end ||
      __builtin_sub_overflow(number, lag.count(), &earlier)) {
    return value;
  }
  return std::to_string(earlier);
}

Bounds BoundsFrom(const Incremental& incremental, const std::string& last) {
  Bounds bounds{.start = incremental.initial_value, .last = last};
  if (last.empty()) return bounds;
  std::string lagged = EarlierBy(last, incremental.lag);
  if (CursorLess(bounds.start, lagged)) bounds.start = std::move(lagged);
  return bounds;
}

Result<CursorVerdict> JudgeCursor(const JsonValue& record, const Incremental& incremental,
                                  const Bounds& bounds) {
  const auto path = JsonPath::Parse(incremental.cursor_path);
  if (!path) return Fail(path.error());
  const auto found = path->Find(record);
  if (!found || !found->is_scalar() || found->is_null() || found->text().empty()) {
    if (incremental.on_cursor_value_missing == Incremental::Missing::kRaise) {
      return Fail(Code::kInvalid,
                  fmt::format("has no cursor value at '{}' (on_cursor_value_missing can let it "
                              "pass: include or exclude)",
                              incremental.cursor_path));
    }
    return CursorVerdict{.wanted =
                             incremental.on_cursor_value_missing == Incremental::Missing::kInclude};
  }
  CursorVerdict verdict{.value = std::string(found->text())};
  const std::string& value = verdict.value;
  if (!bounds.start.empty()) {
    const bool open = incremental.start_is_open;
    if (Before(value, bounds.start) || (open && !Before(bounds.start, value))) {
      verdict.wanted = KindOf(value) != KindOf(bounds.start);
    }
  }
  const std::string& end = incremental.end_value;
  if (!end.empty() && KindOf(value) == KindOf(end)) {
    const bool beyond = incremental.end_is_closed ? Before(end, value) : !Before(value, end);
    if (beyond) verdict.wanted = false;
  }
  return verdict;
}

}  // namespace sluice::rest
