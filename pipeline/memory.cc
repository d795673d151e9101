#include "pipeline/memory.h"

#include <malloc.h>

namespace sluice {

// There is no other thread yet.
void BoundAllocator() { mallopt(M_ARENA_MAX, 2); }  // NOLINT(concurrency-mt-unsafe)

}  // namespace sluice
