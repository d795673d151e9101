#include "storage/collections.h"

#include <fmt/format.h>

#include <algorithm>

#include "storage/base/check.h"
#include "storage/base/cursor_order.h"
#include "storage/frontier.h"

namespace sluice {
namespace {

std::string NameOf(Disposition disposition) {
  switch (disposition) {
    case Disposition::kReplace:
      return "replace";
    case Disposition::kMerge:
      return "merge";
    case Disposition::kAppend:
      return "append";
  }
  return "replace";
}

Disposition ParseDisposition(std::string_view name) {
  if (name == "merge") return Disposition::kMerge;
  if (name == "append") return Disposition::kAppend;
  return Disposition::kReplace;
}

template <class Collection>
std::int64_t ChecksumOf(const Collection& c) {
  return Checksum(fmt::format("{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}", c.id, NameOf(c.disposition),
                              static_cast<int>(c.order), c.definition, c.rows, c.cursor,
                              c.cursor_seen, c.is_short));
}

}  // namespace

std::int64_t RowChecksum(std::string_view position, std::string_view key, std::string_view body) {
  std::string bytes;
  bytes.reserve(position.size() + key.size() + body.size() + 2);
  bytes.append(position).push_back('\0');
  bytes.append(key).push_back('\0');
  bytes.append(body);
  return Checksum(bytes);
}

Collections::Collections(Database& database)
    : database_(database),
      find_(database, R"sql(
        SELECT collection, id, disposition, sorted, definition, rows, cursor, cursor_seen, short,
               checksum
          FROM collections WHERE id = ?)sql"),
      create_(database, R"sql(
        INSERT INTO collections(id, disposition, sorted, definition, rows, cursor, cursor_seen,
                                short, checksum)
        VALUES(?, '', 0, '', 0, '', '', 0, 0) RETURNING collection)sql"),
      save_(database, R"sql(
        UPDATE collections SET disposition = ?, sorted = ?, definition = ?, rows = ?, cursor = ?,
                               cursor_seen = ?, short = ?, checksum = ?
         WHERE collection = ?)sql"),
      erase_(database, "DELETE FROM collections WHERE collection = ?"),
      clear_rows_(database, "DELETE FROM rows WHERE collection = ?"),
      find_row_(database, R"sql(
        SELECT row, position, generation, seen_at, checksum
          FROM rows WHERE collection = ? AND key = ? AND key <> '')sql"),
      insert_row_(database, R"sql(
        INSERT INTO rows(collection, position, key, generation, seen_at, checksum, body)
        VALUES(?, ?, ?, ?, ?, ?, ?))sql"),
      update_row_(database, R"sql(
        UPDATE rows SET position = ?, generation = ?, seen_at = ?, checksum = ?, body = ?
         WHERE row = ?)sql"),
      delete_old_(database, "DELETE FROM rows WHERE collection = ? AND generation < ?"),
      // A list that shrinks while it is walked is not short: the least it declared is what counts.
      tally_(database, R"sql(
        INSERT INTO tallies(collection, list, declared, given) VALUES(?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET declared = min(declared, excluded.declared),
                                  given = given + excluded.given)sql"),
      short_lists_(database, R"sql(
        SELECT list, declared, given FROM tallies
         WHERE collection = ? AND given < declared ORDER BY list LIMIT ?)sql"),
      clear_tallies_(database, "DELETE FROM tallies WHERE collection = ?") {}

void Collections::BeginGeneration() {
  std::vector<std::string> ids;
  {
    Statement all(database_, "SELECT id FROM collections");
    auto run = all.Use();
    while (run.Next()) ids.push_back(run.Text(0));
  }
  for (const std::string& id : ids) {
    Collection& collection = *Load(DocumentId(id));
    collection.cursor_seen.clear();
    collection.is_short = false;
    Save(collection);
    clear_tallies_.Use().Bind(collection.number).Done();
  }
}

void Collections::EndGeneration() {
  std::vector<std::string> ids;
  {
    Statement unfinished(database_, R"sql(
      SELECT c.id FROM collections c JOIN documents d ON d.id = c.id
       WHERE d.state <> 'done' AND c.disposition <> 'replace')sql");
    auto run = unfinished.Use();
    while (run.Next()) ids.push_back(run.Text(0));
  }
  // A row that was there before keeps the place it had, which is not where it was seen now. With
  // sort keys a row with a key cannot be told from an older one, and need not be.
  Statement added(database_, R"sql(
    DELETE FROM rows WHERE collection = ? AND generation = ?
                       AND (key = '' OR ? AND position = seen_at))sql");
  for (const std::string& id : ids) {
    Collection& collection = *Load(DocumentId(id));
    const bool as_given = collection.order == CollectionSpec::Order::kAsGiven;
    const int gone =
        added.Use().Bind(collection.number).Bind(generation_).Bind(as_given ? 0 : 1).Done();
    if (gone == 0) continue;
    collection.rows -= gone;
    Save(collection);
  }
}

std::optional<LastRun::Collection> Collections::Find(const DocumentId& id) {
  const Collection* collection = Load(id);
  if (collection == nullptr) return std::nullopt;
  return LastRun::Collection{.definition = Revision(collection->definition),
                             .cursor = collection->cursor,
                             .rows = collection->rows};
}

void Collections::Declare(const DocumentId& id, const CollectionSpec& spec, Rows rows) {
  Collection* collection = Load(id);
  if (collection == nullptr) {
    auto run = create_.Use();
    run.Bind(id.value);
    SLUICE_CHECK(run.Next());
    collection = &loaded_[id.value];
    collection->number = run.Int(0);
    collection->id = id.value;
  } else if (rows == Rows::kForget || collection->definition != spec.definition.value) {
    Clear(*collection);
  }
  collection->disposition = spec.disposition;
  collection->order = spec.order;
  collection->definition = spec.definition.value;
  Save(*collection);
}

bool Collections::Add(const DocumentId& id, const RowBatch& batch) {
  Collection* collection = Load(id);
  SLUICE_CHECK(collection != nullptr);
  bool changed = false;
  batch.rows.ForEach([&](const Row& row) {
    if (AddRow(*collection, row)) changed = true;
  });
  if (batch.declared) {
    tally_.Use()
        .Bind(collection->number)
        .Bind(batch.list)
        .Bind(*batch.declared)
        .Bind(batch.given)
        .Done();
  }
  const bool further = CursorLess(collection->cursor_seen, batch.cursor);
  if (further) collection->cursor_seen = batch.cursor;
  if (further || changed) Save(*collection);
  return changed;
}

bool Collections::AddRow(Collection& collection, const Row& row) {
  const auto old = FindRow(collection, row.key);
  if (old) return Merge(collection, *old, row);
  Insert(collection, row);
  return true;
}

std::optional<Collections::StoredRow> Collections::FindRow(const Collection& collection,
                                                           const std::string& key) {
  if (key.empty()) return std::nullopt;
  auto run = find_row_.Use();
  run.Bind(collection.number).Bind(key);
  if (!run.Next()) return std::nullopt;
  return StoredRow{.number = run.Int(0),
                   .position = std::string(run.Blob(1)),
                   .generation = run.Int(2),
                   .seen_at = std::string(run.Blob(3)),
                   .checksum = run.Int(4)};
}

void Collections::Insert(Collection& collection, const Row& row) {
  insert_row_.Use()
      .Bind(collection.number)
      .BindBlob(row.position)
      .Bind(row.key)
      .Bind(generation_)
      .BindBlob(row.position)
      .Bind(RowChecksum(row.position, row.key, row.body))
      .Bind(row.body)
      .Done();
  ++collection.rows;
}

// See the rules in the header.
bool Collections::Merge(const Collection& collection, const StoredRow& old, const Row& row) {
  const bool append = collection.disposition == Disposition::kAppend;
  const bool same_generation = old.generation == generation_;
  const bool later = old.seen_at < row.position;
  const bool counts = same_generation ? later != append : !append;
  std::string position = old.position;
  if (collection.order == CollectionSpec::Order::kAsGiven) {
    if (counts) position = row.position;
  } else if (collection.disposition == Disposition::kReplace && !same_generation) {
    position = row.position;
  } else if (!append || same_generation) {
    position = std::min(old.position, row.position);
  }
  if (!counts && position == old.position) return false;
  if (!counts) {
    // Only its place is better: the body stays, and the checksum has to be made from it.
    Statement body(database_, "SELECT body FROM rows WHERE row = ?");
    auto run = body.Use();
    run.Bind(old.number);
    SLUICE_CHECK(run.Next());
    const std::string kept = run.Text(0);
    update_row_.Use()
        .BindBlob(position)
        .Bind(generation_)
        .BindBlob(old.seen_at)
        .Bind(RowChecksum(position, row.key, kept))
        .Bind(kept)
        .Bind(old.number)
        .Done();
    return true;
  }
  const std::int64_t checksum = RowChecksum(position, row.key, row.body);
  update_row_.Use()
      .BindBlob(position)
      .Bind(generation_)
      .BindBlob(row.position)
      .Bind(checksum)
      .Bind(row.body)
      .Bind(old.number)
      .Done();
  return checksum != old.checksum;
}

Collections::Completion Collections::Complete(const DocumentId& id) {
  constexpr int kShortListsNamed = 100;
  Completion completion;
  Collection* collection = Load(id);
  if (collection == nullptr) return completion;
  {
    auto run = short_lists_.Use();
    run.Bind(collection->number).Bind(kShortListsNamed);
    while (run.Next()) {
      const std::string list = run.Text(0);
      completion.shortfalls.push_back(fmt::format("{}{}{}: the API declares {} records and gave {}",
                                                  id.value, list.empty() ? "" : ", ", list,
                                                  run.Int(1), run.Int(2)));
    }
  }
  clear_tallies_.Use().Bind(collection->number).Done();
  completion.whole = completion.shortfalls.empty() && !collection->is_short;
  if (!completion.whole) return completion;
  if (collection->disposition == Disposition::kReplace) {
    const int gone = delete_old_.Use().Bind(collection->number).Bind(generation_).Done();
    collection->rows -= gone;
    completion.changed = gone > 0;
  }
  if (CursorLess(collection->cursor, collection->cursor_seen)) {
    collection->cursor = collection->cursor_seen;
  }
  Save(*collection);
  return completion;
}

void Collections::MarkShort(const DocumentId& id) {
  Collection* collection = Load(id);
  if (collection == nullptr || collection->is_short) return;
  collection->is_short = true;
  Save(*collection);
}

void Collections::Remove(const DocumentId& id) {
  Collection* collection = Load(id);
  if (collection == nullptr) return;
  Clear(*collection);
  erase_.Use().Bind(collection->number).Done();
  loaded_.erase(id.value);
}

bool Collections::Reset(const DocumentId& id) {
  Collection* collection = Load(id);
  if (collection == nullptr) return false;
  Clear(*collection);
  Save(*collection);
  return true;
}

void Collections::Clear(Collection& collection) {
  clear_rows_.Use().Bind(collection.number).Done();
  clear_tallies_.Use().Bind(collection.number).Done();
  collection.rows = 0;
  collection.cursor.clear();
  collection.cursor_seen.clear();
}

Collections::Collection* Collections::Load(const DocumentId& id) {
  const auto known = loaded_.find(id.value);
  if (known != loaded_.end()) return &known->second;
  auto run = find_.Use();
  run.Bind(id.value);
  if (!run.Next()) return nullptr;
  Collection collection{.number = run.Int(0),
                        .id = run.Text(1),
                        .disposition = ParseDisposition(run.Text(2)),
                        .order = run.Int(3) != 0 ? CollectionSpec::Order::kAsGiven
                                                 : CollectionSpec::Order::kFirstSeen,
                        .definition = run.Text(4),
                        .rows = run.Int(5),
                        .cursor = run.Text(6),
                        .cursor_seen = run.Text(7),
                        .is_short = run.Int(8) != 0};
  if (ChecksumOf(collection) != run.Int(9)) {
    throw DamagedRow(fmt::format("collection '{}' is damaged", collection.id));
  }
  return &loaded_.emplace(id.value, std::move(collection)).first->second;
}

void Collections::Save(const Collection& collection) {
  const std::string disposition = NameOf(collection.disposition);
  save_.Use()
      .Bind(disposition)
      .Bind(collection.order == CollectionSpec::Order::kAsGiven ? 1 : 0)
      .Bind(collection.definition)
      .Bind(collection.rows)
      .Bind(collection.cursor)
      .Bind(collection.cursor_seen)
      .Bind(collection.is_short ? 1 : 0)
      .Bind(ChecksumOf(collection))
      .Bind(collection.number)
      .Done();
}

}  // namespace sluice
