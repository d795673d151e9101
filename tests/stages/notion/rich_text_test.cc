// Inline Markdown as a table: runs in, one paragraph out.
#include "stages/sources/notion/rich_text.h"

#include <gtest/gtest.h>

namespace sluice::notion {
namespace {

Run Plain(std::string text) { return {.text = std::move(text)}; }
Run Bold(std::string text) { return {.text = std::move(text), .style = {.bold = true}}; }
Run Italic(std::string text) { return {.text = std::move(text), .style = {.italic = true}}; }
Run Link(std::string text) { return {.text = std::move(text), .style = {.href = "https://e.org"}}; }

struct Case {
  const char* name;
  std::vector<Run> runs;
  const char* markdown;
};

class InlineTest : public testing::TestWithParam<Case> {};

TEST_P(InlineTest, ReadsAsItLooks) {
  EXPECT_EQ(InlineMarkdown(GetParam().runs, InlinePlace::kParagraph), GetParam().markdown);
}

INSTANTIATE_TEST_SUITE_P(
    Table, InlineTest,
    testing::Values(Case{"ExclamationStaysAsItIs", {Plain("Thanks!")}, "Thanks!"},
                    Case{"ExclamationBeforeALinkIsNoImage",
                         {Plain("Look!"), Link("here")},
                         "Look\\![here](https://e.org)"},
                    Case{"SnakeCaseIsNotEscaped", {Plain("snake_case_name")}, "snake_case_name"},
                    Case{"AStarIsEscapedWhereItWouldOpen", {Plain("*not bold*")}, "\\*not bold\\*"},
                    Case{"NumberedLineStartIsEscaped", {Plain("1. Notion")}, "1\\. Notion"},
                    Case{"BoldInsideAWordHasStars",
                         {Plain("un"), Bold("frigging"), Plain("believable")},
                         "un**frigging**believable"},
                    Case{"CloserBeforeALetterFallsBackToHtml",
                         {Bold("equa-"), Plain("tion")},
                         "<strong>equa-</strong>tion"},
                    Case{"MarkersNest",
                         {Bold("a "), {.text = "b", .style = {.bold = true, .italic = true}}},
                         "**a *b***"},
                    Case{"ItalicUsesStars", {Italic("x")}, "*x*"}),
    [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace sluice::notion
