#include "stages/sources/notion/properties.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "stages/sinks/utf8.h"
#include "stages/sources/notion/requests.h"

namespace sluice::notion {
namespace {

using Shape = PropertyValue::Shape;

// What a page object gives of a title, text, people or relation (Notion API reference, "Retrieve a
// page": 25 page or person references).
constexpr std::size_t kReferencesMax = 25;

PropertyValue Text(std::string_view text) {
  if (text.empty()) return {};
  return {.shape = Shape::kText, .text = std::string(text)};
}

PropertyValue List(std::vector<std::string> items) {
  if (items.empty()) return {};
  return {.shape = Shape::kList, .items = std::move(items)};
}

PropertyValue Truth(const Json& value) {
  const auto truth = value.get_bool();
  if (truth.error()) return {};
  return {.shape = Shape::kBool, .text = truth.value_unsafe() ? "true" : "false"};
}

std::string DateText(const Json& date) {
  std::string text(GetString(date, "start"));
  if (const auto end = GetString(date, "end"); !end.empty()) text += fmt::format(" → {}", end);
  const auto zone = GetString(date, "time_zone");
  return zone.empty() ? text : fmt::format("{} ({})", text, zone);
}

std::string UniqueIdText(const Json& value) {
  const auto number = Get(value, "number");
  if (!number) return {};
  const std::string_view prefix = GetString(value, "prefix");
  return fmt::format("{}{}{}", prefix, prefix.empty() ? "" : "-", NumberText(*number));
}

std::string PlaceText(const Json& place) {
  std::string text;
  for (const std::string_view key : {"name", "address"}) {
    const auto part = GetString(place, key);
    if (!part.empty()) text += fmt::format("{}{}", text.empty() ? "" : ", ", part);
  }
  const auto lat = Get(place, "lat");
  const auto lon = Get(place, "lon");
  if (!lat || !lon) return text;
  return fmt::format("{}{}({}, {})", text, text.empty() ? "" : " ", NumberText(*lat),
                     NumberText(*lon));
}

std::string FileText(const Json& file) {
  std::string url = FileUrl(file);
  return url.empty() ? std::string(GetString(file, "name")) : url;
}

// Values that both an object and an answer to PropertyRequest() may hold: `items` are the elements
// of the array (of a page object) or of the list (of answers).
std::string PlainTextOf(RenderContext& context, const std::vector<Json>& items) {
  std::string text;
  for (const Run& run : ReadRuns(context, items)) {
    text += run.kind == Run::Kind::kBreak ? "\n" : run.text;
  }
  return text;
}

PropertyValue ListOf(RenderContext& context, std::string_view type,
                     const std::vector<Json>& items) {
  if (type == "title" || type == "rich_text") return Text(PlainTextOf(context, items));
  std::vector<std::string> texts;
  for (const Json& item : items) {
    if (type == "people") texts.push_back(UserName(context, item));
    if (type == "relation") texts.push_back(DocumentHref(context, GetString(item, "id")));
    if (type == "multi_select") texts.emplace_back(GetString(item, "name"));
    if (type == "files") texts.push_back(FileText(item));
  }
  return List(std::move(texts));
}

bool IsList(std::string_view type) {
  return type == "title" || type == "rich_text" || type == "people" || type == "relation" ||
         type == "multi_select" || type == "files";
}

Result<PropertyValue> ReadTyped(RenderContext& context, std::string_view type, const Json& holder);

Result<PropertyValue> Rollup(RenderContext& context, const Json& rollup) {
  if (GetString(rollup, "type") != "array")
    return ReadTyped(context, GetString(rollup, "type"), rollup);
  std::vector<std::string> texts;
  for (const Json& item : GetArray(rollup, "array")) {
    auto value = ReadTyped(context, GetString(item, "type"), item);
    if (!value) return value;
    if (value->shape != Shape::kEmpty) texts.push_back(CellText(*value));
  }
  return List(std::move(texts));
}

std::string VerificationText(RenderContext& context, const Json& value) {
  std::string text(GetString(value, "state"));
  if (const auto by = Get(value, "verified_by")) text += " by " + UserName(context, *by);
  if (const auto date = Get(value, "date")) text += ", " + DateText(*date);
  return text;
}

PropertyValue Unknown(RenderContext& context, std::string_view type, const Json& value) {
  AddNote(context, "unknown-property", fmt::format("property of type '{}' is shown as JSON", type));
  return Text(std::string(simdjson::minify(value)));
}

// The value under the key `type` of `holder`.
Result<PropertyValue> ReadTyped(RenderContext& context, std::string_view type, const Json& holder) {
  if (IsList(type)) return ListOf(context, type, GetArray(holder, type));
  if (type == "unsupported" || type == "incomplete") {
    AddNote(context, "unsupported", fmt::format("a computed property is given as '{}'", type));
    return PropertyValue{};
  }
  const auto value = Get(holder, type);
  if (!value || type == "button") return PropertyValue{};
  if (type == "number") return PropertyValue{.shape = Shape::kNumber, .text = NumberText(*value)};
  if (type == "checkbox" || type == "boolean") return Truth(*value);
  if (type == "select" || type == "status") return Text(GetString(*value, "name"));
  if (type == "date") return Text(DateText(*value));
  if (type == "formula") return ReadTyped(context, GetString(*value, "type"), *value);
  if (type == "rollup") return Rollup(context, *value);
  if (type == "created_by" || type == "last_edited_by" || type == "last_visited_by") {
    return Text(UserName(context, *value));
  }
  if (type == "unique_id") return Text(UniqueIdText(*value));
  if (type == "verification") return Text(VerificationText(context, *value));
  if (type == "place" || type == "location") return Text(PlaceText(*value));
  std::string_view text;
  if (!value->get(text)) return Text(text);  // url, email, phone_number, string, the times
  return Unknown(context, type, *value);
}

// A list that lives in stored answers, with the documents that its elements point into.
struct WholeList {
  std::vector<JsonDocument> documents;
  std::vector<Json> items;
  bool complete = false;
};

// Elements must outlive the answer, which ForEachAnswer() drops.
Status AddResult(WholeList& whole, std::string_view type, const Json& result) {
  auto copy = JsonDocument::Parse(std::string(simdjson::minify(result)));
  if (!copy) return Fail(copy.error());
  whole.documents.push_back(std::move(*copy));
  const Json& kept = whole.documents.back().root();
  const auto item = Get(kept, type);
  if (!item) return {};
  if (item->is_array()) {
    const auto items = GetArray(kept, type);
    whole.items.insert(whole.items.end(), items.begin(), items.end());
  } else {
    whole.items.push_back(*item);
  }
  return {};
}

Status AddAnswer(WholeList& whole, std::string_view type, const ParsedAnswer& answer) {
  if (GetString(answer.root(), "object") != "list") return AddResult(whole, type, answer.root());
  return answer.ForEachResult([&](const Json& result) { return AddResult(whole, type, result); });
}

// What PropertyRequest() brought, or, where that is refused or not stored yet, what the object has.
Result<WholeList> ReadWhole(RenderContext& context, const Json& property) {
  const std::string_view type = GetString(property, "type");
  const std::string_view id = GetString(property, "id");
  WholeList whole;
  if (NeedsPropertyRequest(property)) {
    const auto request_for = [&](std::string_view cursor) {
      return PropertyRequest(context.document, context.revision, id, cursor);
    };
    const auto end = ForEachAnswer(context, request_for, [&](const ParsedAnswer& answer) {
      return AddAnswer(whole, type, answer);
    });
    if (!end) return Fail(end.error());
    if (end->kind == ListEnd::Kind::kComplete) return whole;
    if (end->kind == ListEnd::Kind::kRefused) {
      AddNote(context, "truncated",
              fmt::format("property {} is cut short: the rest was refused "
                          "(HTTP {})",
                          id, end->status));
    }
  }
  return WholeList{.items = GetArray(property, type)};
}

}  // namespace

bool NeedsPropertyRequest(const Json& property) {
  const std::string_view type = GetString(property, "type");
  if (type == "relation") return GetBool(property, "has_more");
  return (type == "title" || type == "rich_text" || type == "people") &&
         GetArray(property, type).size() >= kReferencesMax;
}

Result<PropertyValue> ReadProperty(RenderContext& context, const Json& property) {
  const std::string_view type = GetString(property, "type");
  if (!IsList(type)) return ReadTyped(context, type, property);
  const auto whole = ReadWhole(context, property);
  if (!whole) return Fail(whole.error());
  return ListOf(context, type, whole->items);
}

Result<std::vector<Run>> ReadPropertyRuns(RenderContext& context, const Json& property) {
  const auto whole = ReadWhole(context, property);
  if (!whole) return Fail(whole.error());
  return ReadRuns(context, whole->items);
}

std::string YamlString(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const CodePoint next = FirstCodePoint(text);
    text.remove_prefix(next.bytes);
    const char32_t c = next.value;
    // YAML 1.2 section 5.1: what is not printable must be escaped.
    const bool hidden = c < ' ' || (c >= 0x7F && c <= 0xA0) || c == 0x2028 || c == 0x2029 ||
                        c == 0xFEFF || (c & 0xFFFE) == 0xFFFE;
    if (c == '"' || c == '\\') {
      out.append({'\\', static_cast<char>(c)});
    } else if (c == '\n') {
      out += "\\n";
    } else if (hidden) {
      out += fmt::format("\\U{:08X}", static_cast<std::uint32_t>(c));
    } else {
      AppendUtf8(out, c);
    }
  }
  return out + "\"";
}

std::string YamlValue(const PropertyValue& value) {
  switch (value.shape) {
    case Shape::kEmpty:
      return "null";
    case Shape::kText:
      return YamlString(value.text);
    case Shape::kNumber:
    case Shape::kBool:
      return value.text;
    case Shape::kList:
      break;
  }
  std::string list = "[";
  for (const std::string& item : value.items) {
    list += fmt::format("{}{}", list.size() > 1 ? ", " : "", YamlString(item));
  }
  return list + "]";
}

std::string CellText(const PropertyValue& value) {
  if (value.shape == Shape::kBool) return value.text == "true" ? "Yes" : "No";
  if (value.shape == Shape::kList) return fmt::format("{}", fmt::join(value.items, ", "));
  return value.text;
}

}  // namespace sluice::notion
