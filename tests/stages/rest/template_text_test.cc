#include "stages/sources/rest/template_text.h"

#include <gtest/gtest.h>

namespace sluice::rest {
namespace {

std::string Fill(std::string_view text, TemplateText::Encoding encoding) {
  const auto parsed = TemplateText::Parse(text);
  if (!parsed) return parsed.error().message;
  return parsed
      ->Fill(
          [](std::string_view name) -> std::optional<std::string> {
            if (name == "resources.repos.name") return "a/b c";
            if (name == "partition.kind") return "movies";
            return std::nullopt;
          },
          encoding)
      .value_or("no value");
}

TEST(TemplateTextTest, PlaceholdersAreFilledIn) {
  EXPECT_EQ(Fill("/{partition.kind}/x", TemplateText::Encoding::kPlain), "/movies/x");
}

TEST(TemplateTextTest, InUrlsOnlyTheValuesAreEncoded) {
  EXPECT_EQ(Fill("repos/{resources.repos.name}/issues", TemplateText::Encoding::kUrl),
            "repos/a%2Fb%20c/issues");
}

TEST(TemplateTextTest, DoubledBracesAreBraces) {
  EXPECT_EQ(Fill("{{\"kind\": \"{partition.kind}\"}}", TemplateText::Encoding::kPlain),
            "{\"kind\": \"movies\"}");
}

TEST(TemplateTextTest, OneMissingValueSpoilsTheWhole) {
  EXPECT_EQ(Fill("{partition.kind}{incremental.start_value}", TemplateText::Encoding::kPlain),
            "no value");
}

TEST(TemplateTextTest, ALonelyBraceIsAMistake) {
  EXPECT_FALSE(TemplateText::Parse("a{b"));
  EXPECT_FALSE(TemplateText::Parse("a}b"));
  EXPECT_FALSE(TemplateText::Parse("a{}b"));
}

TEST(TemplateTextTest, AHeaderWithoutPlaceholdersIsSentAsItStands) {
  EXPECT_FALSE(HeaderTemplate("se{cret"));
  EXPECT_FALSE(HeaderTemplate("se{cre}t"));
  EXPECT_FALSE(HeaderTemplate("se{{cret"));
  EXPECT_TRUE(HeaderTemplate("of {partition.kind}"));
}

TEST(TemplateTextTest, AParentFieldIsAPathIntoItsRecord) {
  const auto field = AsParentField("resources.repos.owner.login");
  ASSERT_TRUE(field);
  EXPECT_EQ(field->parent, "repos");
  EXPECT_EQ(field->field, "owner.login");
  EXPECT_FALSE(AsParentField("resources.repos"));
  EXPECT_FALSE(AsParentField("partition.kind"));
}

}  // namespace
}  // namespace sluice::rest
