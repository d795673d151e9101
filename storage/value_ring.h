// Values by key in a piece of memory of fixed size, the ones that were used least recently going
// first. All of it is reserved when the ring is made; what happens later takes no byte more, and
// leaves no holes, whatever the sizes of the values.
//
//     region:  | index of slots | ring of records                                   |
//     ring:            ... free ...  tail -> oldest ... newest <- head  ... free ...
//
// A record is a header and the value behind it. New ones are written at the head. When they do not
// fit, records go from the tail; one that was found since it was written gets a second chance: it
// is moved to the head (CLOCK, in the order of writing). A record that was replaced or erased stays
// as dead weight until the tail comes by. The index is an open-addressed table of positions.
//
// Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "storage/base/clock.h"
#include "storage/base/hash.h"
#include "storage/base/region.h"

namespace sluice {

class ValueRing {
 public:
  struct Limits {
    std::size_t bytes_max;    // all that the ring will ever take: index, headers and values; at
                              // least a page
    std::size_t entries_max;  // fewer where the index would take more than a quarter of the bytes
  };
  struct Found {
    std::string_view value;  // valid until the next call
    SteadyTime stored;
  };

  explicit ValueRing(Limits limits);

  // Marks it as used.
  std::optional<Found> Find(const Hash128& key);
  // Writes `parts` one behind the other as the value of `key`, in place of what that had. A value
  // of more than value_bytes_max() only erases what was there.
  void Put(const Hash128& key, std::span<const std::string_view> parts, SteadyTime stored);
  void Erase(const Hash128& key);

  std::size_t entries() const { return entries_; }
  std::size_t bytes() const { return bytes_; }  // of the values
  std::size_t value_bytes_max() const;

 private:
  // What stands before a value, at a multiple of its own alignment.
  struct Record {
    Hash128 key;
    SteadyTime stored;
    std::uint32_t bytes;  // of the value
    enum class State : std::uint8_t { kFresh, kUsed, kDead } state;
  };
  // Keys are hashes already; their first bytes say where a slot should be.
  struct Slot {
    std::uint32_t hash;
    std::uint32_t at;  // of the record, in units of kUnit, plus 1; 0: free
  };
  static constexpr std::size_t kUnit = alignof(Record);

  static std::size_t SlotsFor(Limits limits);
  static std::size_t Size(std::size_t value_bytes);
  static std::uint32_t Unit(std::size_t position);
  Record& At(std::size_t position) const;
  Record& RecordOf(const Slot& slot) const;
  Slot* FindSlot(const Hash128& key) const;
  void AddSlot(const Hash128& key, std::size_t position);
  void EraseSlot(Slot* slot);
  void MakeRoom(std::size_t size);
  void PassOldest(int& chances);
  void Wrap();

  // Constant after construction.
  const std::size_t slots_count_;  // a power of two
  const std::size_t entries_max_;
  const Region region_;
  Slot* const slots_;
  std::byte* const ring_;
  const std::size_t capacity_;  // of the ring, in bytes

  // Records lie in [tail_, head_), or, wrapped, in [tail_, end_) and [0, head_).
  std::size_t tail_ = 0;
  std::size_t head_ = 0;
  std::size_t end_ = 0;
  bool wrapped_ = false;
  std::size_t entries_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace sluice
