#include "pipeline/memory.h"

#include <malloc.h>

namespace sluice {

void BoundAllocator() { mallopt(M_ARENA_MAX, 2); }

}  // namespace sluice
