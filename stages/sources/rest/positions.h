// Where a row stands, as bytes whose order is the order of the list. Each level adds twelve bytes:
// partition, page, index in the page; a child's row begins with its parent's. Rows that outlive a
// run begin with the number of the generation that first gave them, so that files grow at the end.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::rest {

void AppendNumber(std::string& position, std::uint32_t number);

// `base`: where the list stands (the parent's row and the partition).
std::string RowPosition(std::string_view base, std::uint32_t page, std::uint32_t index);

std::string ToHex(std::string_view bytes);
// Empty where `hex` is no such text.
std::string FromHex(std::string_view hex);

}  // namespace sluice::rest
