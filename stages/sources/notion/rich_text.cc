#include "stages/sources/notion/rich_text.h"

#include <fmt/format.h>

#include <optional>

#include "stages/sinks/utf8.h"
#include "stages/sources/notion/requests.h"

namespace sluice::notion {
namespace {

std::string OwnText(const Json& item) {
  if (const auto plain = GetString(item, "plain_text"); !plain.empty()) return std::string(plain);
  if (const auto text = Get(item, "text")) return std::string(GetString(*text, "content"));
  if (const auto math = Get(item, "equation")) return std::string(GetString(*math, "expression"));
  return {};
}

RunStyle StyleOf(const Json& item) {
  const auto annotations = Get(item, "annotations");
  if (!annotations) return {};
  return {.bold = GetBool(*annotations, "bold"),
          .italic = GetBool(*annotations, "italic"),
          .strikethrough = GetBool(*annotations, "strikethrough"),
          .underline = GetBool(*annotations, "underline")};
}

std::string DateText(const Json& item, const Json& date) {
  std::string text = OwnText(item);
  if (text.empty()) {
    text = std::string(GetString(date, "start"));
    if (const auto end = GetString(date, "end"); !end.empty()) text += fmt::format(" → {}", end);
  }
  const auto zone = GetString(date, "time_zone");
  return zone.empty() ? text : fmt::format("{} ({})", text, zone);
}

std::string UserText(RenderContext& context, const Json& item, const Json& user) {
  const std::string plain = OwnText(item);
  if (!plain.empty() && plain != "@Anonymous" && plain != "@") return plain;
  const std::string name = UserName(context, user);
  return name == GetString(user, "id") && !plain.empty() ? plain : "@" + name;
}

void ReadLink(Run& run, std::string_view label, std::string_view url) {
  run.text = label.empty() ? url : label;
  run.style.href = std::string(url);
}

void ReadMention(RenderContext& context, const Json& item, Run& run) {
  run.text = OwnText(item);
  const auto mention = Get(item, "mention");
  const std::string_view type = mention ? GetString(*mention, "type") : std::string_view();
  const auto payload = mention ? Get(*mention, type) : std::nullopt;
  if (payload && type == "user") {
    run.text = UserText(context, item, *payload);
  } else if (payload && (type == "page" || type == "database" || type == "data_source")) {
    const std::string_view id = GetString(*payload, "id");
    run.text = DocumentLabel(context, id, run.text);
    run.style.href = DocumentHref(context, id);
  } else if (payload && type == "date") {
    run.text = DateText(item, *payload);
  } else if (payload && type == "link_preview") {
    ReadLink(run, run.text, GetString(*payload, "url"));
  } else if (payload && type == "link_mention") {
    const std::string_view title = GetString(*payload, "title");
    ReadLink(run, title.empty() ? std::string_view(run.text) : title, GetString(*payload, "href"));
  } else if (payload && type == "custom_emoji") {
    if (run.text.empty()) run.text = fmt::format(":{}:", GetString(*payload, "name"));
  } else if (payload && type == "template_mention") {
    const std::string_view kind = GetString(*payload, "type");
    if (run.text.empty()) run.text = fmt::format("@{}", GetString(*payload, kind));
  } else {
    AddNote(context, "unknown-rich-text",
            fmt::format("mention of type '{}' is shown as its text", type));
  }
}

Run ReadItem(RenderContext& context, const Json& item) {
  Run run{.style = StyleOf(item)};
  const std::string_view type = GetString(item, "type");
  if (const auto href = GetString(item, "href"); !href.empty() && type != "mention") {
    run.style.href = ResolveHref(context, href);
  }
  if (type == "mention") {
    ReadMention(context, item, run);
  } else if (type == "equation") {
    run.kind = Run::Kind::kMath;
    const auto math = Get(item, "equation");
    run.text = math ? GetString(*math, "expression") : std::string_view();
    if (run.text.empty()) run.text = OwnText(item);
  } else {
    run.text = OwnText(item);
    if (const auto text = Get(item, "text"); text && run.style.href.empty()) {
      if (const auto link = Get(*text, "link")) {
        run.style.href = ResolveHref(context, GetString(*link, "url"));
      }
    }
    if (type != "text") {
      AddNote(context, "unknown-rich-text", fmt::format("type '{}' is shown as its text", type));
    }
  }
  const auto annotations = Get(item, "annotations");
  if (run.kind == Run::Kind::kText && annotations && GetBool(*annotations, "code")) {
    run.kind = Run::Kind::kCode;
  }
  return run;
}

bool IsSpace(char32_t c) {
  return c == ' ' || (c >= 0x09 && c <= 0x0D) || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x202F || c == 0x205F || c == 0x3000;
}

std::size_t LeadingSpace(std::string_view text) {
  std::size_t bytes = 0;
  while (bytes < text.size()) {
    const CodePoint next = FirstCodePoint(text.substr(bytes));
    if (!IsSpace(next.value)) break;
    bytes += next.bytes;
  }
  return bytes;
}

std::size_t TrailingSpace(std::string_view text) {
  std::size_t bytes = 0;
  while (bytes < text.size()) {
    const CodePoint last = LastCodePoint(text.substr(0, text.size() - bytes));
    if (!IsSpace(last.value)) break;
    bytes += last.bytes;
  }
  return bytes;
}

bool IsBlank(const Run& run) {
  return run.kind == Run::Kind::kText && LeadingSpace(run.text) == run.text.size();
}

// One piece per line; LINE SEPARATOR is how some clients write a soft break.
void SplitLines(const Run& run, std::vector<Run>& out) {
  constexpr std::string_view kLineSeparator = "\xE2\x80\xA8";
  std::string text;
  const auto flush = [&] {
    if (!text.empty()) out.push_back({.kind = run.kind, .text = text, .style = run.style});
    text.clear();
  };
  for (std::size_t i = 0; i < run.text.size(); ++i) {
    const bool separator = run.text.compare(i, kLineSeparator.size(), kLineSeparator) == 0;
    if (run.text[i] != '\n' && run.text[i] != '\r' && !separator) {
      text.push_back(run.text[i]);
      continue;
    }
    flush();
    out.push_back({.kind = Run::Kind::kBreak});
    if (run.text.compare(i, 2, "\r\n") == 0) ++i;
    if (separator) i += kLineSeparator.size() - 1;
  }
  flush();
}

// Whitespace at the edges of a run becomes a run of its own.
void SplitEdges(const Run& run, std::vector<Run>& out) {
  const auto add = [&](std::string_view text) {
    if (text.empty()) return;
    out.push_back({.kind = run.kind, .text = std::string(text), .style = run.style});
  };
  if (run.kind != Run::Kind::kText) {
    out.push_back(run);
    return;
  }
  const std::string_view text = run.text;
  const std::size_t head = LeadingSpace(text);
  const std::size_t tail = head < text.size() ? TrailingSpace(text) : 0;
  add(text.substr(0, head));
  add(text.substr(head, text.size() - head - tail));
  add(text.substr(text.size() - tail));
}

RunStyle Common(const RunStyle& a, const RunStyle& b) {
  return {.bold = a.bold && b.bold,
          .italic = a.italic && b.italic,
          .strikethrough = a.strikethrough && b.strikethrough,
          .underline = a.underline && b.underline,
          .href = a.href == b.href ? a.href : std::string()};
}

// Whitespace keeps only the style that spans it: what it shares with both neighbours.
void StyleBlanks(std::vector<Run>& runs) {
  const auto visible = [&](std::size_t from, int step) -> RunStyle {
    for (std::size_t i = from; i < runs.size(); i += static_cast<std::size_t>(step)) {
      if (runs[i].kind == Run::Kind::kBreak) return {};
      if (!IsBlank(runs[i])) return runs[i].style;
    }
    return {};
  };
  for (std::size_t i = 0; i < runs.size(); ++i) {
    if (!IsBlank(runs[i]) || runs[i].kind == Run::Kind::kBreak) continue;
    const RunStyle before = i > 0 ? visible(i - 1, -1) : RunStyle{};
    runs[i].style = Common(Common(runs[i].style, before), visible(i + 1, 1));
  }
}

std::vector<Run> Merged(std::vector<Run> runs) {
  std::vector<Run> out;
  for (Run& run : runs) {
    const bool joins = !out.empty() && run.kind == out.back().kind &&
                       (run.kind == Run::Kind::kText || run.kind == Run::Kind::kCode) &&
                       run.style == out.back().style;
    if (joins) {
      out.back().text += run.text;
    } else {
      out.push_back(std::move(run));
    }
  }
  return out;
}

bool IsEdge(const Run& run) { return run.kind == Run::Kind::kBreak || IsBlank(run); }

}  // namespace

std::vector<Json> RichTextOf(const Json& payload) {
  std::vector<Json> items = GetArray(payload, "rich_text");
  return items.empty() ? GetArray(payload, "text") : items;
}

std::vector<Run> ReadRuns(RenderContext& context, const std::vector<Json>& rich_text) {
  std::vector<Run> lines;
  for (const Json& item : rich_text) {
    const Run run = ReadItem(context, item);
    if (run.kind == Run::Kind::kMath) {
      lines.push_back(run);
    } else {
      SplitLines(run, lines);
    }
  }
  std::vector<Run> runs;
  for (const Run& run : lines) SplitEdges(run, runs);
  StyleBlanks(runs);
  // A break at the end would leave its backslash visible. Indentation stays, breaks before it do
  // not.
  while (!runs.empty() && IsEdge(runs.back())) runs.pop_back();
  while (!runs.empty() && runs.front().kind == Run::Kind::kBreak) runs.erase(runs.begin());
  return Merged(std::move(runs));
}

std::string PlainText(const std::vector<Json>& rich_text) {
  std::string text;
  for (const Json& item : rich_text) text += OwnText(item);
  return text;
}

}  // namespace sluice::notion
