// Collections: the rows that lists gave, one table for all. What a REST resource or a section of a
// Trakt account is exported from.
//
// The rules:
//   - A row with a key takes the place of the row with that key; a row without one is added.
//   - Which of two rows with one key counts does not depend on the order in which answers arrive:
//     within a generation the one that stands later in the list (Row::position as it came), and a
//     row of this generation before one of an earlier.
//   - Where a row stands: CollectionSpec::Order.
//   - When a collection is complete, its cursor moves to the highest that was seen, and, where it
//     replaces, the rows that this generation did not give are deleted. Until then the old rows and
//     the old cursor stand, so a run that is given up has lost nothing.
//   - Rows that stay (merge, append), added by a generation that did not complete their collection,
//     go when the next one begins: it lists them again from the same cursor, and would put those
//     without a key there twice and the others in another order.
//   - A list that declared more rows than it gave is short; the run says so. A collection with a
//     short list keeps its old rows and its cursor: what is missing now may not be gone. The next
//     run asks for it again, whatever its revision is.
//
// Not thread-safe: the commit thread's, inside its transaction. Throws SQLite::Exception; a row of
// `collections` that fails its checksum throws DamagedRow.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "storage/database.h"
#include "storage/records.h"

namespace sluice {

class Collections {
 public:
  explicit Collections(Database& database);

  // REQUIRES: called before anything else, at the start of every run.
  void Begin(std::int64_t generation) { generation_ = generation; }
  // A new generation begins: what earlier ones saw without completing is no cursor to go on from.
  void BeginGeneration();
  // The generation that is there ends. REQUIRES: Documents::EndGeneration() was called.
  void EndGeneration();

  // The collection as it was left; nullopt: there is none.
  std::optional<LastRun::Collection> Find(const DocumentId& id);

  // Creates it, or says what is known of it anew. Another definition forgets rows and cursor, as
  // does `Rows::kForget`.
  enum class Rows { kKeep, kForget };
  void Declare(const DocumentId& id, const CollectionSpec& spec, Rows rows);

  // Adds what an answer gave. True: rows were added or have changed.
  bool Add(const DocumentId& id, const RowBatch& batch);

  // A list of it is provably short, for another reason than its declared length.
  void MarkShort(const DocumentId& id);

  // All its requests are done.
  struct Completion {
    bool changed = false;                 // rows were deleted
    bool whole = true;                    // no list was short
    std::vector<std::string> shortfalls;  // lists that gave fewer rows than they declared
  };
  Completion Complete(const DocumentId& id);

  // It is gone at the source.
  void Remove(const DocumentId& id);

  // Forgets the rows and the cursor, so that the next run asks for everything. False: unknown.
  bool Reset(const DocumentId& id);

 private:
  struct Collection {
    std::int64_t number = 0;
    std::string id;
    Disposition disposition = Disposition::kReplace;
    CollectionSpec::Order order = CollectionSpec::Order::kFirstSeen;
    std::string definition;
    std::int64_t rows = 0;
    std::string cursor;
    std::string cursor_seen;
    bool is_short = false;
  };

  struct StoredRow {
    std::int64_t number = 0;
    std::string position;
    std::int64_t generation = 0;
    std::string seen_at;
    std::int64_t checksum = 0;
  };

  // Null: there is none of that name.
  Collection* Load(const DocumentId& id);
  void Save(const Collection& collection);
  void Clear(Collection& collection);
  bool AddRow(Collection& collection, const Row& row);
  void Insert(Collection& collection, const Row& row);
  bool Merge(const Collection& collection, const StoredRow& old, const Row& row);
  std::optional<StoredRow> FindRow(const Collection& collection, const std::string& key);

  std::int64_t generation_ = 0;
  std::map<std::string, Collection, std::less<>> loaded_;  // one entry a resource of the job

  Database& database_;
  Statement find_;
  Statement create_;
  Statement save_;
  Statement erase_;
  Statement clear_rows_;
  Statement find_row_;
  Statement insert_row_;
  Statement update_row_;
  Statement delete_old_;
  Statement tally_;
  Statement short_lists_;
  Statement clear_tallies_;
};

// The checksum column of a row.
std::int64_t RowChecksum(std::string_view position, std::string_view key, std::string_view body);

}  // namespace sluice
