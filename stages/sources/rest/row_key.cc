#include "stages/sources/rest/row_key.h"

#include <fmt/format.h>

#include <algorithm>

#include "stages/json/json_path.h"

namespace sluice::rest {

Result<std::string> KeyOf(const JsonValue& record, const std::vector<JsonPathText>& primary_key,
                          const std::vector<std::pair<std::string, std::string>>& from_parent) {
  std::string key;
  for (const JsonPathText& field : primary_key) {
    const auto given = std::find_if(from_parent.begin(), from_parent.end(),
                                    [&](const auto& member) { return member.first == field; });
    std::string value;
    if (given != from_parent.end()) {
      value = given->second;
    } else {
      const auto path = JsonPath::Parse(field);
      if (!path) return Fail(path.error());
      if (const auto found = path->Find(record)) value = found->json();
    }
    if (value.empty() || value == "null") {
      return Fail(Code::kInvalid, fmt::format("has no value for the primary key '{}'", field));
    }
    if (!key.empty()) key += ',';
    key += value;
  }
  return primary_key.size() > 1 ? "[" + key + "]" : key;
}

}  // namespace sluice::rest
