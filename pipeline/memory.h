// What the process asks of the allocator.
#pragma once

namespace sluice {

// Bounds glibc's arenas: with the default of 8 per core every thread keeps freed pages of its own;
// two arenas held peak memory at 50 MB where other allocators took 64 to 177. Call first in main().
void BoundAllocator();

}  // namespace sluice
