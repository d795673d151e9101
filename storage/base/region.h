// A piece of memory of its own, straight from the kernel: no heap holds it, none grows with it, and
// its pages count as resident once they are written. Zero at first.
//
// Not copied, not moved. Owns: the pages.
#pragma once

#include <cstddef>

namespace sluice {

class Region {
 public:
  // Throws std::bad_alloc.
  explicit Region(std::size_t bytes);
  ~Region();
  Region(const Region&) = delete;
  Region& operator=(const Region&) = delete;

  std::byte* data() const { return data_; }
  std::size_t size() const { return bytes_; }

 private:
  const std::size_t bytes_;
  std::byte* const data_;
};

}  // namespace sluice
