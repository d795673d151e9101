#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stages/sources/rest/detect_paginator.h"
#include "tests/stages/rest/rest_test.h"

namespace sluice::rest {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Walk Auto(const Walk::Server& server) {
  return Walk(Job({Records({.type = Paginator::Type::kAuto})}), server);
}

// {"results": [{"id": n}], <next>} for the pages 1 to 3, where `next` is written by the caller.
FakeAnswer Page(std::int64_t page, const std::string& next) {
  return {.body = fmt::format(R"({{"results":{}{}{}}})", Ids(page, page), next.empty() ? "" : ",",
                              next)};
}

TEST(DetectTest, ALinkHeader) {
  const Walk walk = Auto([](const Request& request) {
    const std::int64_t page = NumberParam(request, "page", 1);
    FakeAnswer answer{.body = Ids(page, page)};
    if (page < 3) answer.headers = {{"Link", fmt::format("<?page={}>; rel=next", page + 1)}};
    return answer;
  });
  EXPECT_EQ(walk.Rows(), IdRows(1, 3));
  EXPECT_TRUE(walk.HasNote("detected", "records: a Link header leads to the next page"));
  EXPECT_TRUE(walk.HasNote("detected", "records: the records are the answer itself"));
  EXPECT_EQ(walk.notes.size(), 2u);
}

TEST(DetectTest, ALinkInTheBody) {
  const Walk walk = Auto([](const Request& request) {
    const std::int64_t page = NumberParam(request, "page", 1);
    return Page(
        page, page < 3
                  ? fmt::format(R"("_links":{{"next":{{"href":"/v1/records?page={}"}}}})", page + 1)
                  : "");
  });
  EXPECT_EQ(walk.Rows(), IdRows(1, 3));
  EXPECT_TRUE(walk.HasNote("detected", "the records are its list 'results'"));
}

TEST(DetectTest, ACursorWithTheParameterThatGoesWithIt) {
  const Walk walk = Auto([](const Request& request) {
    const std::int64_t page = NumberParam(request, "pageToken", 1);
    return Page(page, page < 3 ? fmt::format(R"("nextPageToken":"{}")", page + 1) : "");
  });
  EXPECT_EQ(walk.Rows(), IdRows(1, 3));
  EXPECT_THAT(walk.asked,
              ElementsAre("/v1/records", "/v1/records?pageToken=2", "/v1/records?pageToken=3"));
}

TEST(DetectTest, APageCount) {
  const Walk walk = Auto([](const Request& request) {
    const std::int64_t page = NumberParam(request, "page", 1);
    return FakeAnswer{.body = Ids(page, page), .headers = {{"X-Pagination-Page-Count", "3"}}};
  });
  EXPECT_EQ(walk.Rows(), IdRows(1, 3));
}

TEST(DetectTest, AnOffsetWithATotal) {
  const Walk walk = Auto([](const Request& request) {
    const std::int64_t skip = NumberParam(request, "skip", 0);
    return FakeAnswer{.body =
                          fmt::format(R"({{"products":{},"total":5,"skip":{},"limit":2}})",
                                      Ids(skip + 1, std::min<std::int64_t>(skip + 2, 5)), skip)};
  });
  EXPECT_EQ(walk.Rows(), IdRows(1, 5));
  EXPECT_EQ(walk.declared.at("/v1/records"), 5);
}

TEST(DetectTest, TheDecisionIsMadeOnceAndFollowed) {
  const Walk walk = Auto([](const Request& request) {
    const std::int64_t page = NumberParam(request, "cursor", 1);
    FakeAnswer answer = Page(page, page < 3 ? fmt::format(R"("next_cursor":{})", page + 1) : "");
    if (page > 1) answer.headers = {{"Link", "</v1/elsewhere>; rel=next"}};
    return answer;
  });
  EXPECT_EQ(walk.asked.size(), 3u);
  EXPECT_EQ(walk.Rows(), IdRows(1, 3));
}

TEST(DetectTest, OnePageOfASuspiciousLengthIsNoted) {
  const Walk round = Auto([](const Request&) { return FakeAnswer{.body = Ids(1, 30)}; });
  EXPECT_TRUE(round.HasNote("maybe cut", "30 records and no way on"));
  const Walk odd = Auto([](const Request&) { return FakeAnswer{.body = Ids(1, 29)}; });
  EXPECT_FALSE(odd.HasNote("maybe cut", ""));
}

TEST(DetectTest, OnePageThatSaysItIsNotAllIsDeclared) {
  const Walk walk = Auto([](const Request&) {
    return FakeAnswer{.body = fmt::format(R"({{"results":{},"total":500}})", Ids(1, 100))};
  });
  EXPECT_EQ(walk.declared.at("/v1/records"), 500);
  EXPECT_EQ(walk.given.at("/v1/records"), 100);
}

TEST(DetectTest, TheTotalOfASingleRecordProvesNothing) {
  const Walk walk =
      Auto([](const Request&) { return FakeAnswer{.body = R"({"id":1,"total":99})"}; });
  EXPECT_TRUE(walk.declared.empty());
  EXPECT_TRUE(walk.HasNote("detected", "the answer is one record"));
}

TEST(DetectTest, SeveralListsAreAnErrorThatNamesThem) {
  const Walk walk =
      Auto([](const Request&) { return FakeAnswer{.body = R"({"a":[{}],"b":[{}]})"}; });
  EXPECT_THAT(walk.errors, ElementsAre(HasSubstr("several lists ('a', 'b')")));
}

TEST(DetectTest, WhatWasToldIsNotNoted) {
  Resource resource = Records();
  resource.data_selector = "$";
  const Walk walk(Job({resource}), [](const Request&) { return FakeAnswer{.body = Ids(1, 2)}; });
  EXPECT_THAT(walk.notes, IsEmpty());
}

}  // namespace
}  // namespace sluice::rest
