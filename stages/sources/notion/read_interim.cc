#include "stages/sources/notion/read_interim.h"

#include "stages/sources/notion/read_json.h"

namespace sluice::notion {
namespace {

constexpr std::size_t kTitleBytesMax = 200;
// Notion API reference, "Retrieve a page": at most 25 references of a property come with the page,
// and only relations say so (has_more).
constexpr std::size_t kReferencesMax = 25;

bool Forbidden(unsigned char c) {
  return c < 0x20 || c == 0x7F ||
         std::string_view("<>:\"/\\|?*").find(static_cast<char>(c)) != std::string_view::npos;
}

}  // namespace

std::string FileSegment(std::string_view title, std::string_view hex_id) {
  std::string name;
  for (const char c : title) name += Forbidden(static_cast<unsigned char>(c)) ? '-' : c;
  if (name.size() > kTitleBytesMax) {
    std::size_t end = kTitleBytesMax;
    while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xC0) == 0x80) --end;
    name.resize(end);
  }
  const std::size_t from = name.find_first_not_of(" .");
  const std::size_t to = name.find_last_not_of(" .");
  name = from == std::string::npos ? "Untitled" : name.substr(from, to - from + 1);
  return name + " " + std::string(hex_id);
}

bool NeedsPropertyRequest(const Json& property) {
  if (Flag(property, "has_more")) return true;
  for (const std::string_view key : {"title", "rich_text", "people", "relation"}) {
    if (ArraySize(property, key) >= kReferencesMax) return true;
  }
  return false;
}

}  // namespace sluice::notion
