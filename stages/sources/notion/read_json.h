// Reading JSON that may be hostile: every accessor takes whatever it is given and answers "absent"
// where the type is not the expected one. Elements are views into the parser that made them.
#pragma once

#include <simdjson.h>

#include <optional>
#include <string_view>

#include "storage/base/result.h"

namespace sluice::notion {

using Json = simdjson::dom::element;

// Parses all of `text`. Code::kTransient where it is cut or broken anywhere (ask again);
// Code::kInvalid where it is nested deeper than 256 levels. The element lives as long as `parser`
// and until its next use.
Result<Json> ParseJson(simdjson::dom::parser& parser, std::string_view text);

// The member of that name; nullopt where `json` is no object, has no such member, or it is null.
std::optional<Json> Field(Json json, std::string_view key);
std::optional<Json> ObjectField(Json json, std::string_view key);
std::optional<Json> ArrayField(Json json, std::string_view key);
// Empty where the member is absent or no string.
std::string_view Text(Json json, std::string_view key);
// The value of a string element; empty where it is none.
std::string_view AsText(Json json);
// False where the member is absent or no boolean.
bool Flag(Json json, std::string_view key);
// The length of the array of that name; 0 where there is none.
std::size_t ArraySize(Json json, std::string_view key);

// Calls `use` with each element of an array; with none where `json` is no array.
template <class Use>
void ForEach(Json json, Use use) {
  simdjson::dom::array array;
  if (json.get_array().get(array) != simdjson::SUCCESS) return;
  for (const Json item : array) use(item);
}

template <class Use>
void ForEach(Json json, std::string_view key, Use use) {
  if (const auto field = Field(json, key)) ForEach(*field, use);
}

// Calls `use` with each member's value of an object; with none where `json` is no object.
template <class Use>
void ForEachValue(Json json, Use use) {
  simdjson::dom::object object;
  if (json.get_object().get(object) != simdjson::SUCCESS) return;
  for (const auto [key, value] : object) use(value);
}

}  // namespace sluice::notion
