// What the process asks of the allocator, and what it takes.
#pragma once

#include <cstdint>

namespace sluice {

// Bounds glibc's arenas: with the default of 8 per core every thread keeps freed pages of its own;
// two arenas held peak memory at 50 MB where other allocators took 64 to 177. Call first in main().
void BoundAllocator();

// Resident memory of this process in bytes, from /proc/self/statm; 0 where that is not to be had.
std::int64_t ResidentBytes();

}  // namespace sluice
