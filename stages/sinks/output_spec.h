// How the rows of a resource are written. Plain data.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace sluice {

enum class Format { kJsonl, kCsv, kSqlite };
enum class Compression { kNone, kGzip, kZstd };

// What becomes of fields that the schema does not have. The schema is the members that `fields`
// begin with; where that is empty, what the first 100 rows have (nested fields as columns, where
// they are columns).
enum class SchemaPolicy {
  kEvolve,      // a new field is a new column at the end; beside `fields` it is not asked for
  kFreeze,      // it is left out, and a note says so
  kDiscardRow,  // its row is left out, and a note says so
};

struct OutputSpec {
  Format format = Format::kJsonl;
  // Paths into a record, see stages/json/json_path.h: columns in this order. Empty: all fields, in
  // the order in which they were first seen.
  std::vector<std::string> fields;
  // Field -> column: the field as `fields` has it, else its dotted path. Renaming an object renames
  // the beginning of its columns.
  std::vector<std::pair<std::string, std::string>> rename;
  // Nested objects become "owner__login" (dlt's separator). CSV and SQLite always do so.
  bool flatten = false;
  int max_table_nesting = 1;  // SQLite: nested lists become child tables so deep; deeper ones
                              // stay JSON text
  SchemaPolicy schema_policy = SchemaPolicy::kEvolve;
  std::int64_t rows_per_file = 0;                // 0: one file. SQLite does not split
  std::int64_t bytes_per_file = 0;               // of the file before compression
  Compression compression = Compression::kNone;  // not of SQLite
};

// The extension of the file: ".jsonl", ".csv.gz", ".db".
std::string ExtensionOf(const OutputSpec& output);

}  // namespace sluice
