// Percent-encoding (RFC 3986, section 2.1).
#pragma once

#include <string>
#include <string_view>

namespace sluice {

// All but the unreserved characters.
std::string PercentEncode(std::string_view text);

}  // namespace sluice
