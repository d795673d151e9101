// Bodies packed with zstd, piece by piece, so that a long one is never in memory as a whole.
#pragma once

#include <cstddef>
#include <memory>

#include "storage/body.h"

namespace sluice {

// Packed into one frame that states its length. `spill`: see BodyWriter. Code::kDisk: the packed
// bytes could not be written.
Result<Body> Pack(const BodyView& plain, const SpillDir* spill);

// The opposite, for packed bytes that come in parts. One thread at a time.
class Unpacker {
 public:
  // `spill`: see BodyWriter; it must outlive this.
  explicit Unpacker(const SpillDir* spill);
  ~Unpacker();

  // Code::kDamaged: these are no packed bytes, or they unpack to more than `bytes_max`.
  // Code::kDisk.
  Status Add(std::string_view packed, std::size_t bytes_max);
  // Code::kDamaged: the frame has not ended. Call once.
  Result<Body> Finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sluice
