// The rows of one table as its output has them: parsed, selected, and held against the schema.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "stages/json/raw_json.h"
#include "stages/sinks/record_writer.h"
#include "stages/sinks/selection.h"
#include "stages/sinks/shape.h"

namespace sluice {

// Where neither `fields` nor an earlier file says what the schema is, so many rows do.
inline constexpr std::int64_t kSchemaRows = 100;

// One row. Borrows; valid inside the callback that it is given to.
struct TableRow {
  const JsonValue& record;
  std::int64_t number;  // from 1, of all rows
};

// Not thread-safe. Borrows `table`, which must outlive it.
class TableRows {
 public:
  // Code::kUsage: a path is none.
  static Result<TableRows> Make(const RecordTable& table, Shape::Objects objects, int child_tables);

  // The first pass. kAll: over all rows, and settles the shape. kSchema: over as many as the
  // schema takes, if the policy needs one.
  enum class Pass { kAll, kSchema };
  Status Learn(Pass pass);

  // The last pass, over the rows that the policy keeps. After kSchema it counts what the policy
  // leaves out (kAll has done so).
  Status ForEach(const std::function<Status(const TableRow&)>& use);

  Selection& selection() { return selection_; }
  Shape& shape() { return shape_; }
  const RecordTable& table() const { return table_; }
  // The columns of the primary key, in the shape; empty: there is no key, or a part of it is no
  // column of the output.
  std::vector<Shape::Id> KeyColumns() const;

  // Takes a row apart (after kAll).
  void Place(const TableRow& row, Shape::Cells& cells);

  // "record 17 (id=5)", for messages.
  std::string Named(const TableRow& row) const;

  // What the policy left out.
  std::vector<Note> Notes() const;

 private:
  TableRows(const RecordTable& table, Selection selection, std::vector<JsonPath> key,
            Shape::Objects objects, int child_tables);
  Status ForEachParsed(const std::function<Status(const TableRow&)>& use);
  enum class Count { kYes, kNo };
  bool Keep(const TableRow& row, Count count);
  void CountUnknown();

  const RecordTable& table_;
  Selection selection_;
  std::vector<JsonPath> key_;
  Shape shape_;
  bool counted_ = false;
  std::vector<std::string> unknown_;              // of the row that is looked at
  std::map<std::string, std::int64_t> left_out_;  // field -> rows; bounded
  std::int64_t others_ = 0;                       // fields of rows beyond that bound
  std::int64_t discarded_ = 0;                    // rows
};

}  // namespace sluice
