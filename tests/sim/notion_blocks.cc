#include "tests/sim/notion_blocks.h"

#include <algorithm>
#include <array>

namespace sluice::sim {
namespace {

// Top-level slots of the blocks that hold nested subpages; content never gets that far.
constexpr std::uint32_t kToggleSlot = 0xfffffe;
constexpr std::uint32_t kColumnsSlot = 0xfffffd;
// A path has room for 255 blocks on its first level and 31 on each of five more.
constexpr std::uint32_t kLevelsMax = 7;

constexpr std::array<std::string_view, 33> kTypeNames = {"paragraph",
                                                         "heading_1",
                                                         "heading_2",
                                                         "heading_3",
                                                         "bulleted_list_item",
                                                         "numbered_list_item",
                                                         "to_do",
                                                         "toggle",
                                                         "quote",
                                                         "callout",
                                                         "code",
                                                         "equation",
                                                         "divider",
                                                         "breadcrumb",
                                                         "table_of_contents",
                                                         "table",
                                                         "table_row",
                                                         "column_list",
                                                         "column",
                                                         "synced_block",
                                                         "synced_block",
                                                         "template",
                                                         "bookmark",
                                                         "embed",
                                                         "link_preview",
                                                         "image",
                                                         "video",
                                                         "audio",
                                                         "pdf",
                                                         "file",
                                                         "link_to_page",
                                                         "child_database",
                                                         "unsupported"};

// How often each type is drawn, in thousandths; what is left over are paragraphs.
struct Share {
  BlockType type;
  std::uint32_t permille;
};
constexpr std::array kShares = {
    Share{BlockType::kHeading1, 25},  Share{BlockType::kHeading2, 50},
    Share{BlockType::kHeading3, 40},  Share{BlockType::kBulleted, 140},
    Share{BlockType::kNumbered, 90},  Share{BlockType::kToDo, 60},
    Share{BlockType::kToggle, 30},    Share{BlockType::kQuote, 30},
    Share{BlockType::kCallout, 25},   Share{BlockType::kCode, 40},
    Share{BlockType::kEquation, 15},  Share{BlockType::kDivider, 25},
    Share{BlockType::kBreadcrumb, 3}, Share{BlockType::kTableOfContents, 4},
    Share{BlockType::kTable, 12},     Share{BlockType::kColumnList, 8},
    Share{BlockType::kSynced, 6},     Share{BlockType::kSyncedCopy, 5},
    Share{BlockType::kTemplate, 2},   Share{BlockType::kBookmark, 15},
    Share{BlockType::kEmbed, 6},      Share{BlockType::kLinkPreview, 4},
    Share{BlockType::kImage, 25},     Share{BlockType::kVideo, 4},
    Share{BlockType::kAudio, 3},      Share{BlockType::kPdf, 4},
    Share{BlockType::kFile, 6},       Share{BlockType::kLinkToPage, 8},
    Share{BlockType::kLinkedView, 2}, Share{BlockType::kUnsupported, 3}};

int PathShift(std::uint32_t level) {
  return level == 1 ? 0 : 8 + 5 * (static_cast<int>(level) - 2);
}
std::uint64_t PathMask(std::uint32_t level) { return level == 1 ? 255 : 31; }

}  // namespace

std::string_view BlockTypeName(BlockType type) { return kTypeNames[static_cast<int>(type)]; }

std::optional<BlockNode> Blocks::At(const Ref& ref) const {
  if (ref.kind != RefKind::kBlock || !world_.Exists(ref.owner)) return std::nullopt;
  const bool special = ref.top == kToggleSlot || ref.top == kColumnsSlot;
  if (!special && ref.top >= TopCount(ref.owner)) return std::nullopt;
  BlockNode node = Top(ref.owner, ref.top);
  if (special && BlockEntryCount(node) == 0) return std::nullopt;
  for (std::uint32_t level = 1; level < kLevelsMax; ++level) {
    const std::uint64_t step = ref.path >> PathShift(level) & PathMask(level);
    if (step == 0) break;
    if (step > node.children) return std::nullopt;
    node = Child(node, static_cast<std::uint32_t>(step - 1));
  }
  return node.ref == ref ? std::optional(node) : std::nullopt;
}

std::uint32_t Blocks::TopCount(PageIndex page) const {
  const WorldOptions& options = world_.options();
  if (world_.IsGiant(page)) return options.giant;
  const std::uint64_t hash = Mix(world_.PageHash(page), 0xb10c);
  const std::uint64_t draw = hash % 100;
  std::uint32_t count = 0;
  if (options.blocks >= 10 && draw == 5) {
    count = 250;  // three pages of a list
  } else if (options.blocks >= 10 && (draw == 6 || draw == 7)) {
    count = 100 + (hash >> 8) % 40;  // 100 exactly is the edge of a list
  } else if (draw >= 5) {
    // What the long pages (about 5 blocks a page) leave of the average, over 92 % of the pages.
    const std::uint32_t rest = options.blocks >= 10 ? options.blocks - 5 : options.blocks;
    count = static_cast<std::uint32_t>((hash >> 8) % (rest * 2 * 100 / 92 + 1));
  }
  return world_.Edited(page) ? std::max(count, 1u) : count;
}

BlockNode Blocks::Top(PageIndex page, std::uint32_t slot) const {
  BlockNode node{.ref = {.kind = RefKind::kBlock, .owner = page, .top = slot}};
  node.hash = Mix(world_.PageHash(page) ^ 0x70b, slot);
  if (slot == kToggleSlot || slot == kColumnsSlot) {
    node.type = slot == kToggleSlot ? BlockType::kToggle : BlockType::kColumnList;
    node.children = slot == kToggleSlot ? 1 : 2;
    node.children_hash = node.hash;
    if (SubpagesIn(page, slot == kToggleSlot ? World::Nesting::kToggle : World::Nesting::kColumn)
            .empty()) {
      node.children = 0;
    }
    return node;
  }
  // The first block of an edited page is the one that changed.
  if (slot == 0 && world_.Edited(page)) {
    node.hash = Mix(node.hash, 0xed17);
    return node;
  }
  Fill(node);
  return node;
}

BlockNode Blocks::Child(const BlockNode& parent, std::uint32_t index) const {
  BlockNode node{.ref = parent.ref, .level = parent.level + 1};
  node.ref.path |= static_cast<std::uint64_t>(index + 1) << PathShift(node.level);
  node.hash = Mix(parent.children_hash, index + 1);
  if (parent.type == BlockType::kTable) {
    node.type = BlockType::kTableRow;
    node.width = parent.width;
  } else if (parent.type == BlockType::kColumnList) {
    node.type = BlockType::kColumn;
    node.children_hash = node.hash;
    // The columns that hold subpages have one paragraph beside them.
    node.children = parent.ref.top == kColumnsSlot ? 1 : 1 + node.hash % 3;
  } else if (parent.ref.top < kColumnsSlot) {
    Fill(node);
  }
  return node;
}

void Blocks::Fill(BlockNode& node) const {
  node.type = DrawType(node.hash, node.level);
  node.children_hash = node.hash;
  node.children = DrawChildren(node);
  if (node.type == BlockType::kSyncedCopy) CopyOriginal(node);
  if (node.type == BlockType::kTable) node.width = 1 + (node.hash >> 40) % 5;
}

// A copy shows what the nearest original above it shows, under ids of its own. Where there is none
// the original is a block that was never shared with the integration.
void Blocks::CopyOriginal(BlockNode& copy) const {
  constexpr std::uint32_t kReach = 40;
  copy.source = {.kind = RefKind::kUnshared, .owner = copy.ref.owner, .top = copy.ref.top};
  if (copy.level != 0) return;
  for (std::uint32_t back = 1; back <= std::min(copy.ref.top, kReach); ++back) {
    const std::uint32_t slot = copy.ref.top - back;
    const std::uint64_t hash = Mix(world_.PageHash(copy.ref.owner) ^ 0x70b, slot);
    if (DrawType(hash, 0) != BlockType::kSynced) continue;
    const BlockNode original = Top(copy.ref.owner, slot);
    if (original.type != BlockType::kSynced) continue;
    copy.source = original.ref;
    copy.children_hash = original.children_hash;
    copy.children = original.children;
    return;
  }
}

BlockType Blocks::DrawType(std::uint64_t hash, std::uint32_t level) const {
  const std::uint32_t levels_below = world_.options().depth - 1 - level;
  std::uint64_t draw = Mix(hash, 0x7e) % 1000;
  for (const Share& share : kShares) {
    if (draw >= share.permille) {
      draw -= share.permille;
      continue;
    }
    const bool holds_blocks = share.type == BlockType::kTable || share.type == BlockType::kSynced ||
                              share.type == BlockType::kSyncedCopy ||
                              share.type == BlockType::kTemplate;
    if (holds_blocks && levels_below < 1) return BlockType::kParagraph;
    if (share.type == BlockType::kColumnList && levels_below < 2) return BlockType::kParagraph;
    return share.type;
  }
  return BlockType::kParagraph;
}

std::uint32_t Blocks::DrawChildren(const BlockNode& node) const {
  if (node.level + 1 >= world_.options().depth) return 0;
  const std::uint64_t draw = node.hash >> 16;
  const auto some = static_cast<std::uint32_t>(1 + (draw >> 20) % 4);
  switch (node.type) {
    case BlockType::kToggle:
      // Now and then more than one page of a list, below the top as well.
      return node.level == 0 && draw % 40 == 0 ? 120 : some;
    case BlockType::kSynced:
    case BlockType::kSyncedCopy:
    case BlockType::kTemplate:
      return some;
    case BlockType::kTable:
      return static_cast<std::uint32_t>(1 + (draw >> 20) % 12);
    case BlockType::kColumnList:
      return static_cast<std::uint32_t>(2 + (draw >> 20) % 2);
    case BlockType::kBulleted:
    case BlockType::kNumbered:
      return draw % 8 == 0 ? some : 0;
    case BlockType::kToDo:
    case BlockType::kQuote:
    case BlockType::kCallout:
      return draw % 6 == 0 ? some : 0;
    case BlockType::kHeading2:
      return draw % 12 == 0 ? some : 0;  // a toggleable heading
    case BlockType::kParagraph:
      return draw % 50 == 0 ? some : 0;
    default:
      return 0;
  }
}

std::vector<PageIndex> Blocks::SubpagesIn(PageIndex page, World::Nesting nesting) const {
  std::vector<PageIndex> subpages = world_.ChildrenOf(page);
  std::erase_if(subpages, [&](PageIndex child) { return world_.NestingOf(child) != nesting; });
  return subpages;
}

Ref Blocks::Holder(PageIndex page) const {
  const PageIndex parent = world_.ParentOf(page).value_or(0);
  if (world_.NestingOf(page) == World::Nesting::kToggle) {
    return {.kind = RefKind::kBlock, .owner = parent, .top = kToggleSlot};
  }
  return {.kind = RefKind::kBlock, .owner = parent, .top = kColumnsSlot, .path = 2};
}

std::vector<Entry> Blocks::SpecialEntries(PageIndex page) const {
  std::vector<Entry> entries;
  for (const PageIndex child : SubpagesIn(page, World::Nesting::kTop)) {
    entries.push_back(Entry::OfPage(child));
  }
  for (const std::uint32_t slot : {kToggleSlot, kColumnsSlot}) {
    const BlockNode holder = Top(page, slot);
    if (holder.children > 0) entries.push_back(Entry::OfBlock(holder));
  }
  for (const DatabaseIndex database : world_.DatabasesIn(page)) {
    entries.push_back(Entry::OfDatabase(database));
  }
  return entries;
}

std::uint32_t Blocks::PageEntryCount(PageIndex page) const {
  return TopCount(page) + static_cast<std::uint32_t>(SpecialEntries(page).size());
}

std::vector<Entry> Blocks::PageEntries(PageIndex page, std::uint32_t from,
                                       std::uint32_t count) const {
  const std::uint32_t content = TopCount(page);
  const std::vector<Entry> special = SpecialEntries(page);
  const std::uint32_t middle = content / 2;
  const auto total = static_cast<std::uint32_t>(content + special.size());
  std::vector<Entry> entries;
  for (std::uint32_t at = from; at < total && entries.size() < count; ++at) {
    if (at >= middle && at - middle < special.size()) {
      entries.push_back(special[at - middle]);
      continue;
    }
    const auto slot = at < middle ? at : static_cast<std::uint32_t>(at - special.size());
    entries.push_back(Entry::OfBlock(Top(page, slot)));
  }
  return entries;
}

std::uint32_t Blocks::BlockEntryCount(const BlockNode& block) const {
  std::size_t subpages = 0;
  if (block.ref.top == kToggleSlot && block.level == 0) {
    subpages = SubpagesIn(block.ref.owner, World::Nesting::kToggle).size();
  } else if (block.ref.top == kColumnsSlot && block.ref.path == 2) {
    subpages = SubpagesIn(block.ref.owner, World::Nesting::kColumn).size();
  }
  return block.children + static_cast<std::uint32_t>(subpages);
}

std::vector<Entry> Blocks::BlockEntries(const BlockNode& block, std::uint32_t from,
                                        std::uint32_t count) const {
  std::vector<Entry> entries;
  const std::uint32_t total = BlockEntryCount(block);
  std::vector<PageIndex> subpages;
  if (total > block.children) {
    subpages = SubpagesIn(block.ref.owner, block.ref.top == kToggleSlot ? World::Nesting::kToggle
                                                                        : World::Nesting::kColumn);
  }
  for (std::uint32_t at = from; at < total && entries.size() < count; ++at) {
    if (at < block.children) {
      entries.push_back(Entry::OfBlock(Child(block, at)));
    } else {
      entries.push_back(Entry::OfPage(subpages[at - block.children]));
    }
  }
  return entries;
}

}  // namespace sluice::sim
