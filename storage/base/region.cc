#include "storage/base/region.h"

#include <sys/mman.h>

#include <new>

namespace sluice {
namespace {

std::byte* Map(std::size_t bytes) {
  if (bytes == 0) return nullptr;
  void* const pages =
      mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED) throw std::bad_alloc();
  return static_cast<std::byte*>(pages);
}

}  // namespace

Region::Region(std::size_t bytes) : bytes_(bytes), data_(Map(bytes)) {}

Region::~Region() {
  if (data_ != nullptr) munmap(data_, bytes_);
}

}  // namespace sluice
