#include <fmt/format.h>

#include <charconv>
#include <deque>
#include <string>

#include "stages/sinks/record_formats.h"
#include "stages/sinks/sqlite_tables.h"
#include "stages/sinks/table_rows.h"
#include "storage/sqlite_output.h"

namespace sluice {
namespace {

// Adds the rows of one resource to its tables.
class Inserter {
 public:
  static Result<Inserter> Make(TableRows& rows, std::vector<SqlTable> tables, SqliteOutput& file) {
    Inserter inserter(rows, std::move(tables));
    for (const SqlTable& table : inserter.tables_) {
      if (auto created = file.Exec(table.create); !created) return Fail(created.error());
      auto insert = file.Prepare(table.insert);
      if (!insert) return Fail(insert.error());
      inserter.inserts_.push_back(std::move(*insert));
    }
    return inserter;
  }

  Status Add(const TableRow& row) {
    texts_.clear();
    rows_->Place(row, cells_[0]);
    for (const std::size_t column : tables_[0].key) {
      if (cells_[0].values[column]) continue;
      return Named(row, Fail(Code::kInvalid, "its primary key is null"));
    }
    const Status added = AddRow(0, 0, 0);
    return added ? added : Named(row, Fail(added.error()));
  }

 private:
  Inserter(TableRows& rows, std::vector<SqlTable> tables)
      : rows_(&rows),
        tables_(std::move(tables)),
        cells_(tables_.size()),
        last_id_(tables_.size()) {}

  // The row that stands in `cells_[at]`, and what its lists have.
  Status AddRow(std::size_t at, std::int64_t parent_id, std::int64_t index) {
    const SqlTable& table = tables_[at];
    SqliteOutput::Insert& insert = inserts_[at];
    const Shape::Cells& cells = cells_[at];
    std::int64_t row_id = 0;
    std::size_t parameter = 0;
    if (table.has_id) {
      row_id = ++last_id_[at];
      insert.Bind(parameter++, row_id);
    }
    if (table.parent) {
      insert.Bind(parameter++, parent_id);
      insert.Bind(parameter++, index);
    }
    for (std::size_t i = 0; i < cells.values.size(); ++i, ++parameter) {
      if (cells.values[i]) {
        Bind(insert, parameter, *cells.values[i], table.types[i]);
      } else {
        insert.BindNull(parameter);
      }
    }
    if (auto added = insert.Add(); !added) {
      return Fail(added.error().code, fmt::format("'{}': {}", table.name, added.error().message));
    }
    if (KeyIsRowid(table)) row_id = IntegerOf(*cells.values[table.key.front()]).value_or(0);
    for (const auto& [elements, list] : cells.children) {
      const std::size_t child = rows_->shape().TableOf(elements);
      std::int64_t position = 0;
      for (auto element = list.first(); element; element = element->next()) {
        rows_->shape().PlaceElement(elements, *element, cells_[child]);
        if (auto added = AddRow(child, row_id, position++); !added) return added;
      }
    }
    return {};
  }

  // The type was made from this value among others, so a number is exact; what is none is text.
  void Bind(SqliteOutput::Insert& insert, std::size_t parameter, const JsonValue& value,
            SqlType type) {
    const std::string_view text = value.text();
    if (!value.is_scalar()) {
      return insert.Bind(parameter, std::string_view(texts_.emplace_back(value.json())));
    }
    if (type != SqlType::kText) {
      if (const auto integer = IntegerOf(value)) return insert.Bind(parameter, *integer);
      if (const auto real = Number<double>(text)) return insert.Bind(parameter, *real);
    }
    insert.Bind(parameter, text);
  }

  static std::optional<std::int64_t> IntegerOf(const JsonValue& value) {
    if (value.type() == JsonValue::Type::kBool) return value.text() == "true";
    return Number<std::int64_t>(value.text());
  }

  // nullopt: `text` is no such number, or not all of it is.
  template <class T>
  static std::optional<T> Number(std::string_view text) {
    T number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return number;
  }

  Status Named(const TableRow& row, tl::unexpected<Error> error) const {
    return Fail(error.value().code,
                fmt::format("{}: {}", rows_->Named(row), error.value().message));
  }

  TableRows* rows_;
  std::vector<SqlTable> tables_;
  std::vector<SqliteOutput::Insert> inserts_;  // by table, as the next two
  std::vector<Shape::Cells> cells_;
  std::vector<std::int64_t> last_id_;
  std::deque<std::string> texts_;  // what the statements borrow until the record is in
};

Status WriteTable(const RecordTable& table, const std::string& name, UniqueNames& names,
                  SqliteOutput& file, WriteReport& report) {
  auto rows = TableRows::Make(table, Shape::Objects::kFields, table.output.max_table_nesting);
  if (!rows) return Fail(rows.error());
  if (auto learned = rows->Learn(TableRows::Pass::kAll); !learned) return learned;
  auto tables = LayOutTables(*rows, name, names, report.notes);
  if (!tables) return Fail(tables.error());
  auto inserter = Inserter::Make(*rows, std::move(*tables), file);
  if (!inserter) return Fail(inserter.error());
  auto added = rows->ForEach([&](const TableRow& row) { return inserter->Add(row); });
  std::vector<Note> notes = rows->Notes();
  report.notes.insert(report.notes.end(), std::make_move_iterator(notes.begin()),
                      std::make_move_iterator(notes.end()));
  return added;
}

}  // namespace

Result<WriteReport> WriteSqlite(const std::vector<RecordTable>& tables, TextSink& out) {
  auto path = out.OwnFile();
  if (!path) return Fail(path.error());
  auto file = SqliteOutput::Create(*path);
  if (!file) return Fail(file.error());

  // All main tables first: no child table may take the name of a resource.
  WriteReport report;
  UniqueNames names(UniqueNames::Case::kIgnored);
  std::vector<std::string> main_names;
  for (const RecordTable& table : tables) {
    main_names.push_back(names.Take(SqlTableName(table.name)));
    if (main_names.back() == table.name) continue;
    report.notes.push_back({.kind = "name",
                            .text = fmt::format("'{}' is the table '{}': its name is taken (case "
                                                "does not count) or not possible",
                                                table.name, main_names.back())});
  }
  for (std::size_t i = 0; i < tables.size(); ++i) {
    const Status written = WriteTable(tables[i], main_names[i], names, *file, report);
    if (!written) return Fail(written.error());
  }
  if (auto finished = file->Finish(); !finished) return Fail(finished.error());
  return report;
}

}  // namespace sluice
