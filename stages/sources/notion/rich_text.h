// Rich text: an array of runs with annotations, turned into one line (or one paragraph) of
// Markdown whose markers nest and are recognised by CommonMark.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "stages/sources/notion/json.h"
#include "stages/sources/notion/render_context.h"

namespace sluice::notion {

// Where the text will stand: decides how newlines and markup look.
enum class InlinePlace {
  kParagraph,  // a newline is a hard break: backslash, newline
  kHeading,    // one line; a newline is <br>
  kCell,       // of a pipe table: one line, '|' escaped
  kHtml,       // inside an HTML block, where Markdown is not read
};

// What a run looks like beside its text.
struct RunStyle {
  bool bold = false;
  bool italic = false;
  bool strikethrough = false;
  bool underline = false;
  std::string href;  // resolved; empty: no link

  auto operator<=>(const RunStyle&) const = default;
};

// A stretch of equal style, after normalisation.
struct Run {
  enum class Kind { kText, kCode, kMath, kBreak };
  Kind kind = Kind::kText;
  std::string text;
  RunStyle style;
};

// The rich text of a block's payload or a property: the key `rich_text`, or `text` as it was called
// before 2022-02-22.
std::vector<Json> RichTextOf(const Json& payload);

// Runs with mentions and links resolved, newlines as breaks, markers moved off the whitespace at
// their edges, neighbours of equal style merged. Unknown types show their plain text and leave a
// note. Colours have no form in Markdown and are dropped.
std::vector<Run> ReadRuns(RenderContext& context, const std::vector<Json>& rich_text);

// May hold newlines for kParagraph alone. No whitespace at either end.
std::string InlineMarkdown(const std::vector<Run>& runs, InlinePlace place);

// The words alone.
std::string PlainText(const std::vector<Json>& rich_text);

}  // namespace sluice::notion
