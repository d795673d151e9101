// Where documents lie: the path of each follows from its name and its parents, and is settled when
// theirs are. And the ends: of the listing, and of discovery.
#include <fmt/format.h>

#include <deque>
#include <unordered_set>

#include "storage/base/check.h"
#include "storage/document_row.h"

namespace sluice {
namespace {

// Beyond this a path is of no use to most tools (PATH_MAX is 4096, and the output folder takes its
// share), so the document is placed at the top; its name holds its id, so it stays unique.
constexpr std::size_t kStemBytesMax = 2048;

// A parent chain longer than this is a loop that the source should not have; it is cut.
constexpr int kAncestorsMax = 256;

}  // namespace

// The path without extension, or nothing where the document has none. `settled` says whether that
// is final as far as is known.
std::optional<std::string> Documents::StemOf(Row& row, bool& settled) {
  settled = true;
  if (!row.known) {
    settled = discovery_ended_ || row.state == kMissing || row.state == kFailed;
    return std::nullopt;
  }
  if (row.name.empty()) return std::nullopt;
  if (row.place == kTop) return row.name;
  std::optional<Row> parent;
  if (row.place == kUnder) {
    parent = Find(DocumentId(row.parent));
    if (!parent) parent = FindByAlias(DocumentId(row.parent));
  }
  if (parent && parent->settled) {
    if (!parent->stem) return row.name;  // the parent is out of reach
    std::string stem = *parent->stem + "/" + row.name;
    return stem.size() > kStemBytesMax ? row.name : stem;
  }
  settled = discovery_ended_;
  return settled ? std::optional(row.name) : std::nullopt;
}

// Computes the path; tells whoever mentions the document when path or state of knowledge changed.
void Documents::Settle(Row& row) {
  bool settled = false;
  const auto stem = StemOf(row, settled);
  const bool newly_settled = settled && !row.settled;
  const bool moved = row.stem != stem;
  row.stem = stem;
  row.settled = settled;
  if (moved && settled) {
    ++row.epoch;
    if (row.state == kDone && !row.extension.empty()) BecomeReady(row);
  }
  if (newly_settled && row.state == kWaiting && row.waiting_for > 0) --row.waiting_for;
  Save(row);
  if (row.state == kWaiting && row.waiting_for == 0) BecomeReady(row);
  if (settled) NotifyMentioning(row, newly_settled);
}

// Settles the document and, as far as their paths follow from it, everything under it. `id` may be
// a document whose own parents are not settled yet; then those come first.
void Documents::SettleTree(std::string id) {
  if (discovery_ended_) {
    // Climb to the highest unsettled ancestor, so that no child is placed before its parent.
    std::unordered_set<std::string> climbed;
    for (int i = 0; i < kAncestorsMax; ++i) {
      const auto row = Find(DocumentId(id));
      if (!row || row->place != kUnder || !climbed.insert(id).second) break;
      auto parent = Find(DocumentId(row->parent));
      if (!parent) parent = FindByAlias(DocumentId(row->parent));
      if (!parent || parent->settled) break;
      id = parent->id;
    }
  }
  std::deque<std::string> queue{std::move(id)};
  std::unordered_set<std::string> visited;
  while (!queue.empty()) {
    const std::string next = std::move(queue.front());
    queue.pop_front();
    if (!visited.insert(next).second) continue;
    auto row = Find(DocumentId(next));
    if (!row) continue;
    Settle(*row);
    if (!row->settled) continue;
    for (const std::string& name : NamesOf(row->id)) {
      auto run = children_.Use();
      run.Bind(name);
      while (run.Next()) queue.push_back(run.Text(0));
    }
  }
}

void Documents::NotifyMentioning(const Row& row, bool newly_settled) {
  const std::vector<std::string> names = NamesOf(row.id);
  if (newly_settled) {
    for (const std::string& name : names) one_less_.Use().Bind(name).Done();
  }
  for (const std::string& name : names) {
    std::string last;
    while (NotifyMentioning(name, last)) {
    }
  }
}

// The next few that mention `name`, after `last`; false: there was none. A page that everybody
// mentions would otherwise fill the memory with their ids.
bool Documents::NotifyMentioning(const std::string& name, std::string& last) {
  std::vector<std::string> affected;
  {
    auto run = mentioning_.Use();
    run.Bind(name).Bind(last);
    while (run.Next()) affected.push_back(run.Text(0));
  }
  for (const std::string& id : affected) {
    auto mentioning = Find(DocumentId(id));
    if (!mentioning) continue;
    if (mentioning->state == kWaiting) {
      BecomeReady(*mentioning);
    } else {
      MarkStale(id);
    }
  }
  if (!affected.empty()) last = affected.back();
  return !affected.empty();
}

std::vector<std::string> Documents::NamesOf(const std::string& id) {
  std::vector<std::string> names{id};
  auto run = names_.Use();
  run.Bind(id);
  while (run.Next()) names.push_back(run.Text(0));
  return names;
}

std::int64_t Documents::CountUnsettledMentions(const std::string& id) {
  if (discovery_ended_) return 0;
  auto run = count_unsettled_.Use();
  run.Bind(id);
  run.Next();
  return run.Int(0);
}

std::int64_t Documents::CountOpenParts(const std::string& id) {
  auto run = count_open_parts_.Use();
  run.Bind(id);
  run.Next();
  return run.Int(0);
}

// --- the ends of listing and discovery ----------------------------------------------------------

std::vector<DocumentRow> Documents::TakeUnlisted(int limit) {
  std::vector<std::string> ids;
  {
    Statement unlisted(database_, "SELECT id FROM documents WHERE state = 'unlisted' LIMIT ?");
    auto run = unlisted.Use();
    run.Bind(limit);
    while (run.Next()) ids.push_back(run.Text(0));
  }
  std::vector<DocumentRow> rows;
  for (const std::string& id : ids) {
    Row row = *Find(DocumentId(id));
    row.state = kAsked;
    SaveProgress(row);
    rows.push_back({.id = DocumentId(row.id),
                    .kind = row.kind,
                    .parent = DocumentId(row.parent),
                    .title = row.title,
                    .revision = Revision(row.revision),
                    .known = row.known,
                    .optional = row.optional});
  }
  return rows;
}

void Documents::Ask(const DocumentId& document, const std::vector<Request>& requests) {
  for (Request request : requests) {
    request.document = document;
    AddRequest(request, Frontier::Repeat::kOnce);
  }
  auto row = Find(document);
  if (row && row->open_requests == 0) Completed(*row);
}

namespace {
constexpr const char* kUnseen =
    "generation < ? AND known AND state <> 'asked'"
    " AND (extension <> '' OR id IN (SELECT id FROM collections))";
}

// What no listing ever gave cannot vanish from one; it is asked for each time and counts here only
// as found or gone.
std::int64_t Documents::CountVanished() {
  Statement count(
      database_,
      fmt::format("SELECT count(*) FROM documents WHERE {} AND listed", kUnseen).c_str());
  auto run = count.Use();
  run.Bind(generation_);
  run.Next();
  return run.Int(0);
}

std::int64_t Documents::CountKnown() {
  Statement count(database_, "SELECT count(*) FROM documents WHERE known AND extension <> ''");
  auto run = count.Use();
  run.Next();
  return run.Int(0);
}

bool Documents::AskForUnseen(Unseen which) {
  const bool unfinished = AskForUnfinished();
  const char* never_listed = which == Unseen::kNeverListed ? "AND NOT listed" : "";
  Statement ask(database_,
                fmt::format("UPDATE documents SET state = 'unlisted', optional = 1 WHERE {} {}",
                            kUnseen, never_listed)
                    .c_str());
  return ask.Use().Bind(generation_).Done() > 0 || unfinished;
}

// What an earlier generation did not finish has nothing to lose, so it is asked for even where too
// much has vanished. Its content is not what its revision says.
bool Documents::AskForUnfinished() {
  const std::string sql = fmt::format(
      "SELECT id FROM documents WHERE generation < {} AND known AND state = 'open'"
      " AND (extension <> '' OR id IN (SELECT id FROM collections)) LIMIT 2048",
      generation_);
  bool any = false;
  while (true) {
    const std::vector<std::string> ids = Ids(sql.c_str());
    for (const std::string& id : ids) {
      Row row = *Find(DocumentId(id));
      row.state = kUnlisted;
      row.optional = true;
      row.revision.clear();
      Save(row);
    }
    if (ids.empty()) return any;
    any = true;
  }
}

bool Documents::SettleRest() {
  discovery_ended_ = true;
  std::vector<std::string> ids = Ids("SELECT id FROM documents WHERE settled = 0 LIMIT 2048");
  for (const std::string& id : ids) {
    SettleTree(id);
    // A loop of parents has no highest; one of them is settled where it is.
    Row row = *Find(DocumentId(id));
    if (!row.settled) Settle(row);
    SLUICE_CHECK(row.settled);
  }
  if (!ids.empty()) return true;
  ids = Ids("SELECT id FROM documents WHERE state = 'waiting' AND extension <> '' LIMIT 2048");
  for (const std::string& id : ids) {
    Row row = *Find(DocumentId(id));
    BecomeReady(row);
  }
  return !ids.empty();
}

std::vector<std::string> Documents::Ids(const char* sql) {
  Statement select(database_, sql);
  std::vector<std::string> ids;
  auto run = select.Use();
  while (run.Next()) ids.push_back(run.Text(0));
  return ids;
}

}  // namespace sluice
