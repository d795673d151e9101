// Blocks of text and blocks that hold blocks.
#include <fmt/format.h>

#include <algorithm>

#include "stages/sources/notion/block_renderer.h"
#include "stages/sources/notion/markdown_escape.h"

namespace sluice::notion {

Status BlockRenderer::Paragraph(const Block& block) {
  const std::string text = Inline(block, InlinePlace::kParagraph);
  if (text.empty()) {
    block.siblings.interrupted = true;  // a spacer: the blank line between its neighbours
  } else {
    Write(block, text);
  }
  return block.has_children ? FlatChildren(block) : Status();
}

Status BlockRenderer::Heading(const Block& block) {
  const auto level = static_cast<std::size_t>(block.type.back() - '0');
  const std::string text = Inline(block, InlinePlace::kHeading);
  Write(block, std::string(level, '#') + (text.empty() ? "" : " ") + text);
  return block.has_children ? FlatChildren(block) : Status();
}

Status BlockRenderer::Item(const Block& block, Family family, const std::string& marker,
                           const std::string& text) {
  // CommonMark: an empty item, or a number other than 1, does not end a paragraph above it.
  const bool interrupts = !text.empty() && (family == Family::kBullets || marker == "1.");
  Begin(block.siblings, family, interrupts);
  writer_.Push(marker + " ", std::string(marker.size() + 1, ' '));
  writer_.Lines(text);
  const Status done = Children(block, {.in_item = true, .item_empty = text.empty()});
  writer_.Pop();
  return done;
}

Status BlockRenderer::Bullet(const Block& block) {
  return Item(block, Family::kBullets, "-", Inline(block, InlinePlace::kParagraph));
}

Status BlockRenderer::ToDo(const Block& block) {
  const std::string text = Inline(block, InlinePlace::kParagraph);
  const std::string_view box = GetBool(block.payload, "checked") ? "[x]" : "[ ]";
  return Item(block, Family::kBullets, "-",
              fmt::format("{}{}{}", box, text.empty() ? "" : " ", text));
}

Status BlockRenderer::Numbered(const Block& block) {
  constexpr std::int64_t kNumberMax = 999'999'999;  // nine digits are what CommonMark takes
  Siblings& siblings = block.siblings;
  const bool continues = siblings.family == Family::kNumbers && !siblings.interrupted;
  const auto start = GetInt(block.payload, "list_start_index");
  siblings.number = continues ? siblings.number + 1 : 1;
  if (start && *start >= 0 && *start <= kNumberMax && !continues) siblings.number = *start;
  siblings.number = std::min(siblings.number, kNumberMax);
  const std::string_view format = GetString(block.payload, "list_format");
  if (!continues && !format.empty() && format != "numbers") {
    AddNote(context_, "list-format",
            fmt::format("list at block {} is numbered in '{}'; Markdown has digits alone", block.id,
                        format));
  }
  return Item(block, Family::kNumbers, fmt::format("{}.", siblings.number),
              Inline(block, InlinePlace::kParagraph));
}

Status BlockRenderer::Details(const Block& block, const std::string& summary) {
  Write(block, fmt::format("<details>\n<summary>{}</summary>", summary));
  const Status done = Children(block, {});
  // The blank line before it lets Markdown be read inside.
  writer_.Block("</details>");
  return done;
}

Status BlockRenderer::Toggle(const Block& block) {
  return Details(block, Inline(block, InlinePlace::kHtml));
}

Status BlockRenderer::Template(const Block& block) {
  Write(block, Comment(fmt::format("template id={}", block.id)));
  return Details(block, Inline(block, InlinePlace::kHtml));
}

Status BlockRenderer::Quoted(const Block& block, const std::string& lines) {
  Begin(block.siblings);
  writer_.Push("> ", "> ");
  if (!lines.empty()) writer_.Lines(lines);
  const Status done = Children(block, {.first = lines.empty()});
  writer_.Pop();
  return done;
}

Status BlockRenderer::Quote(const Block& block) {
  return Quoted(block, Inline(block, InlinePlace::kParagraph));
}

Status BlockRenderer::Callout(const Block& block) {
  std::string icon;
  if (const auto json = Get(block.payload, "icon")) {
    const std::string url = FileUrl(*json);
    icon = IconText(*json);
    if (icon == url && !url.empty()) icon = fmt::format("![icon]({})", LinkDestination(url));
  }
  const std::string text = Inline(block, InlinePlace::kParagraph);
  const std::string_view space = icon.empty() || text.empty() ? "" : " ";
  const std::string line = fmt::format("{}{}{}", icon, space, text);
  return Quoted(block, line.empty() ? "[!NOTE]" : "[!NOTE]\n" + line);
}

Status BlockRenderer::ColumnList(const Block& block) {
  if (!block.has_children) return {};
  int column = 0;
  const auto end =
      ForEachBlock(block.id, block.depth + 1, block.siblings, [&](const Block& child) -> Status {
        Write(child, Comment(fmt::format("column {}", ++column)));
        return child.type == "column" ? FlatChildren(child) : Render(child);
      });
  if (!end) return Fail(end.error());
  if (end->kind == ListEnd::Kind::kRefused) Unavailable(block.siblings, block.id, end->status);
  return {};
}

Status BlockRenderer::Tabs(const Block& block) {
  if (!block.has_children) return {};
  const auto end =
      ForEachBlock(block.id, block.depth + 1, block.siblings, [&](const Block& tab) -> Status {
        if (tab.type != "paragraph") return Render(tab);
        const auto icon = Get(tab.payload, "icon");
        const std::string label = Inline(tab, InlinePlace::kHtml);
        Write(tab, Comment("tab"));
        Write(tab, fmt::format("<strong>{}{}{}</strong>", icon ? EscapeHtml(IconText(*icon)) : "",
                               icon ? " " : "", label));
        return FlatChildren(tab);
      });
  if (!end) return Fail(end.error());
  if (end->kind == ListEnd::Kind::kRefused) Unavailable(block.siblings, block.id, end->status);
  return {};
}

// A copy lists its content under its own id; where that is refused, or empty although the block has
// children (recordings of the API show both), the original may still be seen.
Status BlockRenderer::Synced(const Block& block) {
  const auto from = Get(block.payload, "synced_from");
  const std::string_view original = from ? GetString(*from, "block_id") : std::string_view();
  if (original.empty()) return FlatChildren(block);
  block.siblings.interrupted = true;
  bool any = false;
  const auto render = [&](const Block& child) {
    any = true;
    return Render(child);
  };
  auto end = ForEachBlock(block.id, block.depth + 1, block.siblings, render);
  if (end && !any && (end->kind == ListEnd::Kind::kRefused || block.has_children)) {
    end = ForEachBlock(original, block.depth + 1, block.siblings, render);
  }
  if (!end) return Fail(end.error());
  if (end->kind == ListEnd::Kind::kRefused) Unavailable(block.siblings, block.id, end->status);
  block.siblings.interrupted = true;
  return {};
}

Status BlockRenderer::Section(const Block& block, std::string_view label,
                              std::string_view block_id) {
  if (block_id.empty()) return {};
  Write(block, fmt::format("**{}**", label));
  return List(block_id, block.depth + 1, block.siblings);
}

Status BlockRenderer::MeetingNotes(const Block& block) {
  const std::string title = InlineOf(GetArray(block.payload, "title"), InlinePlace::kHtml);
  Write(block, fmt::format("<strong>{}</strong>", title.empty() ? "Meeting notes" : title));
  for (const std::string_view span : {"calendar_event", "recording"}) {
    const auto times = Get(block.payload, span);
    if (!times) continue;
    Write(block, fmt::format("{}: {} → {}", span == "recording" ? "Recording" : "Meeting",
                             GetString(*times, "start_time"), GetString(*times, "end_time")));
  }
  const auto parts = Get(block.payload, "children");
  if (!parts) return FlatChildren(block);
  Status done = Section(block, "Summary", GetString(*parts, "summary_block_id"));
  if (done) done = Section(block, "Notes", GetString(*parts, "notes_block_id"));
  if (done) done = Section(block, "Transcript", GetString(*parts, "transcript_block_id"));
  return done;
}

std::string BlockRenderer::TableRow(const Block& row, std::size_t width, bool bold_first) {
  if (row.type != "table_row") {
    AddNote(context_, "unsupported",
            fmt::format("block {} ({}) stands in a table", row.id, row.type));
    return fmt::format("| {} |",
                       Comment(fmt::format("unsupported type={} id={}", row.type, row.id)));
  }
  std::vector<std::string> cells;
  for (const Json& cell : GetArray(row.payload, "cells")) {
    simdjson::dom::array items;
    if (cell.get(items)) continue;
    std::vector<Run> runs = ReadRuns(context_, {items.begin(), items.end()});
    if (bold_first && cells.empty()) {
      for (Run& run : runs) run.style.bold = run.kind != Run::Kind::kBreak;
    }
    const std::string text = InlineMarkdown(runs, InlinePlace::kCell);
    // GFM drops cells beyond the header's.
    if (cells.size() < width) {
      cells.push_back(text);
    } else {
      cells.back() += "<br>" + text;
    }
  }
  cells.resize(std::max(width, cells.size()));
  std::string line = "|";
  for (const std::string& cell : cells)
    line += fmt::format(" {}{}|", cell, cell.empty() ? "" : " ");
  return line;
}

Status BlockRenderer::Table(const Block& block) {
  const bool column_header = GetBool(block.payload, "has_column_header");
  const bool row_header = GetBool(block.payload, "has_row_header");
  const std::int64_t stated = GetInt(block.payload, "table_width").value_or(0);
  constexpr std::int64_t kWidthMax = 10'000;  // far beyond Notion's; bounds a hostile answer
  std::size_t width = stated > 0 && stated <= kWidthMax ? static_cast<std::size_t>(stated) : 0;
  bool header_written = false;
  const auto write_header = [&](const std::string& row) {
    Write(block, row);
    std::string delimiter = "|";
    for (std::size_t i = 0; i < width; ++i) delimiter += " --- |";
    writer_.Lines(delimiter);
    header_written = true;
  };
  const auto empty_row = [&] {
    std::string row = "|";
    for (std::size_t i = 0; i < width; ++i) row += "  |";
    return row;
  };
  Siblings inside;
  const auto end = ForEachBlock(block.id, block.depth + 1, inside, [&](const Block& row) -> Status {
    if (width == 0) width = std::max<std::size_t>(1, GetArray(row.payload, "cells").size());
    if (!header_written && column_header) {
      write_header(TableRow(row, width, false));
      return {};
    }
    if (!header_written) write_header(empty_row());
    writer_.Lines(TableRow(row, width, row_header));
    return {};
  });
  if (!end) return Fail(end.error());
  width = std::max<std::size_t>(1, width);
  if (!header_written) write_header(empty_row());
  if (end->kind == ListEnd::Kind::kRefused) Unavailable(block.siblings, block.id, end->status);
  return {};
}

}  // namespace sluice::notion
