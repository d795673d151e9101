// What makes a record the same when it comes again. Pure.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "stages/json/raw_json.h"
#include "stages/sources/rest/rest_spec.h"

namespace sluice::rest {

// The JSON text of the key's value, or of the list of its values; empty where `primary_key` is. A
// field may be one of those that the record gets from its parent. Code::kInvalid: one is missing or
// null.
Result<std::string> KeyOf(const JsonValue& record, const std::vector<JsonPathText>& primary_key,
                          const std::vector<std::pair<std::string, std::string>>& from_parent);

}  // namespace sluice::rest
