#include "stages/lookup.h"

#include <cstdlib>

namespace sluice {

Lookup::Lookup(ReaderPool& readers, const Clock& clock, Options options)
    : readers_(readers), clock_(clock), options_(options) {}

Route Lookup::operator()(Item& item) const {
  if (item.work.kind == ItemKind::kDocument) return Route::kHit;
  if (!options_.enabled) return Route::kMiss;
  auto reader = readers_.Borrow();
  if (!reader) return Route::kMiss;
  auto found = (**reader)->FindStored(item.work.request);
  if (!found || !*found) return Route::kMiss;
  StoredResponse& stored = **found;
  if (IsCurrent(item.work.request, stored)) {
    item.stored = std::move(stored);
    return Route::kHit;
  }
  const bool confirmable = !stored.etag.empty() || !stored.last_modified.empty();
  if (confirmable && !stored.negative()) item.stale = std::move(stored);
  return Route::kMiss;
}

bool Lookup::IsCurrent(const Request& request, const StoredResponse& stored) const {
  // A listing is asked to learn what has changed; a stored one cannot know.
  if (request.listing) return false;
  if (!request.revision.empty()) return stored.revision == request.revision;
  const auto ttl = stored.negative() ? options_.negative_ttl : options_.ttl;
  // What comes from the future was stored under a clock that was wrong: its age is unknown.
  return std::abs(clock_.WallNow() - stored.fetched_ms) <= ttl.count();
}

}  // namespace sluice
