#include "stages/sources/notion/json.h"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::notion {

Result<JsonDocument> JsonDocument::Parse(std::string_view text) {
  JsonDocument document;
  document.parser_ = std::make_unique<simdjson::dom::parser>();
  // Allocated here because the parser's own growth falls back to its default depth of 1,024.
  const std::size_t capacity = std::max<std::size_t>(text.size(), 64);
  auto error = document.parser_->allocate(capacity, kJsonDepthMax);
  if (!error) error = document.parser_->parse(text.data(), text.size()).get(document.root_);
  if (!error) return document;
  if (error == simdjson::DEPTH_ERROR) {
    return Fail(Code::kInvalid,
                fmt::format("answer is nested deeper than {} levels", kJsonDepthMax));
  }
  return Fail(Code::kTransient, fmt::format("answer is not whole JSON (it ends at byte {}): {}",
                                            text.size(), simdjson::error_message(error)));
}

std::optional<Json> Get(const Json& json, std::string_view key) {
  simdjson::dom::object object;
  Json value;
  if (json.get(object) || object.at_key(key).get(value) || value.is_null()) return std::nullopt;
  return value;
}

std::optional<Json> GetObject(const Json& json, std::string_view key) {
  const auto value = Get(json, key);
  return value && value->is_object() ? value : std::nullopt;
}

std::optional<Json> GetArrayElement(const Json& json, std::string_view key) {
  const auto value = Get(json, key);
  return value && value->is_array() ? value : std::nullopt;
}

std::string_view GetString(const Json& json, std::string_view key) {
  const auto value = Get(json, key);
  return value ? AsText(*value) : std::string_view();
}

std::string_view AsText(const Json& json) {
  std::string_view text;
  return json.get(text) ? std::string_view() : text;
}

std::size_t ArraySize(const Json& json, std::string_view key) {
  std::size_t size = 0;
  ForEach(json, key, [&](const Json&) { ++size; });
  return size;
}

bool GetBool(const Json& json, std::string_view key) {
  const auto value = Get(json, key);
  bool truth = false;
  return value && !value->get(truth) && truth;
}

std::optional<std::int64_t> GetInt(const Json& json, std::string_view key) {
  const auto value = Get(json, key);
  std::int64_t number = 0;
  if (!value || value->get(number)) return std::nullopt;
  return number;
}

std::vector<Json> GetArray(const Json& json, std::string_view key) {
  const auto value = Get(json, key);
  simdjson::dom::array array;
  if (!value || value->get(array)) return {};
  return {array.begin(), array.end()};
}

std::string NumberText(const Json& number) {
  if (number.is_int64()) return fmt::format("{}", number.get_int64().value_unsafe());
  if (number.is_uint64()) return fmt::format("{}", number.get_uint64().value_unsafe());
  double value = 0;
  if (number.get(value)) return {};
  return fmt::format("{}", value);
}

}  // namespace sluice::notion
