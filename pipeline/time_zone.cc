#include "pipeline/time_zone.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <fstream>

namespace sluice {

// Debian's tzdata; the format is RFC 8536, which begins with "TZif".
bool IsTimeZone(const std::string& name) {
  const bool plain = std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '_' || c == '+' || c == '-' || c == '/';
  });
  if (name.empty() || !plain || name.front() == '/') return false;
  std::ifstream file(std::filesystem::path("/usr/share/zoneinfo") / name, std::ios::binary);
  std::array<char, 4> magic{};
  file.read(magic.data(), magic.size());
  return file && std::string_view(magic.data(), magic.size()) == "TZif";
}

}  // namespace sluice
