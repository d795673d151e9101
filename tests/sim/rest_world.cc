#include "tests/sim/rest_world.h"

#include <algorithm>
#include <numeric>
#include <stdexcept>

#include "tests/sim/notion_ids.h"

namespace sluice::sim {
namespace {

constexpr UnixMs kFirstMs = 1'577'836'800'000;  // 2020-01-01
constexpr UnixMs kStepMs = 97'000;
constexpr std::uint32_t kRecordsOfOneTime = 3;
constexpr UnixMs kEditedAfterMs = 86'400'000;
constexpr UnixMs kEditStepMs = 60'000;
constexpr std::uint32_t kEditsOfOneTime = 2;
constexpr std::uint64_t kFirstBigId = (1ull << 53) + 1;  // no double holds it

// How many numbers of the ascending `numbers` are below `limit`.
std::uint32_t CountBelow(const std::vector<RecordIndex>& numbers, RecordIndex limit) {
  return static_cast<std::uint32_t>(std::ranges::lower_bound(numbers, limit) - numbers.begin());
}

// The first of `count` places whose time is not below `limit`; the times ascend.
template <class TimeOf>
std::uint32_t FirstNotBelow(std::uint32_t count, UnixMs limit, TimeOf time_of) {
  std::uint32_t low = 0;
  for (std::uint32_t high = count; low < high;) {
    const std::uint32_t middle = low + (high - low) / 2;
    time_of(middle) < limit ? low = middle + 1 : high = middle;
  }
  return low;
}

}  // namespace

RestWorld::RestWorld(const RestOptions& options)
    : options_(options), first_id_(options.big_ids ? kFirstBigId : 1) {
  const std::uint64_t records = options.records;
  if (std::uint64_t{options.edits} + options.deletions > records) {
    throw std::invalid_argument("there are only " + std::to_string(records) +
                                " records to edit or delete");
  }
  // A walk that meets every record once: edits from its beginning, deletions from its end.
  std::uint64_t stride = records * 618 / 1000 + 1;
  while (std::gcd(stride, records) > 1) ++stride;
  const auto met = [&](std::uint64_t step) {
    return static_cast<RecordIndex>((step * stride + options.seed % records) % records);
  };
  for (std::uint32_t i = 0; i < options.edits; ++i) edited_.push_back(met(i));
  for (std::uint32_t i = 0; i < options.deletions; ++i) deleted_.push_back(met(records - 1 - i));
  std::ranges::sort(deleted_);
  edit_of_.resize(edited_.size());
  std::iota(edit_of_.begin(), edit_of_.end(), 0);
  std::ranges::sort(edit_of_, {}, [&](std::uint32_t edit) { return edited_[edit]; });
  for (const std::uint32_t edit : edit_of_) edited_ids_.push_back(edited_[edit]);
  std::ranges::merge(edited_ids_, deleted_, std::back_inserter(special_));
}

std::uint64_t RestWorld::Hash(RecordIndex record) const { return Mix(options_.seed, record); }

bool RestWorld::Exists(std::uint64_t id) const {
  return id >= first_id_ && id - first_id_ < options_.records &&
         !std::ranges::binary_search(deleted_, IndexOf(id));
}

UnixMs RestWorld::PlainMs(RecordIndex record) const {
  return kFirstMs + record / kRecordsOfOneTime * kStepMs;
}

UnixMs RestWorld::EditedMs(std::uint32_t edit) const {
  return PlainMs(options_.records) + kEditedAfterMs + edit / kEditsOfOneTime * kEditStepMs;
}

UnixMs RestWorld::UpdatedMs(RecordIndex record) const {
  const std::uint32_t place = CountBelow(edited_ids_, record);
  const bool edited = place < edited_ids_.size() && edited_ids_[place] == record;
  return edited ? EditedMs(edit_of_[place]) : PlainMs(record);
}

std::uint32_t RestWorld::NoteCount(RecordIndex record) const {
  return static_cast<std::uint32_t>(Mix(Hash(record), 0x2071) % (options_.notes + 1));
}

RecordList::RecordList(const RestWorld& world, const RecordFilter& filter)
    : world_(world), by_time_(filter.by_time) {
  const auto records = world.options_.records;
  const auto edits = static_cast<std::uint32_t>(world.edited_.size());
  const auto plain_ms = [&](std::uint32_t record) { return world.PlainMs(record); };
  const auto edited_ms = [&](std::uint32_t edit) { return world.EditedMs(edit); };
  first_ = FirstNotBelow(records, filter.since, plain_ms);
  last_ = std::max(first_, FirstNotBelow(records, filter.before, plain_ms));
  plain_count_ = PlainBelow(last_);
  first_edit_ = FirstNotBelow(edits, filter.since, edited_ms);
  edited_count_ =
      std::max(first_edit_, FirstNotBelow(edits, filter.before, edited_ms)) - first_edit_;
  if (by_time_ || edited_count_ == edits) return;
  const auto slice = world.edited_.begin() + first_edit_;
  edited_ids_.assign(slice, slice + edited_count_);
  std::ranges::sort(edited_ids_);
}

std::uint32_t RecordList::PlainBelow(RecordIndex record) const {
  const RecordIndex end = std::clamp(record, first_, last_);
  return end - first_ - (CountBelow(world_.special_, end) - CountBelow(world_.special_, first_));
}

RecordIndex RecordList::At(std::uint32_t place) const {
  if (!by_time_) return AtById(place);
  if (place < plain_count_) return PlainAt(place);
  return world_.edited_[first_edit_ + place - plain_count_];
}

RecordIndex RecordList::PlainAt(std::uint32_t place) const {
  return FirstNotBelow(last_, place + 1,
                       [&](RecordIndex record) { return UnixMs{PlainBelow(record + 1)}; });
}

RecordIndex RecordList::AtById(std::uint32_t place) const {
  const bool all = edited_count_ == world_.edited_ids_.size();
  const auto& edited = all ? world_.edited_ids_ : edited_ids_;
  return FirstNotBelow(world_.options_.records, place + 1, [&](RecordIndex record) {
    return UnixMs{PlainBelow(record + 1)} + CountBelow(edited, record + 1);
  });
}

}  // namespace sluice::sim
