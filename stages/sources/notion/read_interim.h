// What the reading side needs of file naming and of property values.
#pragma once

#include <simdjson.h>

#include <string>
#include <string_view>

namespace sluice::notion {

// "Title 0123...cdef": one path segment, at most 200 bytes of title, without characters that a
// common file system refuses.
std::string FileSegment(std::string_view title, std::string_view hex_id);
// Whether a page object holds this property value only in part, so that the property must be asked
// for by itself.
bool NeedsPropertyRequest(const simdjson::dom::element& property);

}  // namespace sluice::notion
