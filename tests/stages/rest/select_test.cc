#include "stages/sources/rest/select.h"

#include <gtest/gtest.h>

namespace sluice::rest {
namespace {

std::string Select(std::string_view body, const JsonPathText& selector) {
  const auto json = RawJson::Parse(body);
  const auto selection = SelectRecords(json->root(), selector);
  if (!selection) return selection.error().message;
  std::string text;
  if (selection->found == Found::kNothing) text = "nothing";
  if (selection->found == Found::kNull) text = "null";
  for (const JsonValue& record : selection->records) text += record.json();
  return text;
}

std::string Detect(std::string_view body) {
  const auto json = RawJson::Parse(body);
  const auto selector = DetectSelector(json->root());
  if (!selector) return selector.error().message;
  return selector->value_or("undecided");
}

bool Passes(std::string_view record, const Filter& filter) {
  const auto json = RawJson::Parse(record);
  return PassesFilters(json->root(), {filter});
}

TEST(SelectTest, AListGivesItsElementsAndAnObjectItself) {
  EXPECT_EQ(Select(R"({"a": [{"x": 1}, 2]})", "a"), R"({"x":1}2)");
  EXPECT_EQ(Select(R"({"a": {"x": 1}})", "$.a"), R"({"x":1})");
  EXPECT_EQ(Select("[1,2]", "$"), "12");
}

TEST(SelectTest, AStarGivesWhatItLeadsTo) {
  EXPECT_EQ(Select(R"({"edges": [{"node": {"n": 1}}, {"node": {"n": 2}}]})", "edges[*].node"),
            R"({"n":1}{"n":2})");
  EXPECT_EQ(Select("[[1],[2]]", "$[*]"), "[1][2]");
}

TEST(SelectTest, NullAndWhatIsNotThereAreNoLists) {
  EXPECT_EQ(Select(R"({"a": null})", "a"), "null");
  EXPECT_EQ(Select(R"({"kind": "list"})", "items"), "nothing");
  EXPECT_EQ(Select(R"({"kind": "list"})", "items[*].x"), "nothing");
  EXPECT_EQ(Select(R"({"items": []})", "items[*].x"), "");
}

TEST(SelectTest, AScalarInPlaceOfAListIsRefused) {
  EXPECT_NE(Select(R"({"a": "no"})", "a").find("leads to \"no\""), std::string::npos);
  EXPECT_NE(Select(R"({"a": false})", "a[*]").find("leads to false"), std::string::npos);
}

TEST(SelectTest, AMisspeltSelectorIsNamedWithTheListsThatThereAre) {
  EXPECT_EQ(Select(R"({"items": [{}]})", "itms"),
            "data_selector 'itms' leads nowhere in the answer, which holds the lists 'items'");
  EXPECT_NE(Select("[{}]", "items").find("a list itself"), std::string::npos);
}

TEST(DetectSelectorTest, TheAnswerItselfOrItsOneListOfObjects) {
  EXPECT_EQ(Detect("[]"), "$");
  EXPECT_EQ(Detect(R"({"total": 2, "tags": ["x"], "results": [{"id": 1}]})"), "results");
  EXPECT_EQ(Detect(R"({"results": [], "total": 0})"), "results");
  EXPECT_EQ(Detect(R"({"a.b": [{"id": 1}]})"), "['a.b']");
  EXPECT_EQ(Detect(R"({"data": [], "errors": []})"), "data");
}

TEST(DetectSelectorTest, TheUsualWrappersAreLookedInto) {
  EXPECT_EQ(Detect(R"({"data": {"items": [{"id": 1}]}})"), "data.items");
  EXPECT_EQ(Detect(R"({"_embedded": {"x": [{"id": 1}]}, "_links": {}})"), "_embedded.x");
}

TEST(DetectSelectorTest, WithoutAListTheAnswerIsOneRecord) {
  EXPECT_EQ(Detect(R"({"id": 1, "tags": ["a"]})"), "$");
}

TEST(DetectSelectorTest, SeveralListsAreTheUsersToChooseFrom) {
  EXPECT_NE(Detect(R"({"a": [{}], "b": [{}]})").find("'a', 'b'"), std::string::npos);
  EXPECT_EQ(Detect(R"({"a": [], "b": []})"), "undecided");
}

TEST(FilterTest, EachTestDoesWhatItSays) {
  using Kind = Filter::Test;
  const std::string_view record = R"({"n": 10, "s": "abc", "t": ["x", "y"], "z": null})";
  EXPECT_TRUE(Passes(record, {"n", Kind::kEquals, "10"}));
  EXPECT_FALSE(Passes(record, {"n", Kind::kEquals, "10.0"}));
  EXPECT_TRUE(Passes(record, {"n", Kind::kGreater, "9"}));
  EXPECT_FALSE(Passes(record, {"n", Kind::kLess, "9"}));
  EXPECT_TRUE(Passes(record, {"s", Kind::kContains, "bc"}));
  EXPECT_TRUE(Passes(record, {"t", Kind::kContains, "y"}));
  EXPECT_FALSE(Passes(record, {"t", Kind::kContains, "z"}));
  EXPECT_TRUE(Passes(record, {"t[*]", Kind::kEquals, "y"}));
  EXPECT_FALSE(Passes(record, {"t[*]", Kind::kNotEquals, "y"}));
  EXPECT_TRUE(Passes(record, {"none", Kind::kNotEquals, "y"}));
  EXPECT_TRUE(Passes(record, {"s", Kind::kExists, ""}));
  EXPECT_FALSE(Passes(record, {"z", Kind::kExists, ""}));
  EXPECT_TRUE(Passes(record, {"z", Kind::kMissing, ""}));
}

}  // namespace
}  // namespace sluice::rest
