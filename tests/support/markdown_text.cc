#include "tests/support/markdown_text.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <regex>

namespace sluice {
namespace {

using std::chrono::minutes;
using Minutes = std::chrono::sys_time<minutes>;

// The zone that the compared exports were written in.
constexpr minutes kZone = std::chrono::hours(2);

std::string Replaced(const std::string& text, const char* pattern, const char* with) {
  return std::regex_replace(text, std::regex(pattern), with);
}

// The position behind the bracket that closes the one at `open`; npos: none does.
std::size_t Closing(std::string_view text, std::size_t open, char left, char right) {
  int depth = 0;
  for (std::size_t i = open; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == left) {
      ++depth;
    } else if (text[i] == right && --depth == 0) {
      return i + 1;
    }
  }
  return std::string_view::npos;
}

struct LinkSpan {
  std::size_t label_end = 0;   // behind ']'
  std::size_t target_end = 0;  // behind ')'
};

// The link whose '[' is at `at`.
bool FindLink(std::string_view text, std::size_t at, LinkSpan& link) {
  link.label_end = Closing(text, at, '[', ']');
  if (link.label_end == text.npos || link.label_end == text.size()) return false;
  if (text[link.label_end] != '(') return false;
  link.target_end = Closing(text, link.label_end, '(', ')');
  return link.target_end != text.npos;
}

std::string WithoutTargets(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size();) {
    LinkSpan link;
    if (text[i] == '[' && FindLink(text, i, link)) {
      plain += WithoutTargets(text.substr(i + 1, link.label_end - i - 2));
      i = link.target_end;
    } else {
      plain += text[i++];
    }
  }
  return plain;
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string PercentDecoded(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool room = text[i] == '%' && i + 2 < text.size();
    const int high = room ? HexDigit(text[i + 1]) : -1;
    const int low = room ? HexDigit(text[i + 2]) : -1;
    if (high >= 0 && low >= 0) {
      plain += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

std::string WithoutMarkers(std::string line) {
  line = Replaced(line, R"(^[\s>]+)", "");
  line = Replaced(line, R"(^\[!NOTE\])", "");
  line = Replaced(line, R"(^#{1,6}\s+)", "");
  return Replaced(line, R"(^([-*+]|\d+\.)\s+(\[[ x]\]\s+)?)", "");
}

int MonthNumber(const std::string& name) {
  constexpr std::array kMonths = {"January",   "February", "March",    "April",
                                  "May",       "June",     "July",     "August",
                                  "September", "October",  "November", "December"};
  return static_cast<int>(std::find(kMonths.begin(), kMonths.end(), name) - kMonths.begin()) + 1;
}

int Number(const std::ssub_match& match) { return match.matched ? std::stoi(match.str()) : 0; }

std::string PlainDate(int year, int month, int day) {
  std::array<char, 40> text;
  std::snprintf(text.data(), text.size(), "%04d%02d%02d", year, month, day);
  return text.data();
}

std::string PlainTime(int hour, int minute) {
  std::array<char, 30> text;
  std::snprintf(text.data(), text.size(), "T%02d%02d", hour, minute);
  return text.data();
}

// Groups: month, day, year, hour, minute, AM or PM.
std::string FromWords(const std::smatch& match) {
  const std::string date = PlainDate(Number(match[3]), MonthNumber(match[1]), Number(match[2]));
  if (!match[4].matched) return date;
  int hour = Number(match[4]);
  if (match[6].matched) hour = hour % 12 + (match[6] == "PM" ? 12 : 0);
  return date + PlainTime(hour, Number(match[5]));
}

// Groups: year, month, day, hour, minute, zone, its sign, hours, minutes.
std::string FromIso(const std::smatch& match) {
  const int year = Number(match[1]);
  const int month = Number(match[2]);
  const int day = Number(match[3]);
  if (!match[4].matched) return PlainDate(year, month, day);
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  minutes offset = std::chrono::hours(Number(match[8])) + minutes(Number(match[9]));
  if (match[7] == "-") offset = -offset;
  const Minutes here = std::chrono::sys_days(date) + std::chrono::hours(Number(match[4])) +
                       minutes(Number(match[5])) - offset + kZone;
  const auto midnight = std::chrono::floor<std::chrono::days>(here);
  const std::chrono::year_month_day local(midnight);
  const auto time = (here - midnight).count();
  return PlainDate(static_cast<int>(local.year()),
                   static_cast<int>(static_cast<unsigned>(local.month())),
                   static_cast<int>(static_cast<unsigned>(local.day()))) +
         PlainTime(static_cast<int>(time / 60), static_cast<int>(time % 60));
}

template <class Convert>
std::string ReplaceEach(const std::string& text, const std::regex& pattern, Convert convert) {
  std::string result;
  auto rest = text.cbegin();
  std::smatch match;
  while (std::regex_search(rest, text.cend(), match, pattern)) {
    result.append(rest, match[0].first);
    result += convert(match);
    rest = match[0].second;
  }
  return result.append(rest, text.cend());
}

// A letter, a digit, or a byte of a character beyond ASCII.
bool InWord(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x80 || std::isalnum(byte) != 0;
}

bool IsInlineMarkup(char c) { return c == '*' || c == '_' || c == '~' || c == '`' || c == '\\'; }

}  // namespace

std::string WithPlainDates(std::string_view text) {
  static const std::regex kWords(
      R"((January|February|March|April|May|June|July|August|September|October|November|December))"
      R"( (\d{1,2}), (\d{4})(?: (\d{1,2}):(\d{2})(?: (AM|PM))?)?)");
  static const std::regex kIso(
      R"((\d{4})-(\d{2})-(\d{2})(?:T(\d{2}):(\d{2}):\d{2}(?:\.\d+)?(Z|([+-])(\d{2}):(\d{2})))?)");
  return ReplaceEach(ReplaceEach(std::string(text), kWords, FromWords), kIso, FromIso);
}

Words VisibleWords(std::string_view line) {
  std::string text = Replaced(std::string(line), R"(<!--.*?-->|</?[A-Za-z][^>]*>)", "");
  text = WithPlainDates(PercentDecoded(WithoutTargets(WithoutMarkers(std::move(text)))));
  Words words;
  bool inside = false;
  for (const char c : text) {
    if (IsInlineMarkup(c)) continue;
    if (InWord(c)) {
      if (!inside) words.emplace_back();
      words.back() += c;
    }
    inside = InWord(c);
  }
  return words;
}

std::vector<TextLine> VisibleLines(std::string_view markdown) {
  std::vector<TextLine> lines;
  while (!markdown.empty()) {
    const auto end = std::min(markdown.find('\n'), markdown.size());
    const std::string_view line = markdown.substr(0, end);
    markdown.remove_prefix(std::min(end + 1, markdown.size()));
    TextLine text{.words = VisibleWords(line)};
    LinkSpan link;
    if (line.starts_with('[') && FindLink(line, 0, link) && link.target_end == line.size()) {
      text.link = line.substr(link.label_end + 1, link.target_end - link.label_end - 2);
    }
    if (!text.words.empty()) lines.push_back(std::move(text));
  }
  return lines;
}

bool ContainsInOrder(const Words& whole, const Words& part) {
  auto at = whole.begin();
  for (const std::string& word : part) {
    at = std::find(at, whole.end(), word);
    if (at == whole.end()) return false;
    ++at;
  }
  return true;
}

std::vector<std::vector<std::string>> ParseCsv(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  std::vector<std::vector<std::string>> rows;
  bool quoted = false;
  bool begin = true;  // of a row
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (begin) rows.push_back({""});
    begin = false;
    std::string& cell = rows.back().back();
    if (c == '"') {
      const bool doubled = quoted && i + 1 < text.size() && text[i + 1] == '"';
      if (doubled) {
        cell += text[++i];
      } else {
        quoted = !quoted;
      }
    } else if (c == ',' && !quoted) {
      rows.back().emplace_back();
    } else if (c == '\n' && !quoted) {
      begin = true;
    } else if (c != '\r' || quoted) {
      cell += c;
    }
  }
  return rows;
}

}  // namespace sluice
