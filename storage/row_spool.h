// The rows that one answer gave, on their way to the commit: in memory while they are few, in an
// unnamed file from kBodyInMemoryMax on.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "storage/body.h"

namespace sluice {

// One row of a collection.
struct Row {
  std::string key;       // what makes it the same when it comes again (JSON text of the primary
                         // key, so 1 and "1" differ); empty: every row is its own
  std::string position;  // where it stands: rows are read in the byte order of this. Unique in its
                         // collection once that is complete
  std::string body;      // its JSON, numbers as the API wrote them
};

// Filled by one thread, then finished, then read by one thread. A handle: copies are the same
// spool.
class RowSpool {
 public:
  RowSpool() : RowSpool(nullptr) {}
  // `spill`: see BodyWriter.
  explicit RowSpool(const SpillDir* spill);

  // A disk error is kept; Finish() tells it.
  void Add(const Row& row);
  std::size_t size() const;
  // No row is added after this. Code::kDisk: a row could not be written.
  Status Finish();
  // The rows in the order in which they were added. REQUIRES: Finish() succeeded.
  void ForEach(const std::function<void(const Row&)>& use) const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace sluice
