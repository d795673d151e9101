#include "stages/sources/trakt/time_zone.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <sstream>

namespace sluice::trakt {
namespace {

namespace chrono = std::chrono;

constexpr std::size_t kHeaderBytes = 44;
constexpr std::int64_t kDayS = 86'400;

std::int64_t FloorDiv(std::int64_t a, std::int64_t b) {
  return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
}

chrono::sys_days DayOf(std::int64_t unix_s) {
  return chrono::sys_days(chrono::days(FloorDiv(unix_s, kDayS)));
}

std::int64_t Seconds(chrono::sys_days day) { return day.time_since_epoch().count() * kDayS; }

// --- the file -----------------------------------------------------------------------------------

std::int64_t BigEndian(std::string_view bytes) {
  std::uint64_t value = !bytes.empty() && static_cast<signed char>(bytes[0]) < 0 ? ~0ull : 0;
  for (const char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
  return static_cast<std::int64_t>(value);
}

struct Counts {
  std::size_t is_ut, is_standard, leaps, changes, types, name_bytes;
};

// One data block; its times have `width` bytes.
struct Block {
  Counts counts;
  std::size_t width;
  std::string_view data;

  std::size_t TypeAt() const { return counts.changes * width; }
  std::size_t TypesAt() const { return TypeAt() + counts.changes; }
  std::size_t Size() const {
    return TypesAt() + counts.types * 6 + counts.name_bytes + counts.leaps * (width + 4) +
           counts.is_standard + counts.is_ut;
  }
  std::int64_t Change(std::size_t i) const { return BigEndian(data.substr(i * width, width)); }
  std::size_t Type(std::size_t i) const { return static_cast<unsigned char>(data[TypeAt() + i]); }
  std::int64_t Offset(std::size_t type) const {
    return BigEndian(data.substr(TypesAt() + type * 6, 4));
  }
};

// The block at the front of `file`, which then begins behind it. nullopt: there is none.
std::optional<Block> TakeBlock(std::string_view& file, std::size_t width) {
  if (file.size() < kHeaderBytes || !file.starts_with("TZif")) return std::nullopt;
  const auto count = [&](std::size_t i) {
    return static_cast<std::size_t>(BigEndian(file.substr(20 + i * 4, 4)) & 0xFFFFFFFF);
  };
  Block block{.counts = {count(0), count(1), count(2), count(3), count(4), count(5)},
              .width = width,
              .data = file.substr(kHeaderBytes)};
  if (block.counts.types == 0 || block.Size() > block.data.size()) return std::nullopt;
  file = block.data.substr(block.Size());
  return block;
}

// --- the yearly rule ----------------------------------------------------------------------------

chrono::sys_days DayOf(const YearlyChange& change, chrono::year year) {
  const chrono::sys_days new_year(year / chrono::January / 1);
  switch (change.form) {
    case YearlyChange::Form::kJulian0:
      return new_year + chrono::days(change.day);
    case YearlyChange::Form::kJulian1:
      return new_year + chrono::days(change.day - (year.is_leap() && change.day >= 60 ? 0 : 1));
    case YearlyChange::Form::kMonthWeekDay:
      break;
  }
  const chrono::year_month month = year / chrono::month(static_cast<unsigned>(change.month));
  const chrono::weekday weekday(static_cast<unsigned>(change.weekday));
  if (change.week == 5) return month / weekday[chrono::last];
  return month / weekday[static_cast<unsigned>(change.week)];
}

std::int64_t OffsetBy(const YearlyRule& rule, std::int64_t unix_s) {
  if (!rule.summer_s) return rule.standard_s;
  const chrono::year year = chrono::year_month_day(DayOf(unix_s + rule.standard_s)).year();
  const std::int64_t to_summer =
      Seconds(DayOf(rule.to_summer, year)) + rule.to_summer.time_s - rule.standard_s;
  const std::int64_t to_standard =
      Seconds(DayOf(rule.to_standard, year)) + rule.to_standard.time_s - *rule.summer_s;
  const bool summer = to_summer < to_standard ? unix_s >= to_summer && unix_s < to_standard
                                              : unix_s >= to_summer || unix_s < to_standard;
  return summer ? *rule.summer_s : rule.standard_s;
}

// "Europe/Berlin": nothing that leads out of the folder.
bool IsName(std::string_view name) {
  constexpr std::string_view kAllowed =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-_/";
  return !name.empty() && name.front() != '/' && name.find_first_not_of(kAllowed) == name.npos;
}

}  // namespace

Result<TimeZone> TimeZone::Load(std::string_view name, const std::filesystem::path& folder) {
  if (name == "UTC") return TimeZone{};  // known without a database, too
  std::ostringstream bytes;
  std::error_code error;
  const std::filesystem::path path = folder / name;
  if (IsName(name) && std::filesystem::is_regular_file(path, error)) {
    std::ifstream file(path, std::ios::binary);
    bytes << file.rdbuf();
  }
  auto zone = Parse(bytes.str());
  if (zone) return zone;
  return Fail(Code::kUsage,
              fmt::format("time zone '{}' is not in {}: install the tz database (tzdata), or set "
                          "trakt.timezone to an IANA name such as \"Europe/Berlin\"",
                          name, folder.string()));
}

Result<TimeZone> TimeZone::Parse(std::string_view file) {
  const bool has_wide_times = file.size() > 4 && file[4] >= '2';
  auto block = TakeBlock(file, 4);
  if (block && has_wide_times) block = TakeBlock(file, 8);
  if (!block) return Fail(Code::kInvalid, "is no TZif file, or a part of one");
  if (block->counts.leaps > 0) return Fail(Code::kInvalid, "counts leap seconds");
  TimeZone zone;
  zone.first_offset_ = block->Offset(0);
  for (std::size_t i = 0; i < block->counts.changes; ++i) {
    if (block->Type(i) >= block->counts.types) return Fail(Code::kInvalid, "is damaged");
    zone.changes_.push_back(block->Change(i));
    zone.offsets_.push_back(block->Offset(block->Type(i)));
  }
  if (!std::is_sorted(zone.changes_.begin(), zone.changes_.end())) {
    return Fail(Code::kInvalid, "is damaged");
  }
  const std::size_t end = has_wide_times && file.starts_with('\n') ? file.find('\n', 1) : 0;
  if (end > 1 && end != file.npos) {
    zone.rule_ = ParseYearlyRule(file.substr(1, end - 1));
    if (!zone.rule_) return Fail(Code::kInvalid, "is damaged");
  }
  return zone;
}

std::int64_t TimeZone::OffsetAt(std::int64_t unix_s) const {
  const auto after = std::upper_bound(changes_.begin(), changes_.end(), unix_s);
  if (after == changes_.end() && rule_) return OffsetBy(*rule_, unix_s);
  if (after == changes_.begin()) return first_offset_;
  return offsets_[static_cast<std::size_t>(after - changes_.begin()) - 1];
}

std::string TimeZone::DateAt(WallMs instant_ms) const {
  const std::int64_t unix_s = FloorDiv(instant_ms, 1000);
  const chrono::year_month_day date(DayOf(unix_s + OffsetAt(unix_s)));
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

}  // namespace sluice::trakt
