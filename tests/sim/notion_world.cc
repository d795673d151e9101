#include "tests/sim/notion_world.h"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace sluice::sim {
namespace {

constexpr UnixMs kMinuteMs = 60'000;
constexpr UnixMs kFirstCreatedMs = 1'704'067'200'000;  // 2024-01-01
constexpr UnixMs kCreatedSpanMs = 366LL * 24 * 60 * kMinuteMs;
constexpr UnixMs kEditedAfterMs = 60LL * 24 * 60 * kMinuteMs;
constexpr UnixMs kFirstTouchMs = 1'756'684'800'000;  // 2025-09-01
constexpr std::uint32_t kFanOut = 8;

// What a file name, a Markdown link or a CSV cell may stumble over.
constexpr std::array kTitleOddities = {"Über Größe & Straße",
                                       "日本語のページ",
                                       "🚀 Launch 👩‍👩‍👧",
                                       "a/b\\c:d*e?f\"g<h>i|j",
                                       "[link](url) *bold* _it_ `code`",
                                       "  spaces around  ",
                                       ".hidden",
                                       "CON",
                                       "עברית ו-English",
                                       "Meeting notes",
                                       "",
                                       "line\nbreak\ttab",
                                       "e\u0301 decomposed",
                                       "# not a heading",
                                       "100% = 1,5 \"quoted\"",
                                       "../../etc/passwd"};
constexpr std::array kWords = {"time",    "plan",       "water",      "Straße",  "review", "data",
                               "launch",  "the",        "and",        "with",    "größer", "naïve",
                               "budget",  "weekly",     "日本",       "notes",   "a_b",    "*star*",
                               "x<y",     "tea & cake", "quarter",    "draft",   "[x]",    "1.",
                               "project", "meeting",    "owner",      "because", "under",  "garden",
                               "river",   "`tick`",     "emoji 🙂", "pipe|s",  "end"};

}  // namespace

World::World(const WorldOptions& options) : options_(options), ids_(Mix(options.seed, 0x1d)) {
  PlaceDatabases();
  ChooseEdits();
  ChooseDeletions();
}

bool World::IsRow(PageIndex page) const {
  return options_.databases > 0 && page < options_.pages && page % kRowEvery == kRowEvery - 1;
}

bool World::Listed(PageIndex page) const {
  if (IsRow(page) || IsGiant(page) || !ParentOf(page)) return true;
  // The first page below the roots, so that a workspace of 100 pages has one for sure.
  if (options_.pages >= 100 && PlainRank(page) == RootCount()) return false;
  return Mix(PageHash(page), 0x115) % 160 != 0;
}

std::uint32_t World::RowSlots(DatabaseIndex database) const {
  const std::uint32_t rows = options_.pages / kRowEvery;
  return rows / options_.databases + (database < rows % options_.databases ? 1 : 0);
}

PageIndex World::RowAt(DatabaseIndex database, std::uint32_t slot) const {
  return kRowEvery * (database + options_.databases * slot) + kRowEvery - 1;
}

std::uint32_t World::PlainCount() const {
  return options_.databases == 0 ? options_.pages : options_.pages - options_.pages / kRowEvery;
}

std::uint32_t World::PlainRank(PageIndex page) const {
  return options_.databases == 0 ? page : page - page / kRowEvery;
}

PageIndex World::PlainAt(std::uint32_t rank) const {
  return options_.databases == 0 ? rank : rank + rank / (kRowEvery - 1);
}

std::uint32_t World::RootCount() const { return std::min(PlainCount(), 2 + PlainCount() / 200); }

// Eight consecutive pages share two possible parents; a hash decides which, so that some pages
// have no children and some have eight.
std::uint32_t World::ParentRank(std::uint32_t rank) const {
  return 2 * ((rank - RootCount()) / kFanOut) +
         static_cast<std::uint32_t>(Mix(options_.seed ^ 0xfa, rank) & 1);
}

std::optional<PageIndex> World::ParentOf(PageIndex page) const {
  if (IsGiant(page) || PlainRank(page) < RootCount()) return std::nullopt;
  return PlainAt(ParentRank(PlainRank(page)));
}

std::vector<PageIndex> World::ChildrenOf(PageIndex page) const {
  std::vector<PageIndex> children;
  if (IsRow(page) || IsGiant(page)) return children;
  const std::uint32_t rank = PlainRank(page);
  const std::uint64_t first = RootCount() + static_cast<std::uint64_t>(rank / 2) * kFanOut;
  for (std::uint64_t child = first; child < std::min<std::uint64_t>(first + kFanOut, PlainCount());
       ++child) {
    const auto child_rank = static_cast<std::uint32_t>(child);
    if (ParentRank(child_rank) == rank && Exists(PlainAt(child_rank))) {
      children.push_back(PlainAt(child_rank));
    }
  }
  return children;
}

bool World::HasChildren(PageIndex page) const {
  return !ChildrenOf(page).empty() || !DatabasesIn(page).empty();
}

World::Nesting World::NestingOf(PageIndex page) const {
  const std::uint64_t draw = Mix(PageHash(page), 0x4e57) % 8;
  if (draw == 0 && options_.depth >= 2) return Nesting::kToggle;
  if (draw == 1 && options_.depth >= 3) return Nesting::kColumn;
  return Nesting::kTop;
}

void World::PlaceDatabases() {
  for (DatabaseIndex database = 0; database < options_.databases; ++database) {
    if (const auto parent = DatabaseParent(database)) databases_in_[*parent].push_back(database);
  }
}

std::optional<PageIndex> World::DatabaseParent(DatabaseIndex database) const {
  if (database % 3 == 2 || PlainCount() == 0) return std::nullopt;
  const std::uint64_t hash = Mix(options_.seed ^ 0xdb, database);
  return PlainAt(static_cast<std::uint32_t>(hash % PlainCount()));
}

const std::vector<DatabaseIndex>& World::DatabasesIn(PageIndex page) const {
  static const std::vector<DatabaseIndex> kNone;
  const auto found = databases_in_.find(page);
  return found == databases_in_.end() ? kNone : found->second;
}

UnixMs World::CreatedMs(PageIndex page) const {
  const UnixMs offset = kCreatedSpanMs / std::max<UnixMs>(PageCount(), 1) * page;
  return kFirstCreatedMs + offset / kMinuteMs * kMinuteMs;
}

UnixMs World::EditedMs(PageIndex page) const {
  const auto touched = touched_ms_.find(page);
  return touched != touched_ms_.end() ? touched->second : CreatedMs(page) + kEditedAfterMs;
}

// Databases are older than every page, so that a list by last edit has them in one place.
UnixMs World::DatabaseMs(DatabaseIndex database) const {
  return kFirstCreatedMs - kEditedAfterMs + database * kMinuteMs;
}

void World::Touch(PageIndex page) {
  if (touched_ms_.contains(page)) std::erase(touched_, page);
  touched_ms_[page] = kFirstTouchMs + touches_++ * kMinuteMs;
  touched_.push_back(page);
}

// Edits and deletions draw from halves of the workspace that do not meet, so that either number
// can change without moving the other's pages.
void World::ChooseEdits() {
  for (std::uint64_t draw = 0; edited_ms_.size() < options_.edits; ++draw) {
    if (draw > 64ull * options_.pages + 64) {
      throw std::invalid_argument("--edit " + std::to_string(options_.edits) +
                                  ": the workspace has too few pages; ask for at most " +
                                  std::to_string(edited_ms_.size()));
    }
    const auto page = static_cast<PageIndex>(Mix(options_.seed ^ 0xed17, draw) % options_.pages);
    if (PageHash(page) >> 63 != 0 || edited_ms_.contains(page)) continue;
    Touch(page);
    edited_ms_.emplace(page, touched_ms_.at(page));
  }
}

void World::ChooseDeletions() {
  std::vector<PageIndex> parents;
  for (std::uint64_t draw = 0; deleted_.size() < options_.deletions; ++draw) {
    if (draw > 64ull * options_.pages + 64) {
      throw std::invalid_argument("--delete " + std::to_string(options_.deletions) +
                                  ": the workspace has too few leaf pages; ask for at most " +
                                  std::to_string(deleted_.size()));
    }
    const auto page = static_cast<PageIndex>(Mix(options_.seed ^ 0xde1e, draw) % options_.pages);
    if (PageHash(page) >> 63 == 0 || !Listed(page) || deleted_.contains(page)) continue;
    if (!IsRow(page) && HasChildren(page)) continue;
    deleted_.insert(page);
    if (const auto parent = IsRow(page) ? std::nullopt : ParentOf(page)) parents.push_back(*parent);
  }
  // Losing a subpage changes its parent's content, and so its revision.
  for (const PageIndex parent : parents) {
    if (Exists(parent)) Touch(parent);
  }
}

std::string World::Title(PageIndex page) const {
  if (IsGiant(page)) return "Giant";
  const std::uint64_t hash = Mix(PageHash(page), 0x717e);
  std::string title;
  if (hash % 100 < 12) {
    title = kTitleOddities[(hash >> 8) % kTitleOddities.size()];
  } else if (hash % 400 == 12) {
    title = Words(hash, 90);
  } else {
    title = Words(hash, 1 + (hash >> 8) % 4) + " " + std::to_string(page);
  }
  const auto edited = edited_ms_.find(page);
  // Every third edited page has a new name as well.
  if (edited != edited_ms_.end() && hash % 3 == 0) title += " (renamed)";
  return title;
}

std::string World::DatabaseTitle(DatabaseIndex database) const {
  return database == 1 ? "Tasks / Überblick: \"2025\"" : "Database " + std::to_string(database);
}

std::optional<std::string> World::UserName(std::uint32_t user) const {
  if (user == kBot) return "Simulator";
  if (user % 20 == 7) return std::nullopt;
  if (user % 20 == 9) return "Zoë \"Z\" O'Neil [" + std::to_string(user) + "]";
  return "User " + std::to_string(user);
}

std::string World::Words(std::uint64_t hash, int count) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    if (i > 0) text += ' ';
    text += kWords[Mix(hash, i) % kWords.size()];
  }
  return text;
}

}  // namespace sluice::sim
