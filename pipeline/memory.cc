#include "pipeline/memory.h"

#include <malloc.h>
#include <unistd.h>

#include <fstream>

namespace sluice {

namespace {

// What is larger comes from the kernel and goes back to it when it is freed. Left to itself glibc
// raises this to the size of the first such piece that is freed, and from then on answers of a
// listing (240 KB each) lie in the heap and leave holes: 43 MB at the peak of 3,000 pages instead
// of 39, for the same CPU time.
constexpr int kFromKernelBytes = 256 * 1024;

}  // namespace

// There is no other thread yet.
void BoundAllocator() {
  mallopt(M_ARENA_MAX, 2);                      // NOLINT(concurrency-mt-unsafe)
  mallopt(M_MMAP_THRESHOLD, kFromKernelBytes);  // NOLINT(concurrency-mt-unsafe)
}

std::int64_t ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  std::int64_t total = 0;
  std::int64_t resident = 0;
  if (!(statm >> total >> resident)) return 0;
  return resident * sysconf(_SC_PAGESIZE);
}

}  // namespace sluice
