#include "stages/sinks/table_rows.h"

#include <fmt/format.h>

#include <algorithm>

namespace sluice {
namespace {

constexpr std::size_t kFieldsCounted = 1000;
constexpr std::size_t kFieldsNamed = 20;     // in a note
constexpr std::size_t kKeyBytesNamed = 200;  // in a message

std::string RowsText(std::int64_t rows) {
  return fmt::format("{} row{}", rows, rows == 1 ? "" : "s");
}

}  // namespace

Result<TableRows> TableRows::Make(const RecordTable& table, Shape::Objects objects,
                                  int child_tables) {
  auto selection = Selection::Make(table.output);
  if (!selection) return Fail(selection.error());
  std::vector<JsonPath> key;
  for (const std::string& text : table.primary_key) {
    auto path = JsonPath::Parse(text);
    if (!path) return Fail(path.error());
    key.push_back(std::move(*path));
  }
  return TableRows(table, std::move(*selection), std::move(key), objects, child_tables);
}

TableRows::TableRows(const RecordTable& table, Selection selection, std::vector<JsonPath> key,
                     Shape::Objects objects, int child_tables)
    : table_(table),
      selection_(std::move(selection)),
      key_(std::move(key)),
      shape_(objects, child_tables) {
  for (const std::string& name : selection_.names()) shape_.Declare(name);
}

Status TableRows::Learn(Pass pass) {
  const bool has_policy = table_.output.schema_policy != SchemaPolicy::kEvolve;
  if (pass == Pass::kSchema && !(has_policy && selection_.everything())) return {};
  bool enough = false;
  counted_ = pass == Pass::kAll;
  Status status = ForEachParsed([&](const TableRow& row) -> Status {
    if (has_policy && selection_.everything() && row.number > kSchemaRows && !shape_.frozen()) {
      shape_.Freeze();
      enough = pass == Pass::kSchema;
      if (enough) return Fail(Code::kCancelled, "the schema is known");
    }
    if (!Keep(row, Count::kYes)) return {};
    const bool learned = selection_.everything() ? shape_.Learn(row.record)
                                                 : shape_.Learn(selection_.Select(row.record));
    if (learned) return {};
    return Fail(Code::kInvalid,
                fmt::format("'{}': there are more than {} different fields, or their names take "
                            "more than {} MiB ({}); name those to keep in output.fields, or use "
                            "the format jsonl",
                            table_.name, kFieldsMax, kFieldBytesMax >> 20, Named(row)));
  });
  if (!status && !enough) return status;
  if (pass == Pass::kAll) shape_.Settle();
  return {};
}

Status TableRows::ForEach(const std::function<Status(const TableRow&)>& use) {
  return ForEachParsed([&](const TableRow& row) -> Status {
    return Keep(row, counted_ ? Count::kNo : Count::kYes) ? use(row) : Status();
  });
}

Status TableRows::ForEachParsed(const std::function<Status(const TableRow&)>& use) {
  std::int64_t number = 0;
  return table_.for_each([&](std::string_view text) -> Status {
    ++number;
    auto json = RawJson::Parse(text);
    if (!json) {
      return Fail(Code::kInvalid,
                  fmt::format("'{}': record {}: {}", table_.name, number, json.error().message));
    }
    return use({.record = json->root(), .number = number});
  });
}

// Whether the policy keeps the row.
bool TableRows::Keep(const TableRow& row, Count count) {
  const SchemaPolicy policy = table_.output.schema_policy;
  if (policy == SchemaPolicy::kEvolve) return true;
  if (policy == SchemaPolicy::kFreeze && count == Count::kNo) return true;
  unknown_.clear();
  if (!selection_.everything()) {
    selection_.FindUnknown(row.record, unknown_);
  } else if (shape_.frozen() && row.number > kSchemaRows) {
    shape_.FindUnknown(row.record, unknown_);
  }
  if (unknown_.empty()) return true;
  if (count == Count::kYes) CountUnknown();
  if (policy == SchemaPolicy::kFreeze) return true;
  if (count == Count::kYes) ++discarded_;
  return false;
}

void TableRows::CountUnknown() {
  std::ranges::sort(unknown_);
  const auto repeated = std::ranges::unique(unknown_);
  unknown_.erase(repeated.begin(), repeated.end());
  for (const std::string& field : unknown_) {
    if (left_out_.size() < kFieldsCounted || left_out_.contains(field)) {
      ++left_out_[field];
    } else {
      ++others_;
    }
  }
}

std::vector<Note> TableRows::Notes() const {
  if (left_out_.empty()) return {};
  std::vector<std::pair<std::int64_t, std::string>> fields;
  for (const auto& [field, rows] : left_out_) fields.emplace_back(-rows, field);
  std::ranges::sort(fields);
  std::string names;
  for (std::size_t i = 0; i < std::min(fields.size(), kFieldsNamed); ++i) {
    names += fmt::format("{}'{}' ({})", i == 0 ? "" : ", ", fields[i].second,
                         RowsText(-fields[i].first));
  }
  if (fields.size() > kFieldsNamed) {
    names +=
        fmt::format(" and {}{} more", others_ > 0 ? "at least " : "", fields.size() - kFieldsNamed);
  }
  const std::string what =
      table_.output.schema_policy == SchemaPolicy::kFreeze
          ? "fields that the schema does not have were left out"
          : fmt::format("{} left out for fields that the schema does not have",
                        discarded_ == 1 ? "1 row was" : fmt::format("{} rows were", discarded_));
  return {{.kind = "schema", .text = fmt::format("'{}': {}: {}", table_.name, what, names)}};
}

std::vector<Shape::Id> TableRows::KeyColumns() const {
  std::vector<Shape::Id> columns;
  for (const JsonPath& path : key_) {
    std::vector<std::string> keys = path.keys();
    if (!selection_.everything()) {
      const auto name = selection_.NameOf(keys);
      if (!name) return {};
      keys = {*name};
    }
    const Shape::Id id = shape_.Find(keys);
    if (id == Shape::kNone || !shape_.field(id).is_column) return {};
    columns.push_back(id);
  }
  return columns;
}

void TableRows::Place(const TableRow& row, Shape::Cells& cells) {
  if (selection_.everything()) {
    shape_.Place(row.record, cells);
  } else {
    shape_.Place(selection_.Select(row.record), cells);
  }
}

std::string TableRows::Named(const TableRow& row) const {
  std::string key;
  for (const JsonPath& path : key_) {
    const auto value = path.Find(row.record);
    key += fmt::format("{}{}={}", key.empty() ? "" : ", ", path.text(),
                       value ? value->json() : "nothing");
  }
  if (key.size() > kKeyBytesNamed) key = key.substr(0, kKeyBytesNamed) + "...";
  return key.empty() ? fmt::format("record {}", row.number)
                     : fmt::format("record {} ({})", row.number, key);
}

}  // namespace sluice
