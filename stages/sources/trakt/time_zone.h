// Local dates by the system's tz database: a reader of its files (TZif, RFC 8536), since the
// standard library of g++ 12 has none.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/base/clock.h"
#include "storage/base/result.h"

namespace sluice::trakt {

// One of the two yearly changes in the rule that a TZif file ends with (POSIX TZ).
struct YearlyChange {
  enum class Form { kJulian1, kJulian0, kMonthWeekDay } form = Form::kMonthWeekDay;
  int day = 0;  // of the year; from 1 without 29 February, or from 0 with it
  int month = 0;
  int week = 0;  // 5: the last
  int weekday = 0;
  std::int64_t time_s = 7200;  // after midnight of that day, by the clock before the change
};

struct YearlyRule {
  std::int64_t standard_s = 0;  // offset east of UTC
  std::optional<std::int64_t> summer_s;
  YearlyChange to_summer;
  YearlyChange to_standard;
};

// Thread-safe: constant after construction.
class TimeZone {
 public:
  // By its IANA name. Code::kUsage: the system has none of that name.
  static Result<TimeZone> Load(std::string_view name,
                               const std::filesystem::path& folder = "/usr/share/zoneinfo");
  // A whole TZif file. Code::kInvalid: it is none, or it counts leap seconds.
  static Result<TimeZone> Parse(std::string_view file);

  // Seconds east of UTC at that instant, in seconds since 1970 UTC.
  std::int64_t OffsetAt(std::int64_t unix_s) const;
  // The local date: "2026-05-17".
  std::string DateAt(WallMs instant_ms) const;

 private:
  std::vector<std::int64_t> changes_;  // ascending
  std::vector<std::int64_t> offsets_;  // from changes_[i] on
  std::int64_t first_offset_ = 0;      // before all changes
  std::optional<YearlyRule> rule_;     // after all changes
};

// The text of a TZif footer: "CET-1CEST,M3.5.0,M10.5.0/3". nullopt: it is none.
std::optional<YearlyRule> ParseYearlyRule(std::string_view text);

}  // namespace sluice::trakt
