// Escaping for CommonMark 0.31 with GFM tables, strikethrough and `$` math: as little as keeps the
// text the text.
#pragma once

#include <string>
#include <string_view>

namespace sluice::notion {

enum class LineStart { kYes, kNo };

// Text between markup, without newlines. What comes before and after is taken for the worst case.
std::string EscapeText(std::string_view text, LineStart line_start);
// At least one character longer than any run of `fence` inside `text`, and at least `min` long.
std::string FenceFor(std::string_view text, char fence, std::size_t min);
// A code span; byte-exact, except that newlines are spaces to CommonMark.
std::string CodeSpan(std::string_view code);
// `$...$`, or GitHub's $`...`$ where the expression itself holds a dollar sign.
std::string InlineMath(std::string_view expression);
// The destination of a link. Unchanged where CommonMark reads it unchanged.
std::string LinkDestination(std::string_view url);
std::string EscapeHtml(std::string_view text);
// "<!-- notion:<text> -->"; what could end the comment is replaced.
std::string Comment(std::string_view text);

}  // namespace sluice::notion
