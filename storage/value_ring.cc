#include "storage/value_ring.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <new>

namespace sluice {
namespace {

constexpr std::size_t kRegionMin = 4096;  // a page, which is what any mapping takes
constexpr std::size_t kRegionMax = std::size_t{32} << 30;  // what 32 bits can say, in units of 8

// One value may not push out everything else.
constexpr std::size_t kLargestPart = 8;

// Moves that one Put() may make, so that none takes long: 64 values of 1 KB are 10 us. What has
// been used beyond that goes all the same.
constexpr int kChances = 64;

// A third of the slots stays free: searches end after two or three.
std::size_t EntriesFor(std::size_t slots) { return slots / 3 * 2; }

std::uint32_t HashOf(const Hash128& key) {
  std::uint32_t head;
  std::memcpy(&head, key.data(), sizeof head);
  return head;
}

}  // namespace

ValueRing::ValueRing(Limits limits)
    : slots_count_(SlotsFor(limits)),
      entries_max_(std::min(limits.entries_max, EntriesFor(slots_count_))),
      region_(std::clamp(limits.bytes_max, kRegionMin, kRegionMax) / kUnit * kUnit),
      slots_(reinterpret_cast<Slot*>(region_.data())),
      ring_(region_.data() + slots_count_ * sizeof(Slot)),
      capacity_(region_.size() - slots_count_ * sizeof(Slot)) {
  static_assert(sizeof(Slot) % kUnit == 0);
  // Zero is a free slot, and what the kernel gives is zero.
}

std::size_t ValueRing::SlotsFor(Limits limits) {
  std::size_t slots = 4;
  while (EntriesFor(slots) < limits.entries_max &&
         2 * slots * sizeof(Slot) <= limits.bytes_max / 4) {
    slots *= 2;
  }
  return slots;
}

std::size_t ValueRing::Size(std::size_t value_bytes) {
  return (sizeof(Record) + value_bytes + kUnit - 1) / kUnit * kUnit;
}

std::size_t ValueRing::value_bytes_max() const {
  const std::size_t most = capacity_ / kLargestPart;
  return most > sizeof(Record) ? most - sizeof(Record) : 0;
}

ValueRing::Record& ValueRing::At(std::size_t position) const {
  return *std::launder(reinterpret_cast<Record*>(ring_ + position));
}

ValueRing::Record& ValueRing::RecordOf(const Slot& slot) const { return At((slot.at - 1) * kUnit); }

std::uint32_t ValueRing::Unit(std::size_t position) {
  return static_cast<std::uint32_t>(position / kUnit + 1);
}

std::optional<ValueRing::Found> ValueRing::Find(const Hash128& key) {
  const Slot* const slot = FindSlot(key);
  if (slot == nullptr) return std::nullopt;
  Record& record = RecordOf(*slot);
  record.state = Record::State::kUsed;
  return Found{.value = {reinterpret_cast<const char*>(&record + 1), record.bytes},
               .stored = record.stored};
}

void ValueRing::Put(const Hash128& key, std::span<const std::string_view> parts,
                    SteadyTime stored) {
  Erase(key);
  std::size_t bytes = 0;
  for (const std::string_view part : parts) bytes += part.size();
  if (bytes > value_bytes_max() || entries_max_ == 0) return;
  MakeRoom(Size(bytes));
  auto* const record = new (ring_ + head_) Record{.key = key,
                                                  .stored = stored,
                                                  .bytes = static_cast<std::uint32_t>(bytes),
                                                  .state = Record::State::kFresh};
  auto* to = reinterpret_cast<char*>(record + 1);
  for (const std::string_view part : parts) to = std::ranges::copy(part, to).out;
  AddSlot(key, head_);
  head_ += Size(bytes);
  ++entries_;
  bytes_ += bytes;
}

void ValueRing::Erase(const Hash128& key) {
  Slot* const slot = FindSlot(key);
  if (slot == nullptr) return;
  Record& record = RecordOf(*slot);
  record.state = Record::State::kDead;
  --entries_;
  bytes_ -= record.bytes;
  EraseSlot(slot);
}

// --- the ring -----------------------------------------------------------------------------------

// Until one more entry, and so many bytes in one piece, fit at the head.
void ValueRing::MakeRoom(std::size_t size) {
  int chances = kChances;
  while (entries_ >= entries_max_) PassOldest(chances);
  while (true) {
    if (!wrapped_ && capacity_ - head_ < size) Wrap();
    if (!wrapped_ || tail_ - head_ >= size) return;
    PassOldest(chances);
  }
}

// The rest of the ring is too short and stays empty in this round.
void ValueRing::Wrap() {
  end_ = head_;
  head_ = 0;
  wrapped_ = true;
}

// REQUIRES: there is a record, dead or alive, or the ring is wrapped.
void ValueRing::PassOldest(int& chances) {
  if (wrapped_ && tail_ == end_) {
    tail_ = 0;
    wrapped_ = false;
    return;
  }
  Record& oldest = At(tail_);
  const std::size_t size = Size(oldest.bytes);
  const std::size_t from = tail_;
  tail_ += size;
  if (oldest.state == Record::State::kDead) return;
  if (oldest.state == Record::State::kFresh || chances == 0) {
    EraseSlot(FindSlot(oldest.key));
    --entries_;
    bytes_ -= oldest.bytes;
    return;
  }
  --chances;
  oldest.state = Record::State::kFresh;
  // There is room for it: its own place has just become free. The two may overlap.
  if (!wrapped_ && capacity_ - head_ < size) Wrap();
  FindSlot(oldest.key)->at = Unit(head_);
  std::memmove(ring_ + head_, ring_ + from, size);
  head_ += size;
}

// --- the index ----------------------------------------------------------------------------------

ValueRing::Slot* ValueRing::FindSlot(const Hash128& key) const {
  const std::uint32_t hash = HashOf(key);
  const std::size_t mask = slots_count_ - 1;
  for (std::size_t i = hash & mask; slots_[i].at != 0; i = (i + 1) & mask) {
    if (slots_[i].hash == hash && RecordOf(slots_[i]).key == key) return &slots_[i];
  }
  return nullptr;
}

void ValueRing::AddSlot(const Hash128& key, std::size_t position) {
  const std::uint32_t hash = HashOf(key);
  const std::size_t mask = slots_count_ - 1;
  std::size_t i = hash & mask;
  while (slots_[i].at != 0) i = (i + 1) & mask;
  slots_[i] = {.hash = hash, .at = Unit(position)};
}

// What stands behind the freed slot moves up to where it should be, as far as that closes the gap;
// so no search needs marks of what once was there.
void ValueRing::EraseSlot(Slot* slot) {
  const std::size_t mask = slots_count_ - 1;
  auto hole = static_cast<std::size_t>(slot - slots_);
  for (std::size_t i = (hole + 1) & mask; slots_[i].at != 0; i = (i + 1) & mask) {
    const std::size_t home = slots_[i].hash & mask;
    const bool reachable_from_hole = ((i - home) & mask) >= ((i - hole) & mask);
    if (!reachable_from_hole) continue;
    slots_[hole] = slots_[i];
    hole = i;
  }
  slots_[hole].at = 0;
}

}  // namespace sluice
