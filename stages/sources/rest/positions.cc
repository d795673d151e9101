#include "stages/sources/rest/positions.h"

#include <charconv>

namespace sluice::rest {

void AppendNumber(std::string& position, std::uint32_t number) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    position += static_cast<char>((number >> shift) & 0xFF);
  }
}

std::string RowPosition(std::string_view base, std::uint32_t page, std::uint32_t index) {
  std::string position(base);
  AppendNumber(position, page);
  AppendNumber(position, index);
  return position;
}

std::string ToHex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  hex.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    hex += kDigits[byte >> 4];
    hex += kDigits[byte & 15];
  }
  return hex;
}

std::string FromHex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    unsigned byte = 0;
    const char* end = hex.data() + i + 2;
    if (std::from_chars(hex.data() + i, end, byte, 16).ptr != end) return {};
    bytes += static_cast<char>(byte);
  }
  return bytes;
}

}  // namespace sluice::rest
