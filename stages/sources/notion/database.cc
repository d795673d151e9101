#include "stages/sources/notion/database.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "stages/sources/notion/properties.h"
#include "stages/sources/notion/requests.h"

namespace sluice::notion {
namespace {

// Rows in the order of their creation. All of them are in memory at once, so each takes no more
// than what orders and finds it: 72 bytes, where three strings would take 250.
class RowOrder {
 public:
  void Add(std::string_view created, std::string_view id) {
    rows_.push_back({.at = text_.size(),
                     .created_bytes = static_cast<std::uint32_t>(created.size()),
                     .id_bytes = static_cast<std::uint32_t>(id.size())});
    text_ += created;
    text_ += id;
  }
  void Sort() {
    std::sort(rows_.begin(), rows_.end(), [&](const Row& a, const Row& b) {
      return std::tuple(Created(a), Id(a)) < std::tuple(Created(b), Id(b));
    });
  }
  std::size_t size() const { return rows_.size(); }
  DocumentId operator[](std::size_t index) const {
    return DocumentId(std::string(Id(rows_[index])));
  }

 private:
  struct Row {
    std::size_t at;  // in text_: the creation time, and behind it the id
    std::uint32_t created_bytes;
    std::uint32_t id_bytes;
  };
  std::string_view Created(const Row& row) const {
    return std::string_view(text_).substr(row.at, row.created_bytes);
  }
  std::string_view Id(const Row& row) const {
    return std::string_view(text_).substr(row.at + row.created_bytes, row.id_bytes);
  }

  std::string text_;
  std::vector<Row> rows_;
};

// The first column is the title's.
std::vector<std::string> Columns(const Json& database) {
  std::vector<std::string> names;
  std::string title = "Name";
  const auto json = Get(database, "properties");
  simdjson::dom::object object;
  if (json && !json->get(object)) {
    for (const auto field : object) {
      if (GetString(field.value, "type") == "title") {
        title = std::string(field.key);
      } else {
        names.emplace_back(field.key);
      }
    }
  }
  std::sort(names.begin(), names.end());
  names.insert(names.begin(), title);
  return names;
}

Result<JsonDocument> ParseObject(const DocumentId& id, const std::string& text) {
  auto json = JsonDocument::Parse(text);
  if (!json)
    return Fail(json.error().code, fmt::format("object {}: {}", id.value, json.error().message));
  return json;
}

// nullopt: the row's object is not stored; it is noted as missing.
Result<std::optional<JsonDocument>> RowObject(RenderContext& context, const DocumentId& id) {
  const auto object = context.inputs.Object(id);
  if (!object && object.error().code == Code::kNotFound) {
    context.rendering.missing.push_back(PageRequest(id.value));
    return std::nullopt;
  }
  if (!object) return Fail(object.error());
  auto json = ParseObject(id, *object);
  if (!json) return Fail(json.error());
  return std::optional<JsonDocument>(std::move(*json));
}

Result<RowOrder> SortedRows(RenderContext& context, const DocumentId& database) {
  RowOrder rows;
  Status read;
  const Status listed = context.inputs.ForEachChild(database, "page", [&](const DocumentRow& row) {
    if (!row.known) {
      AddNote(context, "unavailable", fmt::format("row {} could not be read", row.id.value));
      return true;
    }
    const auto object = RowObject(context, row.id);
    if (!object) {
      read = Fail(object.error());
      return false;
    }
    // Without its object it is named as missing, and this rendering comes to nothing.
    if (*object) rows.Add(GetString((*object)->root(), "created_time"), row.id.value);
    return true;
  });
  if (!listed) return Fail(listed.error());
  if (!read) return Fail(read.error());
  rows.Sort();
  return rows;
}

Result<std::vector<std::string>> Cells(RenderContext& context, const Json& row,
                                       const std::vector<std::string>& columns) {
  std::vector<std::string> cells;
  const auto properties = Get(row, "properties");
  for (const std::string& column : columns) {
    const auto property = properties ? Get(*properties, column) : std::nullopt;
    auto value = property ? ReadProperty(context, *property) : Result<PropertyValue>();
    if (!value) return Fail(value.error());
    cells.push_back(CellText(*value));
  }
  return cells;
}

}  // namespace

Result<Rendering> RenderDatabaseCsv(const DocumentRow& database, DocumentInputs& inputs,
                                    TextSink& out, const CsvOptions& csv) {
  Rendering rendering;
  RenderContext context{.inputs = inputs,
                        .rendering = rendering,
                        .document = database.id,
                        .revision = database.revision,
                        .from_path = database.path};
  const auto object = inputs.Object(database.id);
  if (!object && object.error().code == Code::kNotFound) {
    rendering.missing.push_back(DatabaseRequest(database.id.value));
    return rendering;
  }
  if (!object) return Fail(object.error());
  const auto schema = ParseObject(database.id, *object);
  if (!schema) return Fail(schema.error());
  const std::vector<std::string> columns = Columns(schema->root());
  const auto rows = SortedRows(context, database.id);
  if (!rows) return Fail(rows.error());
  CsvWriter writer(out, csv);
  writer.Row(columns);
  for (std::size_t i = 0; i < rows->size(); ++i) {
    const DocumentId id = (*rows)[i];
    const auto row = inputs.Find(id);
    const auto json = inputs.Object(id);
    if (!row || !json) continue;  // gone meanwhile: this is rendered once more
    // A row's long properties are stored as its own answers.
    context.document = id;
    context.revision = row->revision;
    const auto parsed = ParseObject(id, *json);
    if (!parsed) return Fail(parsed.error());
    const auto cells = Cells(context, parsed->root(), columns);
    if (!cells) return Fail(cells.error());
    writer.Row(*cells);
  }
  return rendering;
}

}  // namespace sluice::notion
