// Writes the rows of a resource in the form that the user asked for. One writer a rendering: rows
// go in one at a time and leave memory at once; what the whole file must know first (the columns of
// a CSV) is found out in a first pass over the same rows.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "stages/sinks/output_spec.h"
#include "stages/sources/source.h"
#include "storage/base/result.h"

namespace sluice {

// One table of an output: a JSONL or CSV file has one, an SQLite file one for each resource.
struct RecordTable {
  std::string name;                      // of the table (SQLite)
  std::vector<std::string> primary_key;  // fields; empty: none
  OutputSpec output;
  // Runs over the rows in their order: the record's JSON. May be called more than once.
  std::function<Status(const std::function<Status(std::string_view)>&)> for_each;
};

// What a rendering has to say beside its bytes.
struct WriteReport {
  std::vector<Note> notes;  // dropped fields and rows, with counts; `document` is left empty
};

// Writes `tables` (exactly one, but for SQLite) to `out`. Deterministic: the same rows give the
// same bytes. Errors: those of for_each; Code::kInvalid: a record is not what it should be (named
// by its key); Code::kDisk.
Result<WriteReport> WriteRecords(const std::vector<RecordTable>& tables, TextSink& out);

}  // namespace sluice
