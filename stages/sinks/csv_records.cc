#include <fmt/format.h>

#include <string>

#include "stages/sinks/csv.h"
#include "stages/sinks/part_writer.h"
#include "stages/sinks/record_formats.h"
#include "stages/sinks/table_rows.h"

namespace sluice {
namespace {

// Null is an empty cell and the empty string a quoted one, so that they differ. A line without any
// character would be no row for most readers, so a lone empty cell is always quoted.
void AppendRow(std::string& line, const std::vector<std::optional<JsonValue>>& cells,
               std::string& text) {
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) line += ',';
    if (!cells[i]) {
      if (cells.size() == 1) line += "\"\"";
    } else if (cells[i]->is_scalar()) {
      AppendCsvCell(line, cells[i]->text(), EmptyCell::kQuoted);
    } else {
      text.clear();
      cells[i]->AppendJson(text);
      AppendCsvCell(line, text, EmptyCell::kQuoted);
    }
  }
  line += "\r\n";
}

// The header, with a note for each name that had to be made another.
std::string Header(const TableRows& rows, const Shape& shape, const Renames& renames,
                   std::vector<Note>& notes) {
  UniqueNames unique(UniqueNames::Case::kCounts);
  std::string line;
  for (const Shape::Id id : shape.tables().front().columns) {
    const std::string name = shape.NameOf(id, renames);
    const std::string column = unique.Take(name);
    if (column != name) {
      notes.push_back({.kind = "name",
                       .text = fmt::format("'{}': field '{}' is column '{}', because another is "
                                           "named '{}'",
                                           rows.table().name, shape.PathOf(id), column, name)});
    }
    if (!line.empty()) line += ',';
    AppendCsvCell(line, column, EmptyCell::kQuoted);
  }
  return line.empty() ? line : line + "\r\n";
}

}  // namespace

Result<WriteReport> WriteCsv(const RecordTable& table, TextSink& out) {
  auto rows = TableRows::Make(table, Shape::Objects::kFields, 0);
  if (!rows) return Fail(rows.error());
  if (auto learned = rows->Learn(TableRows::Pass::kAll); !learned) return Fail(learned.error());

  WriteReport report{.notes = rows->Notes()};
  static const Renames kNoRenames;
  const bool everything = rows->selection().everything();
  std::string header = Header(*rows, rows->shape(),
                              everything ? rows->selection().renames() : kNoRenames, report.notes);
  PartWriter parts(out, std::move(header),
                   {.rows = table.output.rows_per_file, .bytes = table.output.bytes_per_file});
  Shape::Cells cells;
  std::string line;
  std::string text;
  const Status written = rows->ForEach([&](const TableRow& row) -> Status {
    rows->Place(row, cells);
    line.clear();
    AppendRow(line, cells.values, text);
    parts.Add(line);
    return {};
  });
  parts.Finish();
  if (!written) return Fail(written.error());
  return report;
}

}  // namespace sluice
