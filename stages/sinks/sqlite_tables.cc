#include "stages/sinks/sqlite_tables.h"

#include <fmt/format.h>

#include <algorithm>

#include "storage/sqlite_output.h"

namespace sluice {
namespace {

SqlType TypeOf(std::uint8_t kinds) {
  switch (kinds) {
    case Shape::kInteger:
    case Shape::kBool:
      return SqlType::kInteger;
    case Shape::kDecimal:
      return SqlType::kReal;
    case Shape::kInteger | Shape::kDecimal:
      return SqlType::kNumeric;
    default:
      return SqlType::kText;
  }
}

std::string_view NameOf(SqlType type) {
  switch (type) {
    case SqlType::kInteger:
      return "INTEGER";
    case SqlType::kReal:
      return "REAL";
    case SqlType::kNumeric:
      return "NUMERIC";
    case SqlType::kText:
      return "TEXT";
  }
  return "TEXT";
}

// SQL ends at a NUL, and a name must have a character.
std::string PossibleName(std::string_view name) {
  std::string possible(name.empty() ? "_" : name);
  std::ranges::replace(possible, '\0', '_');
  return possible;
}

// The SQL of one table.
class Ddl {
 public:
  Ddl(const Shape& shape, const Shape::Table& columns, SqlTable& table)
      : shape_(shape), columns_(columns), table_(table) {}

  // The names of the columns, in the order of the parameters.
  std::vector<std::string> Name(const Renames& renames, std::vector<Note>& notes) {
    UniqueNames unique(UniqueNames::Case::kIgnored);
    std::vector<std::string> names;
    if (table_.has_id) names.push_back(unique.Take("_id"));
    if (table_.parent) names.push_back(unique.Take("_parent_id"));
    if (table_.parent) names.push_back(unique.Take("_index"));
    for (const Shape::Id id : columns_.columns) {
      const std::string wanted = shape_.NameOf(id, renames);
      names.push_back(unique.Take(PossibleName(wanted)));
      if (names.back() == wanted) continue;
      notes.push_back({.kind = "name",
                       .text = fmt::format("'{}': field '{}' is column '{}': '{}' is taken (case "
                                           "does not count) or not possible",
                                           table_.name, shape_.PathOf(id), names.back(), wanted)});
    }
    return names;
  }

  void Write(const std::vector<std::string>& names) {
    std::string definitions;
    std::string parameters;
    const std::size_t own = names.size() - table_.types.size();
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (i > 0) definitions += ", ";
      definitions += SqlName(names[i]) + " " + Definition(i, own);
      parameters += i == 0 ? "?" : ", ?";
    }
    definitions += Keys(names, own);
    table_.create = fmt::format("CREATE TABLE {} ({}){}", SqlName(table_.name), definitions,
                                table_.parent && !table_.has_id ? " WITHOUT ROWID" : "");
    table_.insert = fmt::format("INSERT INTO {} VALUES ({})", SqlName(table_.name), parameters);
  }

 private:
  std::string Definition(std::size_t column, std::size_t own) const {
    if (column >= own) {
      const bool key = std::ranges::find(table_.key, column - own) != table_.key.end();
      return fmt::format("{}{}", NameOf(table_.types[column - own]), key ? " NOT NULL" : "");
    }
    if (table_.has_id && column == 0) return "INTEGER PRIMARY KEY";
    return "INTEGER NOT NULL";
  }

  std::string Keys(const std::vector<std::string>& names, std::size_t own) const {
    std::vector<std::string> key;
    if (table_.parent) key = {SqlName("_parent_id"), SqlName("_index")};
    for (const std::size_t column : table_.key) key.push_back(SqlName(names[own + column]));
    if (key.empty()) return "";
    return fmt::format(", {} ({})", table_.has_id ? "UNIQUE" : "PRIMARY KEY", fmt::join(key, ", "));
  }

  const Shape& shape_;
  const Shape::Table& columns_;
  SqlTable& table_;
};

}  // namespace

std::string SqlTableName(std::string_view name) {
  std::string possible = PossibleName(name);
  std::string folded = possible.substr(0, 7);
  std::ranges::transform(folded, folded.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return folded == "sqlite_" ? "_" + possible : possible;  // SQLite's own
}

Result<std::vector<SqlTable>> LayOutTables(TableRows& rows, const std::string& name,
                                           UniqueNames& names, std::vector<Note>& notes) {
  static const Renames kNone;
  const Shape& shape = rows.shape();
  const Renames& renames = rows.selection().everything() ? rows.selection().renames() : kNone;
  std::vector<SqlTable> tables(shape.tables().size());
  for (std::size_t i = 0; i < tables.size(); ++i) {
    SqlTable& table = tables[i];
    const Shape::Table& columns = shape.tables()[i];
    for (const Shape::Id id : columns.columns) table.types.push_back(TypeOf(shape.field(id).kinds));
    if (i == 0) {
      table.name = name;
      for (const Shape::Id id : rows.KeyColumns()) table.key.push_back(shape.field(id).column);
      continue;
    }
    const Shape::Id list = shape.field(columns.row).parent;
    table.parent = shape.TableOf(shape.field(list).table);
    SqlTable& parent = tables[*table.parent];  // tables follow their parents
    const std::string wanted =
        fmt::format("{}{}{}", parent.name, kNestedSeparator, shape.NameOf(list, renames));
    table.name = names.Take(SqlTableName(wanted));
    if (table.name != wanted) {
      notes.push_back({.kind = "name",
                       .text = fmt::format("'{}': the lists of '{}' are in the table '{}'", name,
                                           shape.PathOf(list), table.name)});
    }
    parent.has_id = !KeyIsRowid(parent);
  }
  // A table must have a column.
  if (tables.front().types.empty()) tables.front().has_id = true;
  for (std::size_t i = 0; i < tables.size(); ++i) {
    Ddl ddl(shape, shape.tables()[i], tables[i]);
    const std::vector<std::string> columns = ddl.Name(renames, notes);
    if (columns.size() > SqliteOutput::kColumnsMax) {
      return Fail(Code::kInvalid,
                  fmt::format("table '{}' would have {} columns, and SQLite takes {}: name those "
                              "to keep in output.fields",
                              tables[i].name, columns.size(), SqliteOutput::kColumnsMax));
    }
    ddl.Write(columns);
  }
  return tables;
}

}  // namespace sluice
