// What the comparison with Notion's own export sees, and what it is blind to.
#include "tests/support/markdown_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct LineCase {
  std::string name;
  std::string line;
  std::string words;  // joined by a space
};
void PrintTo(const LineCase& test, std::ostream* out) { *out << test.name; }

class VisibleWordsTest : public testing::TestWithParam<LineCase> {};

TEST_P(VisibleWordsTest, AreThoseAReaderSees) {
  std::string joined;
  for (const std::string& word : VisibleWords(GetParam().line)) {
    joined += (joined.empty() ? "" : " ") + word;
  }
  EXPECT_EQ(joined, GetParam().words);
}

INSTANTIATE_TEST_SUITE_P(
    Lines, VisibleWordsTest,
    testing::Values(LineCase{"Plain", "This is a simple paragraph.", "This is a simple paragraph"},
                    LineCase{"Emphasis", "<u>*This* **paragraph**</u> ~~`some`~~",
                             "This paragraph some"},
                    LineCase{"EmphasisInAWord", "**un**done", "undone"},
                    LineCase{"Escapes", R"(2\*3 \[x\]\!)", "23 x"},
                    LineCase{"Heading", "## Medium *toggle* heading", "Medium toggle heading"},
                    LineCase{"Bullet", "    - foo", "foo"}, LineCase{"Number", "12. foo", "foo"},
                    LineCase{"Done", "- [x]  take a long vacation", "take a long vacation"},
                    LineCase{"Quote", "> quoted", "quoted"}, LineCase{"Callout", "> [!NOTE]", ""},
                    LineCase{"Comment", "<!-- notion:column 1 -->", ""},
                    LineCase{"Summary", "<summary>Toggle</summary>", "Toggle"},
                    LineCase{"Image", R"(<img src="a.png" alt="b" /> Orange)", "Orange"},
                    LineCase{"Link", "[This **link**.](https://a.b/c?d=e)", "This link"},
                    LineCase{"LinkWithBrackets", "[a](https://b/c(d)e) f", "a f"},
                    LineCase{"LinkInALink", "[a [b](c) d](e)", "a b d"},
                    LineCase{"EmptyLink", "[](x.csv) is mentioned.", "is mentioned"},
                    LineCase{"NoLink", "[a] (b)", "a b"},
                    LineCase{"Percent", "entry%203%2045d8.md", "entry 3 45d8 md"},
                    LineCase{"NoPercent", "100% of 5%", "100 of 5"},
                    LineCase{"TableRow", "| **ich** | bin |", "ich bin"},
                    LineCase{"TableRule", "| --- | --- |", ""},
                    LineCase{"BeyondAscii", "I 😍 Notion – größer", "I 😍 Notion – größer"},
                    LineCase{"Date", "on July 14, 2022.", "on 20220714"}),
    [](const auto& test) { return test.param.name; });

struct DateCase {
  std::string text;
  std::string plain;
};
void PrintTo(const DateCase& test, std::ostream* out) { *out << test.text; }

class PlainDateTest : public testing::TestWithParam<DateCase> {};

TEST_P(PlainDateTest, IsTheSameInEveryNotation) {
  EXPECT_EQ(WithPlainDates(GetParam().text), GetParam().plain);
}

INSTANTIATE_TEST_SUITE_P(
    Notations, PlainDateTest,
    testing::Values(DateCase{"July 4, 2022", "20220704"}, DateCase{"2022-07-04", "20220704"},
                    DateCase{"July 14, 2022 8:03 PM", "20220714T2003"},
                    DateCase{"July 14, 2022 20:03", "20220714T2003"},
                    DateCase{"July 14, 2022 12:03 AM", "20220714T0003"},
                    DateCase{"2022-07-14T18:03:00.000Z", "20220714T2003"},
                    DateCase{"2022-07-14T20:03:00.000+02:00", "20220714T2003"},
                    DateCase{"2022-07-14T23:03:00.000Z", "20220715T0103"},
                    DateCase{"from July 4, 2022 to 2022-07-05", "from 20220704 to 20220705"},
                    DateCase{"version 2022-1", "version 2022-1"}));

TEST(VisibleLinesTest, LinesThatShowNothingAreLeftOut) {
  const auto lines = VisibleLines("a\n\n---\n<br>\nb");
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_THAT(lines[1].words, ElementsAre("b"));
}

TEST(VisibleLinesTest, ALineThatIsOneLinkKeepsItsTarget) {
  const auto lines = VisibleLines("[a](b(c))\n[a](b) c\n");
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0].link, "b(c)");
  EXPECT_THAT(lines[1].link, IsEmpty());
}

TEST(ContainsInOrderTest, FindsWordsAmongOthers) {
  EXPECT_TRUE(ContainsInOrder({"a", "b", "c"}, {"a", "c"}));
  EXPECT_TRUE(ContainsInOrder({"a"}, {}));
}

TEST(ContainsInOrderTest, MissesWhatIsLostOrInAnotherOrder) {
  EXPECT_FALSE(ContainsInOrder({"a", "b"}, {"c"}));
  EXPECT_FALSE(ContainsInOrder({"a", "b"}, {"b", "a"}));
  EXPECT_FALSE(ContainsInOrder({"a", "b"}, {"a", "a"}));
}

TEST(ParseCsvTest, ReadsQuotesLineEndsAndByteOrderMark) {
  const auto rows = ParseCsv(
      "\xef\xbb\xbf"
      "a,\"b, \"\"c\"\"\"\r\n,\"d\ne\"\r\n");
  EXPECT_THAT(rows, ElementsAre(ElementsAre("a", "b, \"c\""), ElementsAre("", "d\ne")));
}

}  // namespace
}  // namespace sluice
