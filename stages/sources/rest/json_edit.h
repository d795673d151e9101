// Changes to JSON text that leave everything else as it is written, digit by digit. Pure.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "stages/json/raw_json.h"

namespace sluice::rest {

// `body` (an object, or empty: taken as {}) with `value`, a JSON text, at a dotted path of names;
// objects on the way are made. Code::kInvalid: `body` is no object, or something on the way is
// none.
Result<std::string> SetInJson(std::string_view body, std::string_view path, std::string_view value);

// The object with these members at its end; one of its own that has such a name goes.
std::string WithMembers(const JsonValue& object,
                        const std::vector<std::pair<std::string, std::string>>& members);

}  // namespace sluice::rest
