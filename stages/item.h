// An item on its walk through the graph, left to right: each stage fills its part and reads those
// of the stages before it. One thread has it at a time.
#pragma once

#include <memory>
#include <optional>

#include "stages/fetch.h"
#include "storage/records.h"

namespace sluice {

struct Item {
  FrontierItem work;         // list: what is to be done
  std::int64_t charged = 0;  // list: bytes of the memory budget

  std::optional<StoredResponse> stored;  // lookup: the answer, when the cache has it
  std::optional<StoredResponse> stale;   // lookup: an old answer that the server may confirm
  std::optional<FetchResult> fetched;    // fetch: the answer, or why there is none

  CommitRecord record;         // transform: what is to be committed
  std::optional<Fatal> fatal;  // transform: this ends the run
};

// The graph copies messages; the item itself stays where it is.
using ItemPtr = std::shared_ptr<Item>;

}  // namespace sluice
