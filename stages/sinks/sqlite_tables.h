// The tables of an SQLite output: their names, columns, types and keys, as SQL. Worked out from the
// shape of the rows before the first one is written.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "stages/sinks/shape.h"
#include "stages/sinks/table_rows.h"

namespace sluice {

enum class SqlType { kInteger, kReal, kNumeric, kText };

struct SqlTable {
  std::string name;
  std::optional<std::size_t> parent;  // among the tables of the resource; nullopt: the main table
  bool has_id = false;                // its first column is _id, the number of the row
  std::vector<SqlType> types;         // of the columns of the shape, in order
  std::vector<std::size_t> key;       // those that are the primary key

  std::string create;  // CREATE TABLE
  std::string insert;  // parameters: _id, _parent_id, _index as it has them; then the columns
};

// Child tables refer to a row by its rowid, which is the key where that is one integer column, and
// _id everywhere else: so their rows arrive in the order of their own key, which keeps a table of
// millions fast to write.
inline bool KeyIsRowid(const SqlTable& table) {
  return table.key.size() == 1 && table.types[table.key.front()] == SqlType::kInteger;
}

// `names` holds the names of all tables so far; `name` is that of the main table, already taken.
// Notes: names that had to be made others. Code::kInvalid: a table has more columns than SQLite
// takes.
Result<std::vector<SqlTable>> LayOutTables(TableRows& rows, const std::string& name,
                                           UniqueNames& names, std::vector<Note>& notes);

// A name that SQLite takes for a table.
std::string SqlTableName(std::string_view name);

}  // namespace sluice
