#include "pipeline/memory.h"

#include <malloc.h>
#include <unistd.h>

#include <fstream>

namespace sluice {

// There is no other thread yet.
void BoundAllocator() { mallopt(M_ARENA_MAX, 2); }  // NOLINT(concurrency-mt-unsafe)

std::int64_t ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  std::int64_t total = 0;
  std::int64_t resident = 0;
  if (!(statm >> total >> resident)) return 0;
  return resident * sysconf(_SC_PAGESIZE);
}

}  // namespace sluice
