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
  // Fails with Code::kInvalid on anything but one whole JSON document. Copies `text`.
  static Result<JsonDocument> Parse(std::string_view text);
  const Json& root() const { return root_; }

 private:
  std::unique_ptr<simdjson::dom::parser> parser_;
  Json root_;
};

// Of an object; nullopt when there is no such key, it is null, or `json` is no object.
std::optional<Json> Get(const Json& json, std::string_view key);
std::string_view GetString(const Json& json, std::string_view key);
bool GetBool(const Json& json, std::string_view key);
std::optional<std::int64_t> GetInt(const Json& json, std::string_view key);
std::vector<Json> GetArray(const Json& json, std::string_view key);

// A number as text: integers exact, others in the shortest form that reads back as the same value.
std::string NumberText(const Json& number);

}  // namespace sluice::notion
