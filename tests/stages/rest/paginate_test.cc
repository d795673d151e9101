#include "stages/sources/rest/paginate.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/stages/rest/rest_test.h"

namespace sluice::rest {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Type = Paginator::Type;

// Records 1 to `size`, `page` at most at a time, asked for by offset.
Walk::Server ByOffset(std::int64_t size, std::int64_t page, bool with_total) {
  return [=](const Request& request) {
    const std::int64_t offset = NumberParam(request, "offset", 0);
    const std::int64_t count = std::min(page, NumberParam(request, "limit", 100));
    const std::string list = Ids(offset + 1, std::min(offset + count, size));
    const std::string total = with_total ? fmt::format(R"(,"total":{})", size) : "";
    return FakeAnswer{.body = fmt::format(R"({{"items":{}{}}})", list, total)};
  };
}

Walk::Server ByPage(std::int64_t size, std::int64_t page_size, bool with_count) {
  return [=](const Request& request) {
    const std::int64_t first = NumberParam(request, "page", 1) * page_size - page_size + 1;
    FakeAnswer answer{.body = Ids(first, std::min(first + page_size - 1, size))};
    if (with_count) {
      answer.headers = {{"X-Total-Pages", std::to_string((size + page_size - 1) / page_size)}};
    }
    return answer;
  };
}

Resource Items(Paginator paginator) {
  Resource resource = Records(std::move(paginator));
  resource.data_selector = "items";
  return resource;
}

// --- one page leads to the next -----------------------------------------------------------------

TEST(PaginateTest, ASinglePageIsOneRequest) {
  const Walk walk(Job({Records()}), [](const Request&) { return FakeAnswer{.body = Ids(1, 3)}; });
  EXPECT_EQ(walk.Rows(), IdRows(1, 3));
  EXPECT_THAT(walk.asked, ElementsAre("/v1/records"));
}

TEST(PaginateTest, JsonLinkFollowsTheLinkInTheBody) {
  const Walk walk(
      Job({Items({.type = Type::kJsonLink, .next_url_path = "links.next"})}),
      [](const Request& request) {
        if (GetParam(request.target, "after"))
          return FakeAnswer{.body = R"({"items":[{"id":2}],"links":{"next":null}})"};
        return FakeAnswer{.body = R"({"items":[{"id":1}],)"
                                  R"("links":{"next":"https://api.test/v1/records?after=x%2By"}})"};
      });
  EXPECT_EQ(walk.Rows(), IdRows(1, 2));
  EXPECT_THAT(walk.asked, ElementsAre("/v1/records", "/v1/records?after=x%2By"));
}

TEST(PaginateTest, JsonLinkToAnotherHostIsRefused) {
  const Walk walk(Job({Items({.type = Type::kJsonLink})}), [](const Request&) {
    return FakeAnswer{.body =
                          R"({"items":[{"id":1}],"next":"https://evil.test/v1/records?page=2"})"};
  });
  ASSERT_EQ(walk.errors.size(), 1u);
  EXPECT_THAT(walk.errors[0], HasSubstr("from https://api.test:443 to https://evil.test:443"));
  EXPECT_EQ(walk.asked.size(), 1u);
}

TEST(PaginateTest, HasMoreThatIsFalseEndsAListWithALink) {
  const Walk walk(
      Job({Items({.type = Type::kJsonLink, .has_more_path = "more"})}), [](const Request&) {
        return FakeAnswer{.body = R"({"items":[{"id":1}],"next":"?page=2","more":false})"};
      });
  EXPECT_EQ(walk.asked.size(), 1u);
}

TEST(PaginateTest, JsonLinkThatIsNoTextIsRefused) {
  const Walk walk(Job({Items({.type = Type::kJsonLink})}), [](const Request&) {
    return FakeAnswer{.body = R"({"items":[],"next":{"href":"/x"}})"};
  });
  EXPECT_THAT(walk.errors, ElementsAre(HasSubstr("holds no text")));
}

TEST(PaginateTest, HeaderLinkFollowsTheRelation) {
  const Walk walk(Job({Records({.type = Type::kHeaderLink})}), [](const Request& request) {
    FakeAnswer answer = ByPage(5, 2, false)(request);
    const std::int64_t page = NumberParam(request, "page", 1);
    if (page < 3) answer.headers = {{"Link", fmt::format("<?page={}>; rel=\"next\"", page + 1)}};
    return answer;
  });
  EXPECT_EQ(walk.Rows(), IdRows(1, 5));
  EXPECT_EQ(walk.asked.size(), 3u);
}

TEST(PaginateTest, HeaderCursorIsSentAsItsParameter) {
  const Walk walk(
      Job({Records({.type = Type::kHeaderCursor, .cursor_key = "X-Next", .cursor_param = "from"})}),
      [](const Request& request) {
        const std::int64_t from = NumberParam(request, "from", 1);
        FakeAnswer answer{.body = Ids(from, from)};
        if (from < 3) answer.headers = {{"x-next", std::to_string(from + 1)}};
        return answer;
      });
  EXPECT_EQ(walk.Rows(), IdRows(1, 3));
  EXPECT_THAT(walk.asked, ElementsAre("/v1/records", "/v1/records?from=2", "/v1/records?from=3"));
}

std::vector<std::string> AskedByCursor(const std::string& cursor, Paginator paginator) {
  Resource resource = Items(std::move(paginator));
  if (!resource.paginator.cursor_body_path.empty()) {
    resource.method = "POST";
    resource.json = R"({"page": {"size": 12345678901234567890}})";
  }
  return Walk(Job({resource}),
              [&](const Request& request) {
                const bool first = !GetParam(request.target, "cursor") &&
                                   request.body.find("start") == std::string::npos;
                return FakeAnswer{
                    .body = fmt::format(R"({{"items":[{{"id":{}}}],"cursors":{{"next":{}}}}})",
                                        first ? 1 : 2, first ? cursor : "null")};
              })
      .asked;
}

TEST(PaginateTest, CursorIsSentAsWritten) {
  EXPECT_THAT(AskedByCursor(R"("a+/=")", {.type = Type::kCursor}),
              ElementsAre("/v1/records", "/v1/records?cursor=a%2B%2F%3D"));
  EXPECT_THAT(AskedByCursor("12345678901234567890", {.type = Type::kCursor}),
              ElementsAre("/v1/records", "/v1/records?cursor=12345678901234567890"));
}

TEST(PaginateTest, CursorMayGoIntoTheBody) {
  const Paginator in_body{
      .type = Type::kCursor, .cursor_param = "", .cursor_body_path = "page.start"};
  EXPECT_THAT(
      AskedByCursor("12345678901234567890", in_body),
      ElementsAre(
          R"(/v1/records {"page":{"size":12345678901234567890}})",
          R"(/v1/records {"page":{"size":12345678901234567890,"start":12345678901234567890}})"));
}

class CursorEndTest : public testing::TestWithParam<const char*> {};

TEST_P(CursorEndTest, EndsTheList) {
  EXPECT_THAT(AskedByCursor(GetParam(), {.type = Type::kCursor}), ElementsAre("/v1/records"));
}

INSTANTIATE_TEST_SUITE_P(Values, CursorEndTest,
                         testing::Values("null", "\"\"", "false", "0", "\"0\""));

TEST(PaginateTest, ACursorThatIsNoScalarIsRefused) {
  const Walk walk(Job({Items({.type = Type::kCursor, .cursor_path = "next"})}), [](const Request&) {
    return FakeAnswer{.body = R"({"items":[],"next":["a"]})"};
  });
  EXPECT_THAT(walk.errors, ElementsAre(HasSubstr("should hold a cursor")));
}

TEST(PaginateTest, HasMoreThatIsFalseEndsAListWithACursor) {
  const Walk walk(
      Job({Items({.type = Type::kCursor, .cursor_path = "next", .has_more_path = "more"})}),
      [](const Request&) {
        return FakeAnswer{.body = R"({"items":[{"id":1}],"next":"x","more":false})"};
      });
  EXPECT_EQ(walk.asked.size(), 1u);
}

TEST(PaginateTest, ACursorThatComesBackIsACircle) {
  const Walk walk(
      Job({Items({.type = Type::kCursor, .cursor_path = "next"})}), [](const Request& request) {
        const std::string at = GetParam(request.target, "cursor").value_or("");
        const int id = at.empty() ? 1 : at == "a" ? 2 : 3;
        return FakeAnswer{.body = fmt::format(R"({{"items":[{{"id":{}}}],"next":"{}"}})", id,
                                              at == "a" ? "b" : "a")};
      });
  EXPECT_THAT(walk.shortfalls, ElementsAre("circle"));
  EXPECT_EQ(walk.Rows(), IdRows(1, 3));
}

TEST(PaginateTest, AnEmptyPageIsFollowedWhileACursorLeadsOn) {
  const auto server = [](const Request& request) {
    const std::int64_t at = NumberParam(request, "cursor", 1);
    return FakeAnswer{.body = fmt::format(R"({{"items":{},"next":{}}})", Ids(at, at % 2 ? at : 0),
                                          at < 5 ? std::to_string(at + 1) : "null")};
  };
  Paginator paginator{.type = Type::kCursor, .cursor_path = "next"};
  EXPECT_EQ(Walk(Job({Items(paginator)}), server).asked.size(), 5u);
  paginator.stop_after_empty_page = true;
  EXPECT_EQ(Walk(Job({Items(paginator)}), server).asked.size(), 2u);
}

TEST(PaginateTest, EmptyPagesWithoutEndAreAShortfall) {
  const Walk walk(Job({Items({.type = Type::kCursor, .cursor_path = "next"})}),
                  [](const Request& request) {
                    return FakeAnswer{.body = fmt::format(R"({{"items":[],"next":{}}})",
                                                          NumberParam(request, "cursor", 0) + 1)};
                  });
  EXPECT_EQ(walk.asked.size(), static_cast<std::size_t>(kEmptyPagesMax));
  EXPECT_THAT(walk.shortfalls, ElementsAre(HasSubstr("1000 empty pages in a row")));
}

// --- offset -------------------------------------------------------------------------------------

TEST(PaginateTest, OffsetWithoutATotalGoesOnUntilAPageIsEmpty) {
  const Walk walk(Job({Items({.type = Type::kOffset, .limit = 2})}), ByOffset(4, 10, false));
  EXPECT_THAT(walk.asked,
              ElementsAre("/v1/records?offset=0&limit=2", "/v1/records?offset=2&limit=2",
                          "/v1/records?offset=4&limit=2"));
  EXPECT_EQ(walk.Rows(), IdRows(1, 4));
}

TEST(PaginateTest, OffsetAdvancesByWhatWasGivenNotByWhatWasAskedFor) {
  for (const bool with_total : {false, true}) {
    const Walk walk(
        Job({Items(
            {.type = Type::kOffset, .limit = 100, .total_path = with_total ? "total" : ""})}),
        ByOffset(95, 10, with_total));
    EXPECT_EQ(walk.Rows(), IdRows(1, 95));
  }
}

TEST(PaginateTest, OffsetWithATotalAsksForAllPagesAtOnce) {
  const Walk walk(Job({Items({.type = Type::kOffset, .limit = 10, .total_path = "total"})}),
                  ByOffset(95, 10, true));
  EXPECT_EQ(walk.asked.size(), 10u);
  EXPECT_EQ(walk.most_open, 9u);
  EXPECT_EQ(walk.declared.at("/v1/records"), 95);
  EXPECT_EQ(walk.given.at("/v1/records"), 95);
}

TEST(PaginateTest, AShortPageInTheMiddleLeavesNoGap) {
  const auto server = ByOffset(100, 10, true);
  const Walk walk(Job({Items({.type = Type::kOffset, .limit = 10, .total_path = "total"})}),
                  [&](const Request& request) {
                    const bool is_short = NumberParam(request, "offset", 0) % 20 != 0;
                    return is_short ? ByOffset(100, 3, true)(request) : server(request);
                  });
  EXPECT_EQ(walk.Rows(), IdRows(1, 100));
  EXPECT_EQ(walk.given.at("/v1/records"), 100);
}

TEST(PaginateTest, APageThatIsTooLongGivesNoRecordTwice) {
  const Walk walk(
      Job({Items({.type = Type::kOffset, .limit = 10, .total_path = "total"})}),
      [&](const Request& request) {
        const std::int64_t offset = NumberParam(request, "offset", 0);
        const std::int64_t count = offset == 0 ? 10 : 15;
        return FakeAnswer{
            .body = fmt::format(R"({{"items":{},"total":40}})",
                                Ids(offset + 1, std::min<std::int64_t>(offset + count, 40)))};
      });
  EXPECT_EQ(walk.Rows(), IdRows(1, 40));
  EXPECT_EQ(walk.given.at("/v1/records"), 40);
}

TEST(PaginateTest, OffsetThatEndsBeforeItsTotalIsAShortfall) {
  const Walk walk(Job({Items({.type = Type::kOffset, .limit = 10, .total_path = "total"})}),
                  [](const Request& request) {
                    if (NumberParam(request, "offset", 0) < 20)
                      return ByOffset(50, 10, true)(request);
                    return FakeAnswer{.body = R"({"items":[],"total":50})"};
                  });
  ASSERT_FALSE(walk.shortfalls.empty());
  EXPECT_THAT(walk.shortfalls[0],
              HasSubstr("nothing at offset 20, and the API says that there are 50 records"));
}

TEST(PaginateTest, TheMaximumOffsetIsNotAskedFor) {
  const Walk walk(Job({Items({.type = Type::kOffset, .limit = 10, .maximum_offset = 20})}),
                  ByOffset(95, 10, false));
  EXPECT_EQ(walk.Rows(), IdRows(1, 20));
}

TEST(PaginateTest, OffsetMayBeginElsewhereAndStandInTheBody) {
  Resource resource = Items({.type = Type::kOffset,
                             .limit = 2,
                             .offset = 10,
                             .offset_body_path = "page.offset",
                             .limit_body_path = "page.limit",
                             .total_path = "total"});
  resource.method = "POST";
  const Walk walk(Job({resource}), [](const Request& request) {
    const bool first = request.body.find("\"offset\":10") != std::string::npos;
    return FakeAnswer{.body = first ? R"({"items":[{"id":1},{"id":2}],"total":13})"
                                    : R"({"items":[{"id":3}],"total":13})"};
  });
  EXPECT_THAT(walk.asked, ElementsAre(R"(/v1/records {"page":{"offset":10,"limit":2}})",
                                      R"(/v1/records {"page":{"offset":12,"limit":2}})"));
}

// --- page numbers -------------------------------------------------------------------------------

TEST(PaginateTest, PageNumberCountsUntilAPageIsEmpty) {
  const Walk walk(Job({Records({.type = Type::kPageNumber, .base_page = 1})}), ByPage(4, 2, false));
  EXPECT_THAT(walk.asked,
              ElementsAre("/v1/records?page=1", "/v1/records?page=2", "/v1/records?page=3"));
  EXPECT_EQ(walk.Rows(), IdRows(1, 4));
}

TEST(PaginateTest, AShortPageIsNotTheLast) {
  const Walk walk(
      Job({Records({.type = Type::kPageNumber, .base_page = 1})}), [](const Request& request) {
        const std::int64_t page = NumberParam(request, "page", 0);
        return FakeAnswer{.body = page > 4 ? "[]" : Ids(page * 10, page * 10 + page % 2)};
      });
  EXPECT_EQ(walk.asked.size(), 5u);
}

TEST(PaginateTest, PageNumberWithACountAsksForAllPagesAtOnce) {
  const Walk walk(
      Job({Records({.type = Type::kPageNumber, .base_page = 1, .total_header = "X-Total-Pages"})}),
      ByPage(19, 2, true));
  EXPECT_EQ(walk.asked.size(), 10u);
  EXPECT_EQ(walk.most_open, 9u);
  EXPECT_EQ(walk.Rows(), IdRows(1, 19));
}

TEST(PaginateTest, NoMoreThanFiveHundredPagesAreAskedForAhead) {
  const Walk walk(
      Job({Records({.type = Type::kPageNumber, .base_page = 1, .total_header = "X-Total-Pages"})}),
      ByPage(1201, 1, true));
  EXPECT_EQ(walk.asked.size(), 1201u);
  EXPECT_EQ(walk.most_open, 500u);
  EXPECT_EQ(walk.Rows(), IdRows(1, 1201));
}

TEST(PaginateTest, AListThatGrowsIsFollowedToItsNewEnd) {
  int calls = 0;
  const Walk walk(
      Job({Records({.type = Type::kPageNumber, .base_page = 1, .total_header = "X-Total-Pages"})}),
      [&](const Request& request) { return ByPage(++calls > 2 ? 10 : 6, 2, true)(request); });
  EXPECT_EQ(walk.Rows(), IdRows(1, 10));
}

TEST(PaginateTest, TheMaximumPageIsNotAskedFor) {
  const Walk walk(Job({Records({.type = Type::kPageNumber, .base_page = 1, .maximum_page = 3})}),
                  ByPage(100, 2, false));
  EXPECT_EQ(walk.asked.size(), 2u);
}

TEST(PaginateTest, HasMoreDecidesWhereItIsSaid) {
  const auto server = [](const Request& request) {
    const std::int64_t page = NumberParam(request, "page", 0);
    return FakeAnswer{.body =
                          fmt::format(R"({{"items":[{{"id":{}}}],"more":{}}})", page, page < 2)};
  };
  const Paginator paginator{
      .type = Type::kPageNumber, .has_more_path = "more", .stop_after_empty_page = false};
  EXPECT_EQ(Walk(Job({Items(paginator)}), server).asked.size(), 3u);
  const Walk silent(Job({Items(paginator)}),
                    [](const Request&) { return FakeAnswer{.body = R"({"items":[{"id":1}]})"}; });
  EXPECT_THAT(silent.errors, ElementsAre(HasSubstr("does not say at 'more'")));
}

TEST(PaginateTest, AnEmptyPageBeforeTheLastIsAShortfall) {
  const Walk walk(
      Job({Records({.type = Type::kPageNumber, .base_page = 1, .total_header = "X-Total-Pages"})}),
      [](const Request& request) {
        FakeAnswer answer = ByPage(8, 2, true)(request);
        if (NumberParam(request, "page", 1) == 2) answer.body = "[]";
        return answer;
      });
  EXPECT_THAT(walk.shortfalls,
              ElementsAre(HasSubstr("page 2 is empty, and the API says that there are 4 pages")));
}

TEST(PaginateTest, AnEmptyListOfOnePageIsWhole) {
  const Walk walk(
      Job({Records({.type = Type::kPageNumber, .base_page = 1, .total_header = "X-Total-Pages"})}),
      [](const Request&) {
        return FakeAnswer{.body = "[]", .headers = {{"X-Total-Pages", "1"}}};
      });
  EXPECT_THAT(walk.shortfalls, IsEmpty());
  EXPECT_EQ(walk.asked.size(), 1u);
}

TEST(PaginateTest, AServerThatDoesNotKnowTheParameterIsNotAskedForEver) {
  const Walk walk(Job({Records({.type = Type::kPageNumber, .base_page = 1})}),
                  [](const Request&) { return FakeAnswer{.body = Ids(1, 3)}; });
  EXPECT_EQ(walk.asked.size(), 2u);
  EXPECT_EQ(walk.Rows(), IdRows(1, 3));
  EXPECT_THAT(walk.shortfalls, ElementsAre(HasSubstr("does not know the parameter")));
}

TEST(PaginateTest, PagesThatLeadBackToTheFirstAreACircle) {
  const Walk walk(Job({Records({.type = Type::kPageNumber, .base_page = 1})}),
                  [](const Request& request) {
                    const std::int64_t page = NumberParam(request, "page", 1) % 2;
                    return FakeAnswer{.body = Ids(10 * page, 10 * page + 3)};
                  });
  EXPECT_EQ(walk.asked.size(), 3u);
  EXPECT_THAT(walk.shortfalls, ElementsAre(HasSubstr("circle")));
}

TEST(PaginateTest, DeclaredTotalsAreProofAndNothingElse) {
  Paginator paginator{.type = Type::kPageNumber, .base_page = 1};
  paginator.record_total_header = "X-Total-Count";
  const Walk walk(Job({Records(paginator)}), [](const Request& request) {
    FakeAnswer answer = ByPage(5, 2, false)(request);
    if (NumberParam(request, "page", 1) == 1) answer.headers = {{"x-total-count", "7"}};
    return answer;
  });
  EXPECT_EQ(walk.declared.at("/v1/records"), 7);
  EXPECT_EQ(walk.given.at("/v1/records"), 5);
}

TEST(PaginateTest, AnAnswerWithoutContentIsAnEmptyPage) {
  const Walk walk(Job({Records({.type = Type::kPageNumber})}), [](const Request& request) {
    if (NumberParam(request, "page", 0) == 0) return FakeAnswer{.body = Ids(1, 1)};
    return FakeAnswer{.status = 204};
  });
  EXPECT_EQ(walk.Rows(), IdRows(1, 1));
  EXPECT_THAT(walk.errors, IsEmpty());
}

TEST(PaginateTest, ABodyThatIsCutIsAskedForAgain) {
  const RestSource source(Job({Records()}), nullptr);
  const Request first = source.Open(FirstRun()).documents[0].content[0];
  for (const char* body : {"[{\"id\":1}", "", "<html>"}) {
    EXPECT_EQ(source.Read(first, {.body = body}, 0).error().code, Code::kTransient) << body;
  }
}

}  // namespace
}  // namespace sluice::rest
