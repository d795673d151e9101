#include "stages/sources/notion/database.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <tuple>
#include <vector>

#include "stages/sources/notion/properties.h"
#include "stages/sources/notion/requests.h"

namespace sluice::notion {
namespace {

struct RowKey {
  std::string created;
  DocumentId id;
  Revision revision;
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

Result<std::vector<RowKey>> SortedRows(RenderContext& context, const DocumentId& database) {
  std::vector<RowKey> rows;
  const Status listed = context.inputs.ForEachChild(database, "page", [&](const DocumentRow& row) {
    if (row.known) {
      rows.push_back({.id = row.id, .revision = row.revision});
    } else {
      AddNote(context, "unavailable", fmt::format("row {} could not be read", row.id.value));
    }
    return true;
  });
  if (!listed) return Fail(listed.error());
  for (RowKey& row : rows) {
    const auto object = RowObject(context, row.id);
    if (!object) return Fail(object.error());
    if (*object) row.created = std::string(GetString((*object)->root(), "created_time"));
  }
  std::sort(rows.begin(), rows.end(), [](const RowKey& a, const RowKey& b) {
    return std::tie(a.created, a.id) < std::tie(b.created, b.id);
  });
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
  for (const RowKey& row : *rows) {
    // A row's long properties are stored as its own answers.
    context.document = row.id;
    context.revision = row.revision;
    const auto json = inputs.Object(row.id);
    if (!json) continue;  // named as missing above
    const auto parsed = ParseObject(row.id, *json);
    if (!parsed) return Fail(parsed.error());
    const auto cells = Cells(context, parsed->root(), columns);
    if (!cells) return Fail(cells.error());
    writer.Row(*cells);
  }
  return rendering;
}

}  // namespace sluice::notion
