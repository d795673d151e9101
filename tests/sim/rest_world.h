// Generated records that are a pure function of the options: what record n says, when it was
// updated, and which record stands at which place of a list. Records are numbers from 0; kept are
// only the numbers of those that were edited or deleted.
//
// Shape: updated_at grows with the number, three records share each time; edited records are newer
// than all others, two share each time. Thread-safe: everything is const after construction.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "tests/sim/iso_time.h"
#include "tests/sim/json_out.h"

namespace sluice::sim {

struct RestOptions {
  std::uint64_t seed = 1;
  std::uint32_t records = 1000;
  std::uint32_t edits = 0;      // records with a later updated_at and another value
  std::uint32_t deletions = 0;  // records that are gone
  std::uint32_t notes = 3;      // at most so many notes of a record
  bool big_ids = false;         // ids above 2^53, and a field of 25 digits
  bool hostile = false;         // names and shapes that a writer may stumble over
};

using RecordIndex = std::uint32_t;

class RestWorld {
 public:
  // Throws std::invalid_argument when there are fewer records than edits and deletions.
  explicit RestWorld(const RestOptions& options);

  std::uint64_t IdOf(RecordIndex record) const { return first_id_ + record; }
  // The record with `id`; its number may be that of a deleted one or too high.
  bool Exists(std::uint64_t id) const;
  RecordIndex IndexOf(std::uint64_t id) const { return static_cast<RecordIndex>(id - first_id_); }
  UnixMs UpdatedMs(RecordIndex record) const;
  std::uint32_t NoteCount(RecordIndex record) const;

  // One JSON object.
  void WriteRecord(JsonOut& out, RecordIndex record) const;
  void WriteNote(JsonOut& out, RecordIndex record, std::uint32_t note) const;

  const RestOptions& options() const { return options_; }

 private:
  friend class RecordList;
  UnixMs PlainMs(RecordIndex record) const;
  UnixMs EditedMs(std::uint32_t edit) const;
  std::uint64_t Hash(RecordIndex record) const;
  void WriteHostileFields(JsonOut& out, RecordIndex record) const;

  RestOptions options_;
  std::uint64_t first_id_;
  std::vector<RecordIndex> edited_;      // in the order of their times
  std::vector<RecordIndex> edited_ids_;  // the same, ascending
  std::vector<std::uint32_t> edit_of_;   // beside edited_ids_: the place in edited_
  std::vector<RecordIndex> deleted_;     // ascending
  std::vector<RecordIndex> special_;     // edited or deleted, ascending
};

struct RecordFilter {
  UnixMs since = std::numeric_limits<UnixMs>::min();   // inclusive
  UnixMs before = std::numeric_limits<UnixMs>::max();  // exclusive
  bool by_time = false;                                // else by id
};

// The records that pass a filter, in order. Borrows the world.
class RecordList {
 public:
  RecordList(const RestWorld& world, const RecordFilter& filter);

  std::uint32_t size() const { return plain_count_ + edited_count_; }
  // REQUIRES: place < size().
  RecordIndex At(std::uint32_t place) const;

 private:
  std::uint32_t PlainBelow(RecordIndex record) const;
  RecordIndex PlainAt(std::uint32_t place) const;
  RecordIndex AtById(std::uint32_t place) const;

  const RestWorld& world_;
  bool by_time_;
  RecordIndex first_ = 0;  // plain records are those in [first_, last_) that are not special
  RecordIndex last_ = 0;
  std::uint32_t plain_count_ = 0;
  std::uint32_t first_edit_ = 0;  // edited ones: a slice of the world's edits
  std::uint32_t edited_count_ = 0;
  std::vector<RecordIndex> edited_ids_;  // that slice by id; empty when it is all or not needed
};

}  // namespace sluice::sim
