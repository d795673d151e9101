// What the rows of a table look like: which fields there are, and what they hold. Found in a first
// pass over the rows; only names and kinds stay in memory. Nested objects become columns of their
// own; lists become child tables, or one column of JSON text.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "stages/json/raw_json.h"

namespace sluice {

// Names take memory; an API that uses ids as keys has as many as it has rows.
inline constexpr std::size_t kFieldsMax = 10'000;
inline constexpr std::size_t kFieldBytesMax = std::size_t{4} << 20;

// Field names as the user may write them, and the names that take their place.
using Renames = std::unordered_map<std::string, std::string>;

// What stands between the names of a nested field: "owner__login", as dlt has it.
inline constexpr std::string_view kNestedSeparator = "__";

// Not thread-safe.
class Shape {
 public:
  using Id = std::uint32_t;
  static constexpr Id kNone = 0xffffffff;
  static constexpr Id kRoot = 0;

  // What was seen in a column. Combined as bits; null is none of them.
  enum Kind : std::uint8_t {
    kInteger = 1,  // fits in 64 bits
    kDecimal = 2,  // a double holds its very value
    kDigits = 4,   // any other number
    kBool = 8,
    kText = 16,
    kJson = 32,
  };

  struct Field {
    std::string key;      // in its object; empty: the row itself, or an element of a list
    Id parent = kNone;    // the object or list that it is in
    Id table = kRoot;     // the row that it is a part of: kRoot, or the elements of a list
    int table_depth = 0;  // lists between it and the row of the main table
    std::uint8_t kinds = 0;
    bool empty_object = false;  // {} was seen
    std::vector<Id> members;    // of the objects seen here, in order of appearance
    std::unordered_map<std::string_view, std::size_t> index;  // into members, when they are many
    Id elements = kNone;      // of the lists seen here, where they become a child table
    std::uint64_t stamp = 0;  // the row in which it was seen last
    bool is_column = false;   // settled by Settle()
    std::size_t column = 0;   // its place in its table
  };

  // A table of the output and its columns, in order. Tables follow their parents.
  struct Table {
    Id row;  // the field that a row of it is
    std::vector<Id> columns;
  };

  // What one row has in one table.
  struct Cells {
    std::vector<std::optional<JsonValue>> values;    // by column; nullopt and null: nothing
    std::vector<std::pair<Id, JsonValue>> children;  // lists for child tables, as they came
  };

  enum class Objects { kFields, kValues };  // nested objects: their members are fields, or not
  // `child_tables`: lists become child tables so deep.
  Shape(Objects objects, int child_tables);

  // Declares a member of the row before any row is seen.
  void Declare(std::string_view key);

  // Adds a row, or the values of its declared members in their order (nullopt: missing). False:
  // there are more fields than memory is meant for.
  bool Learn(const JsonValue& row);
  bool Learn(const std::vector<std::optional<JsonValue>>& members);

  // From now on no field is added. What a row has beyond is named to `unknown` by its dotted path.
  void Freeze();
  bool frozen() const { return frozen_; }
  void FindUnknown(const JsonValue& row, std::vector<std::string>& unknown) const;

  // Lays out the tables. Call once, after the last row. Columns stand in order of appearance; with
  // declared members those of one member stand together.
  void Settle();
  const std::vector<Table>& tables() const { return tables_; }
  const Field& field(Id id) const { return fields_[id]; }
  std::size_t TableOf(Id row) const { return table_index_.at(row); }

  // "owner.login": for people. "value" is an element that is no object.
  std::string PathOf(Id id) const;
  // "owner__login", or what the longest renamed part of its path has in its place.
  std::string NameOf(Id id, const Renames& renames) const;
  // The field of these keys; kNone: there is none.
  Id Find(const std::vector<std::string>& keys) const;
  // The member of that key; kNone: there is none. `expected` is where it is looked for first: 0
  // for the first member of an object, then as the call left it.
  Id MemberOf(Id object, std::string_view key, std::size_t& expected) const;

  // Takes a row apart (REQUIRES: Settle() was called). Of a key that an object has twice the first
  // one counts. `cells` is overwritten.
  void Place(const JsonValue& row, Cells& cells);
  void Place(const std::vector<std::optional<JsonValue>>& members, Cells& cells);
  void PlaceElement(Id row, const JsonValue& element, Cells& cells);

 private:
  std::string PrefixOf(Id object) const;
  Id Add(Id parent, std::string_view key);
  Id ElementsOf(Id list);
  bool TakesApart(Id id, const JsonValue& value) const;
  bool KeepsLists(const Field& field) const { return field.table_depth >= child_tables_; }
  void LearnAt(Id id, const JsonValue& value, std::uint64_t stamp);
  void FindUnknownAt(Id id, const JsonValue& value, std::vector<std::string>& unknown) const;
  void PlaceAt(Id id, const JsonValue& value, std::uint64_t stamp, Cells& cells);
  void MarkColumns();
  void Clear(Id row, Cells& cells) const;
  Id DeclaredMember(Id id) const;

  const Objects objects_;
  const int child_tables_;
  std::deque<Field> fields_;  // a field's number is the order of its appearance; never moves
  std::size_t bytes_ = 0;
  std::size_t declared_ = 0;
  std::uint64_t stamp_ = 0;
  bool frozen_ = false;
  bool overflow_ = false;
  std::vector<Table> tables_;
  std::unordered_map<Id, std::size_t> table_index_;
};

// What kind of number this is.
Shape::Kind KindOfNumber(std::string_view number);

}  // namespace sluice
