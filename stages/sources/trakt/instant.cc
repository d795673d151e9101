#include "stages/sources/trakt/instant.h"

#include <fmt/format.h>

#include <charconv>
#include <chrono>

namespace sluice::trakt {
namespace {

namespace chrono = std::chrono;

// Reads fixed-width fields from the front of `rest`.
struct Fields {
  std::string_view rest;
  bool good = true;

  int Digits(std::size_t count) {
    int value = 0;
    good = good && rest.size() >= count;
    for (std::size_t i = 0; good && i < count; ++i) {
      good = rest[i] >= '0' && rest[i] <= '9';
      value = value * 10 + (rest[i] - '0');
    }
    rest.remove_prefix(std::min(count, rest.size()));
    return value;
  }
  bool Take(char c) {
    if (!rest.starts_with(c)) return false;
    rest.remove_prefix(1);
    return true;
  }
  void Need(char c) { good = Take(c) && good; }

  int Milliseconds() {
    if (!Take('.')) return 0;
    int value = 0;
    int digits = 0;
    for (; !rest.empty() && rest[0] >= '0' && rest[0] <= '9'; ++digits) {
      if (digits < 3) value = value * 10 + (rest[0] - '0');
      rest.remove_prefix(1);
    }
    good = good && digits > 0;
    for (; digits < 3; ++digits) value *= 10;
    return value;
  }
  // In minutes.
  int Zone() {
    if (Take('Z') || Take('z')) return 0;
    const bool east = Take('+');
    if (!east) Need('-');
    const int hours = Digits(2);
    Need(':');
    const int minutes = hours * 60 + Digits(2);
    return east ? minutes : -minutes;
  }
};

}  // namespace

std::optional<WallMs> ParseInstant(std::string_view text) {
  Fields fields{text};
  const chrono::year year(fields.Digits(4));
  fields.Need('-');
  const chrono::month month(static_cast<unsigned>(fields.Digits(2)));
  fields.Need('-');
  const chrono::day day(static_cast<unsigned>(fields.Digits(2)));
  fields.good = (fields.Take('T') || fields.Take(' ')) && fields.good;
  const int hour = fields.Digits(2);
  fields.Need(':');
  const int minute = fields.Digits(2);
  fields.Need(':');
  const int second = fields.Digits(2);
  const int milliseconds = fields.Milliseconds();
  const int zone = fields.Zone();
  const chrono::year_month_day date(year, month, day);
  if (!fields.good || !fields.rest.empty() || !date.ok()) return std::nullopt;
  if (hour > 23 || minute > 59 || second > 60) return std::nullopt;
  const std::int64_t days = chrono::sys_days(date).time_since_epoch().count();
  return (((days * 24 + hour) * 60 + minute - zone) * 60 + second) * 1000 + milliseconds;
}

std::string InstantText(WallMs instant_ms) {
  const chrono::sys_time<chrono::milliseconds> time{chrono::milliseconds(instant_ms)};
  const auto day = chrono::floor<chrono::days>(time);
  const chrono::year_month_day date(day);
  const chrono::hh_mm_ss clock(time - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                     clock.subseconds().count());
}

std::optional<WallMs> WatchedInstant(std::string_view text) {
  const auto instant = ParseInstant(text);
  return instant == 0 ? std::nullopt : instant;
}

std::string SortBytes(std::optional<std::int64_t> value) {
  std::uint64_t bits = 0;
  if (value) bits = static_cast<std::uint64_t>(*value) ^ (1ull << 63);
  std::string bytes(8, '\0');
  for (std::size_t i = 0; i < 8; ++i) bytes[i] = static_cast<char>(bits >> (56 - 8 * i) & 0xFF);
  return bytes;
}

std::uint64_t WholeNumber(std::string_view digits) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return error == std::errc() && end == digits.data() + digits.size() ? value : 0;
}

}  // namespace sluice::trakt
