#include "stages/sinks/shape.h"

#include <algorithm>

namespace sluice {
namespace {

constexpr std::size_t kIndexFrom = 8;  // members that are looked at one by one
constexpr std::uint8_t kAsText = Shape::kDigits | Shape::kText | Shape::kJson;

bool IsEmptyObject(const JsonValue& value) { return value.is_object() && value.size() == 0; }

}  // namespace

Shape::Shape(Objects objects, int child_tables) : objects_(objects), child_tables_(child_tables) {
  fields_.emplace_back();
}

void Shape::Declare(std::string_view key) {
  Add(kRoot, key);
  ++declared_;
}

bool Shape::Learn(const JsonValue& row) {
  LearnAt(kRoot, row, ++stamp_);
  return !overflow_;
}

bool Shape::Learn(const std::vector<std::optional<JsonValue>>& members) {
  const std::uint64_t stamp = ++stamp_;
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (members[i]) LearnAt(fields_[kRoot].members[i], *members[i], stamp);
  }
  return !overflow_;
}

bool Shape::TakesApart(Id id, const JsonValue& value) const {
  return value.is_object() && (objects_ == Objects::kFields || id == kRoot);
}

void Shape::LearnAt(Id id, const JsonValue& value, std::uint64_t stamp) {
  Field& field = fields_[id];
  if (field.stamp == stamp) return;
  field.stamp = stamp;
  switch (value.type()) {
    case JsonValue::Type::kNull:
      return;
    case JsonValue::Type::kBool:
      field.kinds |= kBool;
      return;
    case JsonValue::Type::kNumber:
      // Once the column is text, it does not matter which numbers it has.
      field.kinds |= (field.kinds & kAsText) != 0 ? kDigits : KindOfNumber(value.text());
      return;
    case JsonValue::Type::kString:
      field.kinds |= kText;
      return;
    case JsonValue::Type::kArray:
      break;
    case JsonValue::Type::kObject: {
      if (!TakesApart(id, value)) {
        field.kinds |= kJson;
        return;
      }
      if (value.size() == 0) field.empty_object = true;
      std::size_t expected = 0;
      for (auto member = value.first(); member; member = member->next()) {
        Id at = MemberOf(id, member->key(), expected);
        if (at == kNone && !frozen_) at = Add(id, member->key());
        if (at != kNone) LearnAt(at, *member, stamp);
      }
      return;
    }
  }
  if (KeepsLists(field)) {
    field.kinds |= kJson;
    return;
  }
  const Id elements = ElementsOf(id);
  if (elements == kNone) return;
  for (auto element = value.first(); element; element = element->next()) {
    LearnAt(elements, *element, ++stamp_);
  }
}

Shape::Id Shape::Add(Id parent, std::string_view key) {
  if (fields_.size() >= kFieldsMax || bytes_ + key.size() > kFieldBytesMax) {
    overflow_ = true;
    return kNone;
  }
  bytes_ += key.size();
  const Id id = static_cast<Id>(fields_.size());
  Field& object = fields_[parent];
  fields_.push_back({.key = std::string(key),
                     .parent = parent,
                     .table = object.table,
                     .table_depth = object.table_depth});
  object.members.push_back(id);
  if (object.members.size() == kIndexFrom) {
    for (std::size_t i = 0; i < kIndexFrom; ++i) {
      object.index.emplace(fields_[object.members[i]].key, i);
    }
  } else if (object.members.size() > kIndexFrom) {
    object.index.emplace(fields_[id].key, object.members.size() - 1);
  }
  return id;
}

// Rows mostly have their keys in one order: the member after the last one found is tried first.
Shape::Id Shape::MemberOf(Id object, std::string_view key, std::size_t& expected) const {
  const Field& field = fields_[object];
  const std::vector<Id>& members = field.members;
  if (expected < members.size() && fields_[members[expected]].key == key) {
    return members[expected++];
  }
  if (members.size() >= kIndexFrom) {
    const auto found = field.index.find(key);
    if (found == field.index.end()) return kNone;
    expected = found->second + 1;
    return members[found->second];
  }
  const auto found =
      std::ranges::find(members, key, [&](Id id) -> std::string_view { return fields_[id].key; });
  if (found == members.end()) return kNone;
  expected = static_cast<std::size_t>(found - members.begin()) + 1;
  return *found;
}

Shape::Id Shape::ElementsOf(Id list) {
  Field& field = fields_[list];
  if (field.elements != kNone || frozen_) return field.elements;
  if (fields_.size() >= kFieldsMax) {
    overflow_ = true;
    return kNone;
  }
  const Id id = static_cast<Id>(fields_.size());
  field.elements = id;
  fields_.push_back({.parent = list, .table = id, .table_depth = field.table_depth + 1});
  return id;
}

void Shape::Freeze() {
  frozen_ = true;
  MarkColumns();
}

void Shape::FindUnknown(const JsonValue& row, std::vector<std::string>& unknown) const {
  FindUnknownAt(kRoot, row, unknown);
}

void Shape::FindUnknownAt(Id id, const JsonValue& value, std::vector<std::string>& unknown) const {
  const Field& field = fields_[id];
  if (value.is_null() || IsEmptyObject(value)) return;
  if (TakesApart(id, value)) {
    std::size_t expected = 0;
    for (auto member = value.first(); member; member = member->next()) {
      const Id at = MemberOf(id, member->key(), expected);
      if (at != kNone) {
        FindUnknownAt(at, *member, unknown);
      } else {
        unknown.push_back(PrefixOf(id) + std::string(member->key()));
      }
    }
    return;
  }
  if (value.is_array() && !KeepsLists(field)) {
    if (field.elements == kNone) {
      unknown.push_back(PathOf(id));
      return;
    }
    for (auto element = value.first(); element; element = element->next()) {
      FindUnknownAt(field.elements, *element, unknown);
    }
    return;
  }
  if (!field.is_column) unknown.push_back(PathOf(id));
}

// A field that was never more than null or {} is a column only where it is nothing else.
void Shape::MarkColumns() {
  for (Id id = 0; id < fields_.size(); ++id) {
    Field& field = fields_[id];
    const bool bare = field.members.empty() && field.elements == kNone;
    const bool row = id == field.table;
    field.is_column = field.kinds != 0 || (bare && (!row || field.empty_object));
  }
}

void Shape::Settle() {
  if (!frozen_) MarkColumns();
  for (Id id = 0; id < fields_.size(); ++id) {
    if (fields_[id].table != id) continue;
    table_index_.emplace(id, tables_.size());
    tables_.push_back({.row = id, .columns = {}});
  }
  for (Id id = 0; id < fields_.size(); ++id) {
    if (!fields_[id].is_column) continue;
    // What an empty object leaves is its text.
    if (fields_[id].empty_object && fields_[id].members.empty()) fields_[id].kinds |= kJson;
    tables_[TableOf(fields_[id].table)].columns.push_back(id);
  }
  if (declared_ > 0) {
    std::ranges::stable_sort(tables_[0].columns, {}, [&](Id id) { return DeclaredMember(id); });
  }
  for (const Table& table : tables_) {
    for (std::size_t i = 0; i < table.columns.size(); ++i) fields_[table.columns[i]].column = i;
  }
}

Shape::Id Shape::DeclaredMember(Id id) const {
  while (fields_[id].parent != kRoot && fields_[id].parent != kNone) id = fields_[id].parent;
  return id;
}

std::string Shape::PathOf(Id id) const {
  const Field& field = fields_[id];
  const std::string prefix = field.parent == kNone ? "" : PrefixOf(field.parent);
  return prefix + (id == field.table ? "value" : field.key);
}

// An element that is an object has no name in the paths of its members.
std::string Shape::PrefixOf(Id object) const {
  const Field& field = fields_[object];
  if (object == kRoot) return "";
  return PathOf(object == field.table ? field.parent : object) + ".";
}

std::string Shape::NameOf(Id id, const Renames& renames) const {
  const Field& field = fields_[id];
  if (!renames.empty()) {
    const auto renamed = renames.find(PathOf(id));
    if (renamed != renames.end()) return renamed->second;
  }
  if (id == field.table) return "value";
  if (field.parent == field.table) return field.key;
  std::string name = NameOf(field.parent, renames);
  name += kNestedSeparator;
  return name += field.key;
}

Shape::Id Shape::Find(const std::vector<std::string>& keys) const {
  Id id = kRoot;
  for (const std::string& key : keys) {
    std::size_t expected = 0;
    id = MemberOf(id, key, expected);
    if (id == kNone) return kNone;
  }
  return id;
}

void Shape::Place(const JsonValue& row, Cells& cells) {
  Clear(kRoot, cells);
  PlaceAt(kRoot, row, ++stamp_, cells);
}

void Shape::Place(const std::vector<std::optional<JsonValue>>& members, Cells& cells) {
  Clear(kRoot, cells);
  const std::uint64_t stamp = ++stamp_;
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (members[i]) PlaceAt(fields_[kRoot].members[i], *members[i], stamp, cells);
  }
}

void Shape::PlaceElement(Id row, const JsonValue& element, Cells& cells) {
  Clear(row, cells);
  PlaceAt(row, element, ++stamp_, cells);
}

void Shape::Clear(Id row, Cells& cells) const {
  cells.values.assign(tables_[TableOf(row)].columns.size(), std::nullopt);
  cells.children.clear();
}

void Shape::PlaceAt(Id id, const JsonValue& value, std::uint64_t stamp, Cells& cells) {
  Field& field = fields_[id];
  if (field.stamp == stamp) return;
  field.stamp = stamp;
  if (TakesApart(id, value)) {
    if (field.is_column && field.members.empty() && value.size() == 0) {
      cells.values[field.column] = value;
    }
    std::size_t expected = 0;
    for (auto member = value.first(); member; member = member->next()) {
      const Id at = MemberOf(id, member->key(), expected);
      if (at != kNone) PlaceAt(at, *member, stamp, cells);
    }
  } else if (value.is_array() && !KeepsLists(field)) {
    if (field.elements != kNone) cells.children.emplace_back(field.elements, value);
  } else if (field.is_column && !value.is_null()) {
    cells.values[field.column] = value;
  }
}

}  // namespace sluice
