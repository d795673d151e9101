#include "stages/sources/rest/link_header.h"

#include <gtest/gtest.h>

#include <vector>

namespace sluice::rest {
namespace {

std::string Next(const std::vector<std::string>& values) {
  std::vector<HttpHeader> headers = {{"Content-Type", "application/json"}};
  for (const std::string& value : values) headers.push_back({"link", value});
  return FindLink(headers, "next").value_or("none");
}

TEST(LinkHeaderTest, FindsTheRelationAmongOthers) {
  EXPECT_EQ(
      Next({R"(<https://a/1>; rel="prev", <https://a/3>; rel="next", <https://a/9>; rel="last")"}),
      "https://a/3");
}

TEST(LinkHeaderTest, ParametersMayComeInAnyOrderAndUnquoted) {
  EXPECT_EQ(Next({"<2>; title=x; rel=next; type=\"text/html\""}), "2");
  EXPECT_EQ(Next({"<2>;REL = Next"}), "2");
}

TEST(LinkHeaderTest, OneValueMayNameSeveralRelations) {
  EXPECT_EQ(Next({R"(<9>; rel="last  next")"}), "9");
  EXPECT_EQ(Next({R"(<9>; rel="nextish")"}), "none");
}

TEST(LinkHeaderTest, CommasAndSemicolonsBelongToTargetsAndQuotes) {
  EXPECT_EQ(
      Next(
          {R"(<https://a/?ids=1,2;3>; rel="prev"; title="a, <b>; rel=\"next\"", <2>; rel="next")"}),
      "2");
}

TEST(LinkHeaderTest, SeveralFieldsCountAsOne) {
  EXPECT_EQ(Next({"<1>; rel=first", "<2>; rel=next"}), "2");
}

TEST(LinkHeaderTest, OnlyTheFirstRelOfALinkCounts) {
  EXPECT_EQ(Next({R"(<1>; rel="prev"; rel="next")"}), "none");
}

TEST(LinkHeaderTest, WhatIsMalformedIsPassedOver) {
  EXPECT_EQ(Next({""}), "none");
  EXPECT_EQ(Next({"<never closed; rel=next"}), "none");
  EXPECT_EQ(Next({"junk, <2>; rel=\"next"}), "2");
  EXPECT_EQ(Next({"<1>, <2>; rel=next"}), "2");
}

}  // namespace
}  // namespace sluice::rest
