// The words that a reader of a Markdown or CSV file sees, for comparing two exports of one page
// that are written in different styles. Pure.
//
// Gone are: HTML tags and comments, link targets, markers of lists, quotes, headings and emphasis,
// escapes, percent-encoding, punctuation and white space. Dates are brought to one notation.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sluice {

using Words = std::vector<std::string>;

// The words of one line. "**Red** on [yellow](https://a.b)." -> Red, on, yellow
Words VisibleWords(std::string_view line);

struct TextLine {
  Words words;
  std::string link;  // the target, where the line is one link and nothing else
};
// The lines that show something.
std::vector<TextLine> VisibleLines(std::string_view markdown);

// Whether the words of `part` occur in `whole` in this order.
bool ContainsInOrder(const Words& whole, const Words& part);

// "July 14, 2022 8:03 PM", "July 14, 2022 20:03" and, as seen two hours east of Greenwich,
// "2022-07-14T18:03:00.000Z" -> "20220714T2003"; without a time -> "20220714".
std::string WithPlainDates(std::string_view text);

// RFC 4180, with or without a byte order mark.
std::vector<std::vector<std::string>> ParseCsv(std::string_view text);

}  // namespace sluice
