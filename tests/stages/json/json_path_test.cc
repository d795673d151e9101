#include "stages/json/json_path.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

constexpr std::string_view kDocument = R"({
  "data": {"items": [{"id": 1}, {"id": 22345678901234567890}], "a.b": {"c]": "deep"}},
  "edges": [{"node": {"n": "x"}}, {"other": 1}, {"node": {"n": "y"}}],
  "empty": null
})";

// Everything that `path` leads to, as JSON texts with blanks between them.
std::string All(std::string_view path) {
  const auto parsed = JsonPath::Parse(path);
  if (!parsed) return parsed.error().message;
  const auto json = RawJson::Parse(kDocument);
  std::string text;
  for (const JsonValue& value : parsed->FindAll(json->root())) {
    if (!text.empty()) text += ' ';
    value.AppendJson(text);
  }
  return text;
}

std::string ErrorOf(std::string_view path) {
  const auto parsed = JsonPath::Parse(path);
  return parsed ? "accepted" : parsed.error().message;
}

TEST(JsonPathTest, ReadsDottedPathsWithAndWithoutTheDollar) {
  EXPECT_EQ(All("data.items[0].id"), "1");
  EXPECT_EQ(All("$.data.items[1].id"), "22345678901234567890");
}

TEST(JsonPathTest, TheDocumentItselfIsTheEmptyPath) {
  const auto json = RawJson::Parse("[1,2]");
  EXPECT_EQ(JsonPath::Parse("$")->Find(json->root())->json(), "[1,2]");
  EXPECT_EQ(JsonPath::Parse("")->Find(json->root())->json(), "[1,2]");
}

TEST(JsonPathTest, QuotedNamesMayHoldWhatEndsAName) {
  EXPECT_EQ(All("data['a.b']['c]']"), "\"deep\"");
  EXPECT_EQ(All("$[\"data\"][\"a.b\"].x"), "");
}

TEST(JsonPathTest, AStarLeadsToEveryElementInOrder) {
  EXPECT_EQ(All("edges[*].node.n"), "\"x\" \"y\"");
  EXPECT_EQ(All("data.items.*.id"), "1 22345678901234567890");
}

TEST(JsonPathTest, KeysAreTheNamesOnTheWay) {
  EXPECT_EQ(JsonPath::Parse("$.a['b.c'][3].d[*].*.e")->keys(),
            (std::vector<std::string>{"a", "b.c", "3", "d", "e"}));
  EXPECT_TRUE(JsonPath::Parse("$")->keys().empty());
}

TEST(JsonPathTest, NullIsAValueAndWhatIsMissingIsNone) {
  EXPECT_EQ(All("empty"), "null");
  EXPECT_EQ(All("empty.more"), "");
  EXPECT_EQ(All("data.items[2]"), "");
}

TEST(JsonPathTest, FindGivesTheFirstValue) {
  const auto json = RawJson::Parse(kDocument);
  EXPECT_EQ(JsonPath::Parse("edges[*].node.n")->Find(json->root())->text(), "x");
  EXPECT_FALSE(JsonPath::Parse("edges[*].none")->Find(json->root()));
}

TEST(JsonPathTest, OnlyAStarLeadsToMany) {
  EXPECT_TRUE(JsonPath::Parse("$[*]")->many());
  EXPECT_TRUE(JsonPath::Parse("a.*")->many());
  EXPECT_FALSE(JsonPath::Parse("a[0].b")->many());
}

TEST(JsonPathTest, WhatIsNotSupportedIsNamedWithItsPlace) {
  EXPECT_EQ(ErrorOf("a[?(@.x)]"),
            "path 'a[?(@.x)]': only a number, '*' or a quoted name is supported in brackets (no "
            "filter, slice, union or negative index) at character 3");
  EXPECT_NE(ErrorOf("a[1:2]").find("slices and unions are not supported"), std::string::npos);
  EXPECT_NE(ErrorOf("a..b").find("'..' is not supported"), std::string::npos);
  EXPECT_NE(ErrorOf("a[-1]").find("negative index"), std::string::npos);
  EXPECT_NE(ErrorOf("a['b").find("'] is missing"), std::string::npos);
  EXPECT_NE(ErrorOf("a[0]b").find("'.' or '[' is expected"), std::string::npos);
  EXPECT_NE(ErrorOf("a.").find("a name is expected"), std::string::npos);
}

}  // namespace
}  // namespace sluice
