// The blocks of a generated page. A block is computed from its place (page, top-level slot, path
// below it), never looked up.
//
// Thread-safe: everything is const.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "tests/sim/notion_world.h"

namespace sluice::sim {

enum class BlockType : std::uint8_t {
  kParagraph,
  kHeading1,
  kHeading2,
  kHeading3,
  kBulleted,
  kNumbered,
  kToDo,
  kToggle,
  kQuote,
  kCallout,
  kCode,
  kEquation,
  kDivider,
  kBreadcrumb,
  kTableOfContents,
  kTable,
  kTableRow,
  kColumnList,
  kColumn,
  kSynced,
  kSyncedCopy,
  kTemplate,
  kBookmark,
  kEmbed,
  kLinkPreview,
  kImage,
  kVideo,
  kAudio,
  kPdf,
  kFile,
  kLinkToPage,
  kLinkedView,
  kUnsupported
};
// As the API spells it: "heading_1".
std::string_view BlockTypeName(BlockType type);

struct BlockNode {
  Ref ref;
  BlockType type{};
  std::uint64_t hash = 0;           // what its content is made of
  std::uint64_t children_hash = 0;  // what its children are made of
  std::uint32_t children = 0;       // generated ones, subpages not counted
  std::uint32_t level = 0;          // 0: top-level
  std::uint32_t width = 0;          // columns of a table
  Ref source;                       // of a synced copy: its original, which may be unreachable
};

// One entry of a list of children: a generated block, a subpage or a database.
struct Entry {
  enum class Kind { kBlock, kPage, kDatabase };
  Kind kind{};
  BlockNode block;
  std::uint32_t index = 0;  // of the page or the database

  static Entry OfBlock(const BlockNode& node) { return {Kind::kBlock, node, 0}; }
  static Entry OfPage(PageIndex page) { return {Kind::kPage, {}, page}; }
  static Entry OfDatabase(DatabaseIndex database) { return {Kind::kDatabase, {}, database}; }
};

class Blocks {
 public:
  explicit Blocks(const World& world) : world_(world) {}

  // Nothing when no block stands there.
  std::optional<BlockNode> At(const Ref& ref) const;
  // Up to `count` entries from position `from` on.
  std::vector<Entry> PageEntries(PageIndex page, std::uint32_t from, std::uint32_t count) const;
  std::uint32_t PageEntryCount(PageIndex page) const;
  std::vector<Entry> BlockEntries(const BlockNode& block, std::uint32_t from,
                                  std::uint32_t count) const;
  std::uint32_t BlockEntryCount(const BlockNode& block) const;
  // The block that holds a nested subpage's child_page block.
  Ref Holder(PageIndex page) const;

 private:
  std::uint32_t TopCount(PageIndex page) const;
  BlockNode Top(PageIndex page, std::uint32_t slot) const;
  BlockNode Child(const BlockNode& parent, std::uint32_t index) const;
  void Fill(BlockNode& node) const;
  void CopyOriginal(BlockNode& copy) const;
  BlockType DrawType(std::uint64_t hash, std::uint32_t level) const;
  std::uint32_t DrawChildren(const BlockNode& node) const;
  std::vector<PageIndex> SubpagesIn(PageIndex page, World::Nesting nesting) const;
  // Subpages, databases and the blocks that hold nested subpages.
  std::vector<Entry> SpecialEntries(PageIndex page) const;

  const World& world_;
};

}  // namespace sluice::sim
