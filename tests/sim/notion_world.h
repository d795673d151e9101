// A generated Notion workspace that is a pure function of its options: who is whose child, what
// is called how, when it was edited. Pages are numbers; nothing is kept per page.
//
// Shape: every fifth page is a row of a database, the others form a tree (0 to 8 subpages each,
// some inside toggles and columns). Thread-safe: everything is const after construction.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "tests/sim/iso_time.h"
#include "tests/sim/notion_ids.h"

namespace sluice::sim {

struct WorldOptions {
  std::uint64_t seed = 1;
  std::uint32_t pages = 1000;
  std::uint32_t blocks = 30;  // average top-level blocks of a page
  std::uint32_t depth = 3;    // levels of blocks below a page, 1 to 7
  std::uint32_t databases = 5;
  std::uint32_t edits = 0;      // pages with a newer revision
  std::uint32_t deletions = 0;  // leaf pages that are gone
  std::uint32_t giant = 0;      // blocks of one extra page; 0: no such page
  std::uint32_t list_max = 0;   // entries of every answer to a list; 0: as many as were asked for
};

using PageIndex = std::uint32_t;
using DatabaseIndex = std::uint32_t;

class World {
 public:
  static constexpr std::uint32_t kUsers = 130;   // more than one page of a list
  static constexpr std::uint32_t kGuests = 3;    // the last ones: not in the list of users
  static constexpr std::uint32_t kBot = kUsers;  // the integration itself

  // Throws std::invalid_argument when the workspace has fewer pages to edit or delete than asked.
  explicit World(const WorldOptions& options);

  const WorldOptions& options() const { return options_; }
  const IdCodec& ids() const { return ids_; }
  // The root of everything random about a page.
  std::uint64_t PageHash(PageIndex page) const { return Mix(options_.seed, page); }

  std::uint32_t PageCount() const { return options_.pages + (options_.giant > 0 ? 1 : 0); }
  std::uint32_t DatabaseCount() const { return options_.databases; }
  bool IsGiant(PageIndex page) const { return page == options_.pages && options_.giant > 0; }
  bool Exists(PageIndex page) const { return page < PageCount() && !deleted_.contains(page); }
  // Unlisted pages are reachable through their parent, but search does not know them.
  bool Listed(PageIndex page) const;
  bool Edited(PageIndex page) const { return edited_ms_.contains(page); }

  bool IsRow(PageIndex page) const;
  DatabaseIndex DatabaseOf(PageIndex row) const { return (row / kRowEvery) % options_.databases; }
  std::uint32_t RowSlots(DatabaseIndex database) const;  // rows, the deleted ones included
  PageIndex RowAt(DatabaseIndex database, std::uint32_t slot) const;
  std::uint32_t RowSlot(PageIndex row) const { return row / kRowEvery / options_.databases; }

  // Where a page's child_page block stands in its parent.
  enum class Nesting { kTop, kToggle, kColumn };
  Nesting NestingOf(PageIndex page) const;
  // Of a page that is no row; nothing: it stands at the top of the workspace.
  std::optional<PageIndex> ParentOf(PageIndex page) const;
  std::vector<PageIndex> ChildrenOf(PageIndex page) const;  // existing ones
  // Nothing: the database stands at the top of the workspace.
  std::optional<PageIndex> DatabaseParent(DatabaseIndex database) const;
  const std::vector<DatabaseIndex>& DatabasesIn(PageIndex page) const;

  UnixMs CreatedMs(PageIndex page) const;
  UnixMs EditedMs(PageIndex page) const;
  UnixMs DatabaseMs(DatabaseIndex database) const;

  bool TouchedPage(PageIndex page) const { return touched_ms_.contains(page); }
  // The pages whose revision is newer than generated, oldest first.
  const std::vector<PageIndex>& Touched() const { return touched_; }

  std::string Title(PageIndex page) const;
  std::string DatabaseTitle(DatabaseIndex database) const;
  std::optional<std::string> UserName(std::uint32_t user) const;  // some have none
  // `count` words; some are not ASCII, some are Markdown syntax.
  static std::string Words(std::uint64_t hash, int count);

 private:
  static constexpr std::uint32_t kRowEvery = 5;

  std::uint32_t PlainCount() const;               // pages that are no rows
  std::uint32_t PlainRank(PageIndex page) const;  // their numbering without gaps
  PageIndex PlainAt(std::uint32_t rank) const;
  std::uint32_t RootCount() const;
  std::uint32_t ParentRank(std::uint32_t rank) const;
  bool HasChildren(PageIndex page) const;
  void ChooseDeletions();
  void ChooseEdits();
  void PlaceDatabases();
  void Touch(PageIndex page);

  WorldOptions options_;
  IdCodec ids_;
  std::unordered_set<PageIndex> deleted_;
  std::unordered_map<PageIndex, UnixMs> edited_ms_;   // by --edit
  std::unordered_map<PageIndex, UnixMs> touched_ms_;  // edited, or a child was deleted
  std::vector<PageIndex> touched_;
  UnixMs touches_ = 0;
  std::unordered_map<PageIndex, std::vector<DatabaseIndex>> databases_in_;
};

}  // namespace sluice::sim
