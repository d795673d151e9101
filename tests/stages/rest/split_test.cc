// Lists that an API caps.
#include "stages/sources/rest/split.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/stages/rest/rest_test.h"

namespace sluice::rest {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Resource Capped(std::int64_t limit) {
  Resource resource = Records({.type = Paginator::Type::kPageNumber, .base_page = 1});
  resource.primary_key = {"id"};
  resource.incremental = {.cursor_path = "at", .start_param = "since", .split_limit = limit};
  return resource;
}

// Records 1 to `size`, `same` of them with one and the same "at"; pages of ten. Only the first
// `cap` of a query are given, then an empty page or, where `refuses`, a 422.
struct Search {
  std::int64_t size = 95;
  std::int64_t cap = 30;
  std::int64_t same = 3;
  bool refuses = false;
  bool descending = false;

  FakeAnswer operator()(const Request& request) const {
    const std::int64_t since = NumberParam(request, "since", 0);
    const std::int64_t page = NumberParam(request, "page", 1);
    std::vector<std::int64_t> ids;
    for (std::int64_t id = 1; id <= size; ++id) {
      if ((id - 1) / same >= since) ids.push_back(id);
    }
    const auto total = std::to_string(ids.size());
    if (descending) std::reverse(ids.begin(), ids.end());
    if (page * 10 > cap && refuses)
      return {.status = 422, .body = R"({"message":"only the first"})"};
    std::string list;
    for (std::int64_t i = page * 10 - 10; i < page * 10; ++i) {
      if (i >= std::min<std::int64_t>(cap, static_cast<std::int64_t>(ids.size()))) break;
      const std::int64_t id = ids[static_cast<std::size_t>(i)];
      list += fmt::format(R"({}{{"id":{},"at":{}}})", list.empty() ? "" : ",", id, (id - 1) / same);
    }
    return {.body = "[" + list + "]", .headers = {{"X-Total-Count", total}}};
  }
};

TEST(SplitTest, AListBehindACapIsReadToItsEnd) {
  const Walk walk(Job({Capped(30)}), Search{});
  EXPECT_EQ(walk.Keys().size(), 95u);
  EXPECT_THAT(walk.shortfalls, IsEmpty());
  EXPECT_THAT(walk.asked, testing::Contains("/v1/records?since=9&page=1"));
}

TEST(SplitTest, ARefusalOfFurtherPagesIsACapAsWell) {
  const Walk walk(Job({Capped(1000)}), Search{.refuses = true});
  EXPECT_EQ(walk.Keys().size(), 95u);
  EXPECT_THAT(walk.errors, IsEmpty());
}

TEST(SplitTest, ARefusalWithoutASplitIsAFailure) {
  Resource resource = Capped(0);
  const Walk walk(Job({resource}), Search{.refuses = true});
  EXPECT_THAT(walk.errors, ElementsAre("records: HTTP 422: only the first"));
}

TEST(SplitTest, TheOrderIsThatOfTheList) {
  const Walk walk(Job({Capped(30)}), Search{.size = 50, .same = 1});
  std::string expected;
  for (int id = 1; id <= 50; ++id) {
    expected += fmt::format(R"({}{{"id":{},"at":{}}})", id == 1 ? "" : " ", id, id - 1);
  }
  EXPECT_EQ(walk.Rows(), expected);
}

TEST(SplitTest, OneValueThatFillsTheCapIsAShortfall) {
  const Walk walk(Job({Capped(30)}), Search{.same = 40});
  EXPECT_THAT(
      walk.shortfalls,
      ElementsAre(HasSubstr("30 records have the same 'at' (0); what comes behind them cannot "
                            "be reached")));
}

TEST(SplitTest, AListThatIsNotSortedIsAShortfall) {
  const Walk walk(Job({Capped(30)}), Search{.descending = true});
  EXPECT_THAT(walk.shortfalls, ElementsAre(HasSubstr("not sorted by 'at', lowest first")));
}

TEST(SplitTest, TheTotalOfACappedListIsItsCap) {
  Resource resource = Capped(30);
  resource.paginator.record_total_header = "X-Total-Count";
  const Walk walk(Job({resource}), Search{});
  for (const auto& [list, declared] : walk.declared) {
    EXPECT_GE(walk.given.at(list), declared) << list;
  }
  EXPECT_EQ(walk.declared.at("/v1/records"), 30);
}

TEST(SplitTest, PagesAreNotAskedForAhead) {
  Resource resource = Capped(30);
  resource.paginator.total_header = "X-Pages";
  const Walk walk(Job({resource}), [](const Request& request) {
    FakeAnswer answer = Search{}(request);
    answer.headers.push_back({"X-Pages", "10"});
    return answer;
  });
  EXPECT_EQ(walk.most_open, 1u);
  EXPECT_EQ(walk.Keys().size(), 95u);
}

TEST(SplitTest, AChildsListIsSplitWithTheValuesOfItsParent) {
  Resource child = Capped(30);
  child.name = "hits";
  child.path = "search/{resources.records.id}";
  child.parent = "records";
  const Walk walk(Job({Records(), child}), [](const Request& request) {
    if (request.target == "/v1/records") return FakeAnswer{.body = Ids(7, 7)};
    return Search{.size = 50}(request);
  });
  EXPECT_EQ(walk.Keys("hits").size(), 50u);
  EXPECT_THAT(walk.asked, testing::Contains("/v1/search/7?since=9&page=1"));
}

}  // namespace
}  // namespace sluice::rest
