// The walk over blocks and its handlers; private to blocks.cc and block_*.cc.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "stages/sources/notion/blocks.h"
#include "stages/sources/notion/rich_text.h"

namespace sluice::notion {

class BlockRenderer {
 public:
  BlockRenderer(RenderContext& context, MarkdownWriter& writer)
      : context_(context), writer_(writer) {}

  Status Page(std::string_view block_id);

 private:
  // Markdown lists that would become one if nothing stood between them.
  enum class Family { kNone, kBullets, kNumbers };

  // What came before in the same container.
  struct Siblings {
    Family family = Family::kNone;  // of the last block that was written
    bool interrupted = false;       // a block without a visible form came after it
    bool first = true;
    bool in_item = false;     // the container is a list item...
    bool item_empty = false;  // ...whose own line is empty
    std::int64_t number = 0;  // of the last numbered item
  };

  struct Block {
    Json json;
    Json payload;
    std::string_view id;
    std::string_view type;
    bool has_children = false;
    int depth = 0;  // of the list it is in; 1 is the page's own
    Siblings& siblings;
  };

  using Handler = Status (BlockRenderer::*)(const Block&);
  static Handler HandlerFor(std::string_view type);

  // The walk. `use` sees every block of a stored list in order.
  Result<ListEnd> ForEachBlock(std::string_view block_id, int depth, Siblings& siblings,
                               const std::function<Status(const Block&)>& use);
  Status List(std::string_view block_id, int depth, Siblings& siblings);
  Status Children(const Block& block, Siblings siblings);
  // At the level of the block itself.
  Status FlatChildren(const Block& block);
  Status Render(const Block& block);

  void Begin(Siblings& siblings, Family family = Family::kNone, bool interrupts_text = true);
  void Write(const Block& block, std::string_view lines);
  void Unavailable(Siblings& siblings, std::string_view block_id, int status);
  void Caption(const Block& block);
  void LinksInCode(const Block& block);

  std::string Inline(const Block& block, InlinePlace place);
  std::string InlineOf(const std::vector<Json>& rich_text, InlinePlace place);

  // Text and containers: block_text.cc.
  Status Paragraph(const Block& block);
  Status Heading(const Block& block);
  Status Bullet(const Block& block);
  Status Numbered(const Block& block);
  Status ToDo(const Block& block);
  Status Toggle(const Block& block);
  Status Template(const Block& block);
  Status Quote(const Block& block);
  Status Callout(const Block& block);
  Status ColumnList(const Block& block);
  Status Tabs(const Block& block);
  Status Synced(const Block& block);
  Status MeetingNotes(const Block& block);
  Status Table(const Block& block);
  Status Item(const Block& block, Family family, const std::string& marker,
              const std::string& text);
  Status Details(const Block& block, const std::string& summary);
  Status Quoted(const Block& block, const std::string& lines);
  Status Section(const Block& block, std::string_view label, std::string_view block_id);
  std::string TableRow(const Block& row, std::size_t width, bool bold_first);

  // Blocks that have no blocks inside: block_leaves.cc.
  Status Code(const Block& block);
  Status Equation(const Block& block);
  Status Divider(const Block& block);
  Status Image(const Block& block);
  Status Media(const Block& block);
  Status Bookmark(const Block& block);
  Status ChildPage(const Block& block);
  Status ChildDatabase(const Block& block);
  Status LinkToPage(const Block& block);
  Status Marker(const Block& block);
  Status Unsupported(const Block& block);
  std::string MediaLabel(const Block& block, std::string_view url);
  void MissingFile(const Block& block);

  RenderContext& context_;
  MarkdownWriter& writer_;
};

}  // namespace sluice::notion
