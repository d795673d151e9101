#include "stages/sinks/file_name.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "stages/sinks/utf8.h"

namespace sluice {
namespace {

constexpr std::string_view kForbidden = "<>:\"/\\|?*";  // Windows and, of these, '/' everywhere

struct Range {
  char32_t first;
  char32_t last;
};

// Controls, line separators and everything that turns the reading direction: a name must look
// like what it is.
constexpr std::array kInvisible = {
    Range{0x00, 0x1F},     Range{0x7F, 0x9F},     Range{0x200E, 0x200F},
    Range{0x2028, 0x202E}, Range{0x2066, 0x2069}, Range{0xFEFF, 0xFEFF},
};

// Code points that continue the character before them: combining marks of the scripts in common
// use (whole mark blocks; in Indic blocks the vowel signs), joiners, variation selectors, skin
// tones, tags. Not the full table of Unicode TR 29: a wrong cut costs beauty, never validity.
constexpr std::array kContinuing = {
    Range{0x0300, 0x036F},   Range{0x0483, 0x0489},   Range{0x0591, 0x05BD},
    Range{0x05BF, 0x05C7},   Range{0x0610, 0x061A},   Range{0x064B, 0x065F},
    Range{0x0670, 0x0670},   Range{0x06D6, 0x06DC},   Range{0x0900, 0x0903},
    Range{0x093A, 0x094F},   Range{0x0981, 0x0983},   Range{0x09BC, 0x09CD},
    Range{0x0A3C, 0x0A4D},   Range{0x0ABC, 0x0ACD},   Range{0x0B3C, 0x0B57},
    Range{0x0BBE, 0x0BCD},   Range{0x0C3E, 0x0C56},   Range{0x0CBC, 0x0CCD},
    Range{0x0D3B, 0x0D4D},   Range{0x0E31, 0x0E31},   Range{0x0E34, 0x0E3A},
    Range{0x0E47, 0x0E4E},   Range{0x1160, 0x11FF},   Range{0x1AB0, 0x1AFF},
    Range{0x1DC0, 0x1DFF},   Range{0x200C, 0x200D},   Range{0x20D0, 0x20FF},
    Range{0x302A, 0x302F},   Range{0x3099, 0x309A},   Range{0xFE00, 0xFE0F},
    Range{0xFE20, 0xFE2F},   Range{0x1F3FB, 0x1F3FF}, Range{0xE0020, 0xE007F},
    Range{0xE0100, 0xE01EF},
};
constexpr char32_t kZeroWidthJoiner = 0x200D;

template <std::size_t N>
bool InAny(const std::array<Range, N>& ranges, char32_t c) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [c](Range range) { return c >= range.first && c <= range.last; });
}

bool IsRegionalIndicator(char32_t c) { return c >= 0x1F1E6 && c <= 0x1F1FF; }

std::string Replaced(std::string_view title) {
  std::string out;
  while (!title.empty()) {
    const CodePoint next = FirstCodePoint(title);
    title.remove_prefix(next.bytes);
    const bool forbidden =
        next.value < 0x80 && kForbidden.find(static_cast<char>(next.value)) != kForbidden.npos;
    const bool space = next.value == ' ' || InAny(kInvisible, next.value);
    if (forbidden) {
      out.push_back('-');
    } else if (!space) {
      AppendUtf8(out, next.value);
    } else if (!out.empty() && out.back() != ' ') {
      out.push_back(' ');
    }
  }
  return out;
}

// No leading '.', '-' or '~' (hidden, an option, a home); no trailing '.' or ' ' (Windows drops
// them).
std::string_view Trimmed(std::string_view name) {
  const std::size_t first = name.find_first_not_of(" .-~");
  if (first == name.npos) return {};
  return name.substr(first, name.find_last_not_of(" .") + 1 - first);
}

// Where `name` may be cut so that at most `bytes_max` remain and no visible character is torn.
std::size_t CutBefore(std::string_view name, std::size_t bytes_max) {
  std::size_t whole_character = 0;
  std::size_t at = 0;
  char32_t previous = 0;
  int indicators = 0;  // regional indicators in a row before `at`: two make one flag
  std::size_t whole_code_point = 0;
  while (at <= bytes_max && at < name.size()) {
    const CodePoint next = FirstCodePoint(name.substr(at));
    const bool flag_half = IsRegionalIndicator(next.value) && indicators % 2 == 1;
    if (!InAny(kContinuing, next.value) && previous != kZeroWidthJoiner && !flag_half) {
      whole_character = at;
    }
    whole_code_point = at;
    indicators = IsRegionalIndicator(next.value) ? indicators + 1 : 0;
    previous = next.value;
    at += next.bytes;
  }
  // A single character longer than the limit exists only in hostile titles.
  return whole_character > 0 ? whole_character : whole_code_point;
}

void AppendEncoded(std::string& out, std::string_view path) {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  for (const char c : path) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-_.~/").find(c) != std::string_view::npos;
    if (plain) {
      out.push_back(c);
    } else {
      const auto byte = static_cast<std::uint8_t>(c);
      out.append({'%', kHex[byte >> 4], kHex[byte & 15]});
    }
  }
}

}  // namespace

std::string FileSegment(std::string_view title, std::string_view hex_id) {
  const std::size_t title_bytes_max = kSegmentBytesMax - kExtensionBytesMax - 1 - hex_id.size();
  const std::string replaced = Replaced(title);
  std::string_view name = Trimmed(replaced);
  if (name.size() > title_bytes_max)
    name = Trimmed(name.substr(0, CutBefore(name, title_bytes_max)));
  std::string segment(name.empty() ? std::string_view("Untitled") : name);
  segment.push_back(' ');
  segment += hex_id;
  return segment;
}

std::string RelativeLink(std::string_view from_path, std::string_view to_path) {
  std::size_t common = 0;  // bytes of the folders that both share, with the last '/'
  for (std::size_t i = 0; i < from_path.size() && i < to_path.size(); ++i) {
    if (from_path[i] != to_path[i]) break;
    if (from_path[i] == '/') common = i + 1;
  }
  std::string link;
  for (const char c : from_path.substr(common)) {
    if (c == '/') link += "../";
  }
  AppendEncoded(link, to_path.substr(common));
  return link;
}

}  // namespace sluice
