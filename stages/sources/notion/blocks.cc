#include "stages/sources/notion/blocks.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "stages/sources/notion/block_renderer.h"
#include "stages/sources/notion/markdown_escape.h"
#include "stages/sources/notion/requests.h"

namespace sluice::notion {

Status RenderBlocks(RenderContext& context, std::string_view block_id, MarkdownWriter& writer) {
  return BlockRenderer(context, writer).Page(block_id);
}

BlockRenderer::Handler BlockRenderer::HandlerFor(std::string_view type) {
  using B = BlockRenderer;
  static constexpr std::array<std::pair<std::string_view, Handler>, 37> kHandlers = {{
      {"paragraph", &B::Paragraph},
      {"heading_1", &B::Heading},
      {"heading_2", &B::Heading},
      {"heading_3", &B::Heading},
      {"heading_4", &B::Heading},
      {"bulleted_list_item", &B::Bullet},
      {"numbered_list_item", &B::Numbered},
      {"to_do", &B::ToDo},
      {"toggle", &B::Toggle},
      {"template", &B::Template},
      {"quote", &B::Quote},
      {"callout", &B::Callout},
      {"column_list", &B::ColumnList},
      {"column", &B::FlatChildren},
      {"tab", &B::Tabs},
      {"synced_block", &B::Synced},
      {"meeting_notes", &B::MeetingNotes},
      {"transcription", &B::MeetingNotes},
      {"table", &B::Table},
      {"code", &B::Code},
      {"equation", &B::Equation},
      {"divider", &B::Divider},
      {"image", &B::Image},
      {"video", &B::Media},
      {"audio", &B::Media},
      {"file", &B::Media},
      {"pdf", &B::Media},
      {"bookmark", &B::Bookmark},
      {"embed", &B::Bookmark},
      {"link_preview", &B::Bookmark},
      {"child_page", &B::ChildPage},
      {"child_database", &B::ChildDatabase},
      {"link_to_page", &B::LinkToPage},
      {"breadcrumb", &B::Marker},
      {"table_of_contents", &B::Marker},
      {"unsupported", &B::Unsupported},
      {"button", &B::Unsupported},
  }};
  const auto* found = std::find_if(kHandlers.begin(), kHandlers.end(),
                                   [type](const auto& entry) { return entry.first == type; });
  return found == kHandlers.end() ? &B::Unsupported : found->second;
}

Status BlockRenderer::Page(std::string_view block_id) {
  Siblings siblings;
  return List(block_id, 1, siblings);
}

Result<ListEnd> BlockRenderer::ForEachBlock(std::string_view block_id, int depth,
                                            Siblings& siblings,
                                            const std::function<Status(const Block&)>& use) {
  if (depth > kBlockDepthMax) {
    Begin(siblings);
    writer_.Lines(Comment(fmt::format("too-deep block={}", block_id)));
    AddNote(context_, "too-deep",
            fmt::format("what is under block {} lies deeper than {} levels "
                        "and was left out",
                        block_id, kBlockDepthMax));
    return ListEnd{};
  }
  const auto request_for = [&](std::string_view cursor) {
    return ChildrenRequest(context_.document, context_.revision, block_id, cursor, depth);
  };
  return ForEachAnswer(context_, request_for, [&](const ParsedAnswer& answer) {
    return answer.ForEachResult([&](const Json& json) {
      const std::string_view type = GetString(json, "type");
      const auto payload = Get(json, type);
      const Block block{.json = json,
                        .payload = payload ? *payload : json,
                        .id = GetString(json, "id"),
                        .type = type,
                        .has_children = GetBool(json, "has_children"),
                        .depth = depth,
                        .siblings = siblings};
      return use(block);
    });
  });
}

Status BlockRenderer::List(std::string_view block_id, int depth, Siblings& siblings) {
  const auto end =
      ForEachBlock(block_id, depth, siblings, [this](const Block& block) { return Render(block); });
  if (!end) return Fail(end.error());
  if (end->kind == ListEnd::Kind::kRefused) Unavailable(siblings, block_id, end->status);
  return {};
}

Status BlockRenderer::Children(const Block& block, Siblings siblings) {
  return block.has_children ? List(block.id, block.depth + 1, siblings) : Status();
}

Status BlockRenderer::FlatChildren(const Block& block) {
  // Lists on both sides of an edge that Markdown does not show must not become one.
  block.siblings.interrupted = true;
  const Status done =
      block.has_children ? List(block.id, block.depth + 1, block.siblings) : Status();
  block.siblings.interrupted = true;
  return done;
}

Status BlockRenderer::Render(const Block& block) {
  if (block.type.empty()) {
    Write(block, Comment(fmt::format("unavailable block={} status=partial", block.id)));
    AddNote(context_, "unavailable", fmt::format("block {} came without its content", block.id));
    return {};
  }
  return (this->*HandlerFor(block.type))(block);
}

// `interrupts_text`: the block may follow a line of text without a blank line between.
void BlockRenderer::Begin(Siblings& siblings, Family family, bool interrupts_text) {
  using Gap = MarkdownWriter::Gap;
  const bool listed = family != Family::kNone;
  const bool same = listed && siblings.family == family;
  if (same && siblings.interrupted) writer_.Block("<!-- -->");
  Gap gap = same && !siblings.interrupted ? Gap::kNone : Gap::kBlankLine;
  if (siblings.first && siblings.in_item) {
    // A list item may begin with an empty line, but not with two.
    gap = siblings.item_empty || (listed && interrupts_text) ? Gap::kNone : Gap::kBlankLine;
  }
  writer_.BeginBlock(gap);
  siblings.family = family;
  siblings.interrupted = false;
  siblings.first = false;
}

void BlockRenderer::Write(const Block& block, std::string_view lines) {
  Begin(block.siblings);
  writer_.Lines(lines);
}

void BlockRenderer::Unavailable(Siblings& siblings, std::string_view block_id, int status) {
  Begin(siblings);
  writer_.Lines(Comment(fmt::format("unavailable block={} status={}", block_id, status)));
  AddNote(context_, "unavailable",
          fmt::format("what is under block {} cannot be listed (HTTP {})", block_id, status));
}

std::string BlockRenderer::Inline(const Block& block, InlinePlace place) {
  return InlineOf(RichTextOf(block.payload), place);
}

std::string BlockRenderer::InlineOf(const std::vector<Json>& rich_text, InlinePlace place) {
  return InlineMarkdown(ReadRuns(context_, rich_text), place);
}

}  // namespace sluice::notion
