// The frontier: items discovered and not finished, as a table. A finished item leaves no row, so
// what is left in the table is exactly what is left to do.
//
// Not thread-safe: the commit thread's, inside its transaction. Throws SQLite::Exception; a row
// that fails its checksum throws DamagedRow.
#pragma once

#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <unordered_set>
#include <vector>

#include "storage/database.h"
#include "storage/records.h"

namespace sluice {

struct DamagedRow : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Frontier {
 public:
  // What is open, kept in memory and counted from the table when it is opened.
  struct Counts {
    std::int64_t listing = 0;    // queued requests of the listing
    std::int64_t requests = 0;   // queued requests, listing included
    std::int64_t documents = 0;  // queued documents
    std::int64_t failed = 0;     // items of either kind that gave up

    std::int64_t queued() const { return requests + documents; }
    bool operator==(const Counts&) const = default;
  };

  enum class Repeat {
    kOnce,   // a request that was asked in this generation is not asked again
    kAgain,  // ask again: its stored response is gone
  };

  explicit Frontier(Database& database);

  const Counts& counts() const { return counts_; }
  // The counts as the table has them; they must equal counts().
  Counts CountTable();

  // False: it was asked before in this generation and is not added.
  bool AddRequest(const Request& request, Repeat repeat);
  void AddDocument(const DocumentId& document);

  enum class Which { kAll, kDocuments };

  // The next `count` items that may run, by priority; each is handed out once until it comes back
  // through one of the calls below. `now_ms` makes those due whose time has come.
  std::vector<FrontierItem> Take(std::size_t count, WallMs now_ms, Which which = Which::kAll);
  // When the earliest waiting item becomes due; 0: none waits.
  WallMs NextDue();
  // What waits becomes due so much sooner.
  void Hasten(std::chrono::milliseconds by);

  void Finish(const FrontierItem& item);
  void Retry(const FrontierItem& item, const Failure& failure, int next_attempt,
             WallMs not_before_ms);
  void Fail(const FrontierItem& item, const Failure& failure);
  void Return(const FrontierItem& item);

  // Failed items become queued again, first attempt, now. Returns the documents that they belong
  // to, one entry an item.
  std::vector<DocumentId> RequeueFailed();
  // Documents that could not be rendered are no longer to be.
  void DropFailedDocuments();
  // Empties the frontier and forgets what was asked: a generation ends.
  void Clear();

 private:
  void Insert(ItemKind kind, int priority, const Request& request);
  void Count(ItemKind kind, bool listing, std::int64_t by);
  FrontierItem Load(std::int64_t seq);

  std::int64_t next_seq_ = 1;
  Counts counts_;
  std::unordered_set<std::int64_t> taken_;

  Database& database_;
  Statement insert_;
  Statement see_;
  Statement ready_;
  Statement load_;
  Statement make_due_;
  Statement next_due_;
  Statement erase_;
  Statement retry_;
  Statement fail_;
};

}  // namespace sluice
