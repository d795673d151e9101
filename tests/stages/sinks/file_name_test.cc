#include "stages/sinks/file_name.h"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <vector>

#include "stages/sinks/utf8.h"

namespace sluice {
namespace {

const std::string kHex(32, 'a');

struct NameCase {
  std::string title;
  std::string name;
};

TEST(FileSegmentTest, TitlesBecomeSafeNames) {
  const std::vector<NameCase> cases = {
      {"Plain title, @home", "Plain title, @home"},
      {"", "Untitled"},
      {" .~- ", "Untitled"},
      {"a/b\\c:d*e?f\"g<h>i|j", "a-b-c-d-e-f-g-h-i-j"},
      {"--version", "version"},
      {".hidden", "hidden"},
      {"trailing. . ", "trailing"},
      {"tab\tand\nnewline", "tab and newline"},
      {"exe\u202Egpj", "exe gpj"},
      {"\uFEFFbom\u2028line", "bom line"},
      {"CON", "CON"},
      {"bad \xFF byte", "bad \uFFFD byte"},
      {"../../etc/passwd", "etc-passwd"},
  };
  for (const NameCase& c : cases) {
    EXPECT_EQ(FileSegment(c.title, kHex), c.name + " " + kHex) << c.title;
  }
}

TEST(FileSegmentTest, CutsNeverTearACharacterAsReadersSeeIt) {
  const std::string family = "\U0001F468\u200D\U0001F469\u200D\U0001F467";
  const std::string letter = "e\u0301";
  const std::string flag = "\U0001F1E9\U0001F1EA";
  for (const std::string& character : {family, letter, flag}) {
    for (std::size_t offset = 0; offset < character.size(); ++offset) {
      std::string title(offset + 1, 'x');
      while (title.size() < 400) title += character;
      const std::string segment = FileSegment(title, kHex);
      const std::size_t kept = segment.size() - kHex.size() - 1 - offset - 1;
      EXPECT_EQ(kept % character.size(), 0u) << character << " after " << offset;
      EXPECT_GT(kept, 0u);
    }
  }
}

TEST(FileSegmentTest, OneEndlessCombiningSequenceIsCutAnyway) {
  std::string title = "e";
  while (title.size() < 1000) title += "\u0301";
  EXPECT_LE(FileSegment(title, kHex).size() + kExtensionBytesMax, kSegmentBytesMax);
}

// Bytes that are often trouble, often, and any code point otherwise.
std::string RandomTitle(std::mt19937& rng) {
  static const std::vector<std::string> kTrouble = {
      "/",      "\\",     ":",      ".",    " ",    "-",      "~",          "\n",
      "\u202E", "\u200D", "\u0301", "\xFF", "\xC3", "\uFEFF", "\U0001F1E9", std::string(1, '\0')};
  std::string title;
  for (std::size_t left = rng() % 200; left > 0; --left) {
    if (rng() % 3 == 0) {
      title += kTrouble[rng() % kTrouble.size()];
    } else {
      AppendUtf8(title, static_cast<char32_t>(rng() % 0x110000));  // surrogates: invalid UTF-8
    }
  }
  return title;
}

bool IsSafe(std::string_view segment) {
  if (std::string_view(" .-~").find(segment.front()) != std::string_view::npos) return false;
  while (!segment.empty()) {
    const CodePoint next = FirstCodePoint(segment);
    const char32_t c = next.value;
    const bool valid = c != 0xFFFD || segment.starts_with("\uFFFD");
    const bool control = c < 0x20 || (c >= 0x7F && c < 0xA0) || (c >= 0x202A && c <= 0x202E) ||
                         (c >= 0x2066 && c <= 0x2069) || c == 0x200E || c == 0x200F ||
                         c == 0xFEFF || c == 0x2028 || c == 0x2029;
    const bool forbidden = c < 0x80 && std::string_view("<>:\"/\\|?*").find(static_cast<char>(c)) !=
                                           std::string_view::npos;
    if (!valid || control || forbidden) return false;
    segment.remove_prefix(next.bytes);
  }
  return true;
}

TEST(FileSegmentTest, TenThousandRandomTitlesAreSafeShortAndUnique) {
  std::mt19937 rng(20220714);
  std::set<std::string> seen;
  for (int i = 0; i < 10'000; ++i) {
    std::string hex = std::to_string(i);
    hex.insert(0, 32 - hex.size(), '0');
    const std::string segment = FileSegment(RandomTitle(rng), hex);
    ASSERT_LE(segment.size() + kExtensionBytesMax, kSegmentBytesMax) << segment;
    ASSERT_TRUE(IsSafe(segment)) << segment;
    ASSERT_TRUE(seen.insert(segment).second) << segment;
  }
}

TEST(RelativeLinkTest, LeadsFromOneOutputToAnother) {
  const std::vector<std::vector<std::string>> cases = {
      {"A.md", "B.md", "B.md"},
      {"A.md", "A/B c.md", "A/B%20c.md"},
      {"A/B.md", "C.md", "../C.md"},
      {"A/B/C.md", "A/D/E.md", "../D/E.md"},
      {"Ab/x.md", "Ac/x.md", "../Ac/x.md"},
      {"A/B.md", "A/B.md", "B.md"},
      {"", "A/B.md", "A/B.md"},
      {"A.md", "50% (ä)#?.md", "50%25%20%28%C3%A4%29%23%3F.md"},
  };
  for (const auto& c : cases) EXPECT_EQ(RelativeLink(c[0], c[1]), c[2]) << c[0] << " -> " << c[1];
}

}  // namespace
}  // namespace sluice
