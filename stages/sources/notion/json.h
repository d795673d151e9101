// Reading JSON that came from the network: simdjson's DOM parser, which validates all of it, and
// getters that give an empty value where a key is absent or of another type.
#pragma once

#include <simdjson.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/base/result.h"

namespace sluice::notion {

using Json = simdjson::dom::element;

// Deeper documents are refused.
inline constexpr std::size_t kJsonDepthMax = 256;

// A parsed document. Its elements and strings live as long as it does. Movable.
class JsonDocument {
 public:
  // Copies `text`. Code::kTransient where it is cut or broken anywhere (ask again); Code::kInvalid
  // where it is nested deeper than kJsonDepthMax.
  static Result<JsonDocument> Parse(std::string_view text);
  const Json& root() const { return root_; }

 private:
  std::unique_ptr<simdjson::dom::parser> parser_;
  Json root_;
};

// Of an object; nullopt when there is no such key, it is null, or `json` is no object.
std::optional<Json> Get(const Json& json, std::string_view key);
std::optional<Json> GetObject(const Json& json, std::string_view key);
std::optional<Json> GetArrayElement(const Json& json, std::string_view key);
std::string_view GetString(const Json& json, std::string_view key);
bool GetBool(const Json& json, std::string_view key);
std::optional<std::int64_t> GetInt(const Json& json, std::string_view key);
std::vector<Json> GetArray(const Json& json, std::string_view key);

std::size_t ArraySize(const Json& json, std::string_view key);
// The value of a string element; empty where it is none.
std::string_view AsText(const Json& json);

// Calls `use` with each element of an array; with none where `json` is no array.
template <class Use>
void ForEach(const Json& json, Use use) {
  simdjson::dom::array array;
  if (json.get_array().get(array) != simdjson::SUCCESS) return;
  for (const Json item : array) use(item);
}
// The same for the array of that name.
template <class Use>
void ForEach(const Json& json, std::string_view key, Use use) {
  if (const auto field = Get(json, key)) ForEach(*field, use);
}
// Calls `use` with each member's value of an object; with none where `json` is no object.
template <class Use>
void ForEachValue(const Json& json, Use use) {
  simdjson::dom::object object;
  if (json.get_object().get(object) != simdjson::SUCCESS) return;
  for (const auto [key, value] : object) use(value);
}

// A number as text: integers exact, others in the shortest form that reads back as the same value.
std::string NumberText(const Json& number);

}  // namespace sluice::notion
