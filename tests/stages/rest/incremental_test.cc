#include "stages/sources/rest/incremental.h"

#include <gtest/gtest.h>

namespace sluice::rest {
namespace {

using std::chrono::seconds;

std::string Judge(std::string_view record, const Incremental& incremental, const Bounds& bounds) {
  const auto json = RawJson::Parse(record);
  const auto verdict = JudgeCursor(json->root(), incremental, bounds);
  if (!verdict) return verdict.error().message;
  return (verdict->wanted ? "wanted " : "dropped ") + verdict->value;
}

TEST(IncrementalTest, TheLagKeepsTheNotationOfATimestamp) {
  EXPECT_EQ(EarlierBy("2024-05-01T00:00:10.123456Z", seconds(20)), "2024-04-30T23:59:50.123456Z");
  EXPECT_EQ(EarlierBy("2024-03-01T01:00:00+02:00", seconds(7200)), "2024-02-29T23:00:00+02:00");
  EXPECT_EQ(EarlierBy("2024-05-01 10:30", seconds(60)), "2024-05-01 10:29");
  EXPECT_EQ(EarlierBy("2024-05-01", seconds(86'400)), "2024-04-30");
}

TEST(IncrementalTest, TheLagOfANumberIsInItsUnits) {
  EXPECT_EQ(EarlierBy("9007199254740995", seconds(2)), "9007199254740993");
  EXPECT_EQ(EarlierBy("5", seconds(10)), "-5");
}

TEST(IncrementalTest, WhatHasNoDistanceStaysAsItIs) {
  EXPECT_EQ(EarlierBy("abc", seconds(10)), "abc");
  EXPECT_EQ(EarlierBy("99999999999999999999999", seconds(10)), "99999999999999999999999");
  EXPECT_EQ(EarlierBy("7", seconds(0)), "7");
}

TEST(IncrementalTest, TheStartIsTheLaterOfTheInitialValueAndTheLastOneLessTheLag) {
  const Incremental incremental{.initial_value = "2024-01-01", .lag = seconds(86'400)};
  EXPECT_EQ(BoundsFrom(incremental, "").start, "2024-01-01");
  EXPECT_EQ(BoundsFrom(incremental, "2024-06-02").start, "2024-06-01");
  EXPECT_EQ(BoundsFrom(incremental, "2024-06-02").last, "2024-06-02");
  EXPECT_EQ(BoundsFrom(incremental, "2024-01-01").start, "2024-01-01");
}

TEST(IncrementalTest, TheStartIsInclusiveUnlessItIsOpen) {
  Incremental incremental{.cursor_path = "at"};
  const Bounds bounds{.start = "10"};
  EXPECT_EQ(Judge(R"({"at": 9})", incremental, bounds), "dropped 9");
  EXPECT_EQ(Judge(R"({"at": 10})", incremental, bounds), "wanted 10");
  incremental.start_is_open = true;
  EXPECT_EQ(Judge(R"({"at": 10})", incremental, bounds), "dropped 10");
  EXPECT_EQ(Judge(R"({"at": 11})", incremental, bounds), "wanted 11");
}

TEST(IncrementalTest, TheEndIsExclusiveUnlessItIsClosed) {
  Incremental incremental{.cursor_path = "at", .end_value = "2024-05-01T00:00:00Z"};
  EXPECT_EQ(Judge(R"({"at": "2024-05-01T02:00:00+02:00"})", incremental, {}),
            "dropped 2024-05-01T02:00:00+02:00");
  incremental.end_is_closed = true;
  EXPECT_EQ(Judge(R"({"at": "2024-05-01T02:00:00+02:00"})", incremental, {}),
            "wanted 2024-05-01T02:00:00+02:00");
}

TEST(IncrementalTest, ValuesOfAnotherKindAreNeverDropped) {
  const Incremental incremental{
      .cursor_path = "at", .end_value = "2024-01-01", .start_is_open = true};
  EXPECT_EQ(Judge(R"({"at": 1714521600})", incremental, {.start = "2023-01-01"}),
            "wanted 1714521600");
}

TEST(IncrementalTest, AMissingValueIsRaisedOrIncludedOrExcluded) {
  Incremental incremental{.cursor_path = "at"};
  EXPECT_NE(Judge("{}", incremental, {}).find("has no cursor value at 'at'"), std::string::npos);
  EXPECT_NE(Judge(R"({"at": null})", incremental, {}).find("has no cursor"), std::string::npos);
  incremental.on_cursor_value_missing = Incremental::Missing::kInclude;
  EXPECT_EQ(Judge("{}", incremental, {}), "wanted ");
  incremental.on_cursor_value_missing = Incremental::Missing::kExclude;
  EXPECT_EQ(Judge("{}", incremental, {}), "dropped ");
}

}  // namespace
}  // namespace sluice::rest
