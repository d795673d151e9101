#include "stages/sources/notion/read_json.h"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::notion {
namespace {

// The API nests content by reference, not inside one answer: recorded bodies stay below 20.
constexpr std::size_t kDepthMax = 256;

}  // namespace

Result<Json> ParseJson(simdjson::dom::parser& parser, std::string_view text) {
  Json root;
  simdjson::error_code error = parser.allocate(std::max<std::size_t>(text.size(), 64), kDepthMax);
  if (error == simdjson::SUCCESS) error = parser.parse(text.data(), text.size()).get(root);
  if (error == simdjson::SUCCESS) return root;
  if (error == simdjson::DEPTH_ERROR) {
    return Fail(Code::kInvalid, fmt::format("answer is nested deeper than {} levels", kDepthMax));
  }
  return Fail(Code::kTransient, fmt::format("answer is not whole JSON (it ends at byte {}): {}",
                                            text.size(), simdjson::error_message(error)));
}

std::optional<Json> Field(Json json, std::string_view key) {
  simdjson::dom::object object;
  Json value;
  if (json.get_object().get(object) != simdjson::SUCCESS) return std::nullopt;
  if (object.at_key(key).get(value) != simdjson::SUCCESS || value.is_null()) return std::nullopt;
  return value;
}

std::optional<Json> ObjectField(Json json, std::string_view key) {
  const auto field = Field(json, key);
  return field && field->is_object() ? field : std::nullopt;
}

std::optional<Json> ArrayField(Json json, std::string_view key) {
  const auto field = Field(json, key);
  return field && field->is_array() ? field : std::nullopt;
}

std::string_view Text(Json json, std::string_view key) {
  const auto field = Field(json, key);
  return field ? AsText(*field) : std::string_view();
}

std::string_view AsText(Json json) {
  std::string_view text;
  return json.get_string().get(text) == simdjson::SUCCESS ? text : std::string_view();
}

bool Flag(Json json, std::string_view key) {
  bool value = false;
  const auto field = Field(json, key);
  return field && field->get_bool().get(value) == simdjson::SUCCESS && value;
}

std::size_t ArraySize(Json json, std::string_view key) {
  std::size_t size = 0;
  ForEach(json, key, [&](Json) { ++size; });
  return size;
}

}  // namespace sluice::notion
