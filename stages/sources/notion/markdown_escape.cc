#include "stages/sources/notion/markdown_escape.h"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::notion {
namespace {

using std::string_view;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsAlpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
// Bytes of other scripts count as letters: that is what intraword '_' needs.
bool IsWord(char c) { return IsDigit(c) || IsAlpha(c) || static_cast<unsigned char>(c) >= 0x80; }
bool IsBlank(char c) { return c == ' ' || c == '\t'; }
bool IsPunctuation(char c) { return c > ' ' && c < 0x7F && !IsDigit(c) && !IsAlpha(c); }

bool IsEntity(string_view text) {  // text[0] == '&'
  const std::size_t end = text.find(';');
  if (end == text.npos || end < 2) return false;
  string_view name = text.substr(1, end - 1);
  if (name[0] == '#') name.remove_prefix(1);
  return !name.empty() &&
         std::all_of(name.begin(), name.end(), [](char c) { return IsDigit(c) || IsAlpha(c); });
}

bool NeedsBackslash(string_view text, std::size_t at) {
  const char before = at > 0 ? text[at - 1] : '*';
  const char after = at + 1 < text.size() ? text[at + 1] : '*';
  switch (text[at]) {
    case '`':
    case '[':
    case ']':
    case '~':
    case '$':
      return true;
    case '\\':
      return IsPunctuation(after);
    case '*':
      return !(IsBlank(before) && IsBlank(after));
    case '_':
      return !(IsWord(before) && IsWord(after)) && !(IsBlank(before) && IsBlank(after));
    case '<':
      return IsAlpha(after) || IsPunctuation(after);
    case '&':
      return IsEntity(text.substr(at));
    default:
      return false;
  }
}

bool BlankFrom(string_view text, std::size_t at) { return at >= text.size() || IsBlank(text[at]); }

bool OnlyOf(string_view text, string_view set) { return text.find_first_not_of(set) == text.npos; }

// Where a line would begin a block: the offset of the character to escape, or npos.
std::size_t BlockMarker(string_view text) {
  const char first = text.empty() ? 'x' : text[0];
  if (first == '>') return 0;
  if (first == '#' && BlankFrom(text, text.find_first_not_of('#'))) return 0;
  if ((first == '-' || first == '+' || first == '*') && BlankFrom(text, 1)) return 0;
  if (first == '-' || first == '=' || first == '|' || first == ':') {
    if (OnlyOf(text, "-=|: \t")) return 0;  // underline of a heading, break, delimiter row
  }
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const bool number = digits > 0 && digits <= 9 && digits < text.size();
  if (number && (text[digits] == '.' || text[digits] == ')') && BlankFrom(text, digits + 1)) {
    return digits;
  }
  return text.npos;
}

// CommonMark drops up to three leading spaces; four or a tab would make a code block, so that the
// first becomes an entity.
std::string Indentation(string_view& text) {
  const std::size_t width = std::min(text.find_first_not_of(" \t"), text.size());
  const string_view blank = text.substr(0, width);
  text.remove_prefix(width);
  if (width < 4 && blank.find('\t') == blank.npos) return {};
  return fmt::format("&#{};{}", static_cast<int>(blank[0]), blank.substr(1));
}

}  // namespace

std::string EscapeText(string_view text, LineStart line_start) {
  std::string out;
  std::size_t marker = text.npos;
  if (line_start == LineStart::kYes) {
    out = Indentation(text);
    marker = BlockMarker(text);
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i == marker || NeedsBackslash(text, i)) out.push_back('\\');
    out.push_back(text[i]);
  }
  return out;
}

std::string FenceFor(string_view text, char fence, std::size_t min) {
  std::size_t longest = 0;
  std::size_t run = 0;
  for (const char c : text) {
    run = c == fence ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  return std::string(std::max(longest + 1, min), fence);
}

std::string CodeSpan(string_view code) {
  if (code.empty()) return {};
  const std::string fence = FenceFor(code, '`', 1);
  const bool ends_in_tick = code.front() == '`' || code.back() == '`';
  // CommonMark strips one space from both ends of "` x `", so that such code gets one more.
  const bool stripped = code.front() == ' ' && code.back() == ' ' && !OnlyOf(code, " ");
  const string_view pad = ends_in_tick || stripped ? " " : "";
  return fmt::format("{}{}{}{}{}", fence, pad, code, pad, fence);
}

std::string InlineMath(string_view expression) {
  std::string math(expression);
  std::replace(math.begin(), math.end(), '\n', ' ');  // the same to TeX
  const std::size_t first = math.find_first_not_of(' ');
  if (first == math.npos) return {};
  math = math.substr(first, math.find_last_not_of(' ') + 1 - first);
  if (math.find('$') == math.npos) return fmt::format("${}$", math);
  if (math.find('`') == math.npos) return fmt::format("$`{}`$", math);
  return CodeSpan(math);
}

std::string LinkDestination(string_view url) {
  int open = 0;
  bool balanced = true;
  bool spaces = url.empty();
  std::string out;
  for (std::size_t i = 0; i < url.size(); ++i) {
    const char c = url[i];
    open += c == '(' ? 1 : c == ')' ? -1 : 0;
    balanced = balanced && open >= 0;
    spaces = spaces || c == ' ';
    const auto byte = static_cast<unsigned char>(c);
    if (c == '<' || c == '>' || byte < ' ' || byte == 0x7F) {
      out += fmt::format("%{:02X}", byte);
    } else {
      // A backtick outside would open a code span, which binds tighter than a link.
      if (c == '\\' || c == '`' || (c == '&' && IsEntity(url.substr(i)))) out.push_back('\\');
      out.push_back(c);
    }
  }
  return spaces || !balanced || open != 0 ? fmt::format("<{}>", out) : out;
}

std::string EscapeHtml(string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out.push_back(c);
    }
  }
  return out;
}

std::string Comment(string_view text) {
  std::string safe;
  for (const char c : text) {
    const bool control = static_cast<unsigned char>(c) < ' ';
    const bool ends = c == '>' || c == '<' || (c == '-' && !safe.empty() && safe.back() == '-');
    safe.push_back(control || ends ? '_' : c);
  }
  return fmt::format("<!-- notion:{} -->", safe);
}

}  // namespace sluice::notion
