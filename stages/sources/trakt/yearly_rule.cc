// The POSIX TZ text that a TZif file ends with, as RFC 8536 (section 3.3) extends it.
#include <cctype>

#include "stages/sources/trakt/time_zone.h"

namespace sluice::trakt {
namespace {

// Reads from the front of `rest`; once something is not as it must be, `good` stays false.
struct Reader {
  std::string_view rest;
  bool good = true;

  bool Take(char c) {
    if (rest.empty() || rest.front() != c) return false;
    rest.remove_prefix(1);
    return true;
  }
  void Need(char c) { good = Take(c) && good; }

  void Name() {
    std::size_t length = 0;
    if (Take('<')) {
      length = rest.find('>');
      good = good && length != rest.npos;
      rest.remove_prefix(good ? length + 1 : 0);
      return;
    }
    while (length < rest.size() && std::isalpha(static_cast<unsigned char>(rest[length])) != 0) {
      ++length;
    }
    good = good && length >= 3;
    rest.remove_prefix(length);
  }

  int Number(int max) {
    int value = 0;
    std::size_t digits = 0;
    while (!rest.empty() && rest.front() >= '0' && rest.front() <= '9' && digits++ < 4) {
      value = value * 10 + (rest.front() - '0');
      rest.remove_prefix(1);
    }
    good = good && digits > 0 && value <= max;
    return value;
  }

  // [+-]hh[:mm[:ss]]
  std::int64_t Time() {
    const bool negative = Take('-');
    if (!negative) Take('+');
    std::int64_t seconds = Number(167) * 3600;
    if (Take(':')) seconds += Number(59) * 60;
    if (Take(':')) seconds += Number(59);
    return negative ? -seconds : seconds;
  }

  YearlyChange Change() {
    YearlyChange change;
    Need(',');
    if (Take('M')) {
      change.month = Number(12);
      Need('.');
      change.week = Number(5);
      Need('.');
      change.weekday = Number(6);
      good = good && change.month > 0 && change.week > 0;
    } else if (Take('J')) {
      change.form = YearlyChange::Form::kJulian1;
      change.day = Number(365);
      good = good && change.day > 0;
    } else {
      change.form = YearlyChange::Form::kJulian0;
      change.day = Number(365);
    }
    if (Take('/')) change.time_s = Time();
    return change;
  }
};

}  // namespace

std::optional<YearlyRule> ParseYearlyRule(std::string_view text) {
  Reader reader{text};
  YearlyRule rule;
  reader.Name();
  rule.standard_s = -reader.Time();  // POSIX counts west of UTC
  if (reader.good && !reader.rest.empty()) {
    reader.Name();
    rule.summer_s = rule.standard_s + 3600;
    if (!reader.rest.empty() && reader.rest.front() != ',') rule.summer_s = -reader.Time();
    rule.to_summer = reader.Change();
    rule.to_standard = reader.Change();
  }
  if (!reader.good || !reader.rest.empty()) return std::nullopt;
  return rule;
}

}  // namespace sluice::trakt
