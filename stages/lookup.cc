#include "stages/lookup.h"

namespace sluice {

Lookup::Lookup(ReaderPool& readers, const Clock& clock, Options options)
    : readers_(readers), clock_(clock), options_(options) {}

Route Lookup::operator()(Item& item) const {
  if (item.work.kind == ItemKind::kDocument) return Route::kHit;
  // A listing is asked to learn what has changed; a stored one cannot know.
  if (!options_.enabled || item.work.request.listing) return Route::kMiss;
  auto reader = readers_.Borrow();
  if (!reader) return Route::kMiss;
  auto found = (**reader)->FindResponse(item.work.request, clock_.WallNow() - options_.ttl.count());
  if (!found || !*found) return Route::kMiss;
  item.stored = std::move(**found);
  return Route::kHit;
}

}  // namespace sluice
