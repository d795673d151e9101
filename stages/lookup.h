// The lookup stage: asks the cache before the wire.
//
// Thread-safe: a const callable.
#pragma once

#include "stages/item.h"
#include "stages/reader_pool.h"
#include "storage/base/clock.h"

namespace sluice {

// Where an item goes next.
enum class Route {
  kMiss,  // to fetch
  kHit,   // to transform: the answer is stored, or the item is a document (it asks for nothing)
};

class Lookup {
 public:
  struct Options {
    bool enabled = true;                               // false: every request is a miss
    std::chrono::milliseconds ttl{24 * 3600'000};      // of answers that carry no revision
    std::chrono::milliseconds negative_ttl{3600'000};  // of refusals that carry no revision
  };

  // Borrows both; they must outlive it.
  Lookup(ReaderPool& readers, const Clock& clock, Options options);

  // Never fails: a state that cannot be read is a miss, and the commit will say why.
  Route operator()(Item& item) const;

 private:
  bool IsCurrent(const Request& request, const StoredResponse& stored) const;

  ReaderPool& readers_;
  const Clock& clock_;
  const Options options_;
};

}  // namespace sluice
