// Answers with 2xx that are no page of a list: errors in the body, and answers without the list.
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

Resource Items(Paginator paginator = {.type = Type::kJsonLink}) {
  Resource resource = Records(std::move(paginator));
  resource.data_selector = "items";
  return resource;
}

Walk Once(const Resource& resource, const std::string& body, int status = 200) {
  return Walk(Job({resource}),
              [&](const Request&) { return FakeAnswer{.status = status, .body = body}; });
}

// Two pages of the resource: {"items":[1,2],"next":...}, then `body`.
Walk OnPageTwo(const Resource& resource, const std::string& body, int status = 200) {
  return Walk(Job({resource}), [&](const Request& request) {
    if (NumberParam(request, "page", 1) == 2) return FakeAnswer{.status = status, .body = body};
    return FakeAnswer{.body =
                          fmt::format(R"({{"items":{},"next":"/v1/records?page=2"}})", Ids(1, 2))};
  });
}

Code CodeOf(const Resource& resource, const FakeAnswer& answer) {
  const RestSource source(Job({resource}), nullptr);
  const Request first = source.Open(FirstRun()).documents[0].content[0];
  const auto reading = source.Read(first, answer.View(), 0);
  return reading ? Code::kFatal : reading.error().code;
}

Resource With(Resource resource, ResponseFilter rule) {
  resource.error_handler.response_filters = {std::move(rule)};
  return resource;
}

// --- without the list ---------------------------------------------------------------------------

TEST(NoPageTest, AnAnswerWithoutTheListNamesTheSelectorAndWhatItHolds) {
  EXPECT_THAT(OnPageTwo(Items(), R"({"ok":false,"error":{"message":"slow down"}})").errors,
              ElementsAre("records, page 2 of /v1/records: data_selector 'items' leads nowhere in "
                          "the answer, which holds 'ok', 'error' and says: slow down"));
  EXPECT_THAT(OnPageTwo(Items(), R"({"kind":"list"})").errors,
              ElementsAre(HasSubstr("which holds 'kind'; where the API leaves an empty list out")));
  EXPECT_THAT(OnPageTwo(Items(), "{}").errors, ElementsAre(HasSubstr("which holds nothing")));
}

TEST(NoPageTest, AListThatWasDetectedIsMissedAsWell) {
  Resource resource = Items();
  resource.data_selector.reset();
  EXPECT_THAT(OnPageTwo(resource, R"({"message":"try again"})").errors,
              ElementsAre(HasSubstr("data_selector 'items' leads nowhere")));
}

TEST(NoPageTest, TextInPlaceOfTheListIsNoList) {
  EXPECT_THAT(OnPageTwo(Items(), R"({"items":"too many requests"})").errors,
              ElementsAre(HasSubstr(R"(leads to "too many requests", and not to a list)")));
}

TEST(NoPageTest, AStarNeedsTheListBeforeIt) {
  Resource resource = Items();
  resource.data_selector = "items[*].node";
  EXPECT_THAT(Once(resource, R"({"message":"no"})").errors,
              ElementsAre(HasSubstr("data_selector 'items[*].node' leads nowhere")));
  EXPECT_EQ(Once(resource, R"({"items":[]})").Rows(), "");
}

// A bare list, and then an object that would pass for a record.
TEST(NoPageTest, AnObjectAfterPagesOfListsIsNoRecord) {
  const Walk walk(Job({Records({.type = Type::kPageNumber, .base_page = 1})}),
                  [](const Request& request) {
                    const bool first = NumberParam(request, "page", 1) == 1;
                    return FakeAnswer{.body = first ? Ids(1, 2) : R"({"message":"later"})"};
                  });
  EXPECT_THAT(walk.errors, ElementsAre(HasSubstr("leads to one object, and on the pages before")));
  EXPECT_EQ(walk.Rows(), IdRows(1, 2));
}

TEST(NoPageTest, AnswersThatCountNothingAreEmptyPages) {
  EXPECT_THAT(OnPageTwo(Items(), R"({"total":0})").errors, IsEmpty());
  EXPECT_THAT(OnPageTwo(Items(), R"({"resultSizeEstimate":0})").errors, IsEmpty());
  EXPECT_THAT(OnPageTwo(Items(), R"({"items":null})").errors, IsEmpty());
  EXPECT_THAT(OnPageTwo(Items(), "", 204).errors, IsEmpty());
}

TEST(NoPageTest, WordsBesideWhatCountsNothingAreAComplaint) {
  for (const char* body :
       {R"({"total":0,"message":"backend down"})", R"({"items":null,"message":"backend down"})",
        R"({"items":null,"error":"backend down"})"}) {
    EXPECT_THAT(OnPageTwo(Items(), body).errors, ElementsAre(HasSubstr("backend down"))) << body;
  }
  for (const char* body : {R"({"code":0,"message":"success","items":null})",
                           R"({"success":true,"message":"nothing found","items":null})"}) {
    EXPECT_THAT(OnPageTwo(Items(), body).errors, IsEmpty()) << body;
  }
}

// Some APIs leave an empty list out of a page in the middle.
TEST(NoPageTest, AnAnswerThatLeadsOnMayLackItsList) {
  const Walk walk(Job({Items()}), [](const Request& request) {
    const std::int64_t page = NumberParam(request, "page", 1);
    if (page == 1) return FakeAnswer{.body = R"({"next":"/v1/records?page=2"})"};
    return FakeAnswer{.body = R"({"items":[{"id":1}]})"};
  });
  EXPECT_THAT(walk.errors, IsEmpty());
  EXPECT_EQ(walk.Rows(), IdRows(1, 1));
}

TEST(NoPageTest, ARuleMayDeclareAnAnswerWithoutTheListAPage) {
  const Resource resource = With(Items(), {.http_codes = {200}, .action = Action::kSuccess});
  EXPECT_THAT(OnPageTwo(resource, R"({"kind":"list"})").errors, IsEmpty());
  EXPECT_THAT(OnPageTwo(resource, R"({"error":"no"})").errors, ElementsAre(HasSubstr("says: no")));
  const Resource about =
      With(Items(), {.error_message_contains = "no results", .action = Action::kSuccess});
  EXPECT_THAT(OnPageTwo(about, R"({"error":"no results"})").errors, IsEmpty());
}

// --- errors in the body -------------------------------------------------------------------------

TEST(NoPageTest, AnErrorIsNoRecordWhereNothingWasSelected) {
  for (const char* body :
       {R"({"ok":false,"error":"invalid_auth"})", R"({"success":false})", R"({"error":{"code":5}})",
        R"({"errors":[{"message":"no"}]})", R"({"object":"error","message":"no"})",
        R"({"status":"error","message":"no"})",
        R"({"jsonrpc":"2.0","id":1,"error":{"code":-1}})"}) {
    EXPECT_THAT(Once(Records(), body).errors, ElementsAre(HasSubstr("holds an error"))) << body;
    EXPECT_EQ(Once(Records(), body).Rows(), "");
  }
}

TEST(NoPageTest, ARecordMayHaveAFieldForErrors) {
  for (const char* body : {R"({"id":1,"error":"boom","success":false})", R"({"id":1,"errors":[]})",
                           R"({"name":"x","error":null})", R"({"status":"failed","x":1})"}) {
    EXPECT_EQ(Once(Records(), body).Rows(), body);
  }
  Resource keyed = Records();
  keyed.primary_key = {"run"};
  EXPECT_EQ(Once(keyed, R"({"run":7,"error":"boom"})").Rows(), R"({"run":7,"error":"boom"})");
}

TEST(NoPageTest, AnErrorBesideTheRecordsFailsThePage) {
  for (const char* beside :
       {R"("errors":[{"message":"no"}])", R"("error":"no")", R"("ok":false,"message":"no")"}) {
    const std::string body = fmt::format(R"({{"items":[{{"id":1}}],{}}})", beside);
    EXPECT_THAT(Once(Items(), body).errors, ElementsAre(HasSubstr("holds an error"))) << body;
  }
}

TEST(NoPageTest, PoliteAnswersAreNoErrors) {
  for (const char* beside :
       {R"("error":null)", R"("errors":[])", R"("error":"OK")", R"("error":false)", R"("error":0)",
        R"("error":"")", R"("message":"2 items")", R"("status":"ok")", R"("success":true)"}) {
    const std::string body = fmt::format(R"({{"items":[{{"id":1}}],{}}})", beside);
    EXPECT_THAT(Once(Items(), body).errors, IsEmpty()) << body;
  }
}

TEST(NoPageTest, LimitsAndFailingServersAreAskedAgain) {
  for (const char* body :
       {R"({"ok":false,"error":"ratelimited"})", R"({"error":{"code":"rate_limited"}})",
        R"({"error":{"code":503}})", R"({"code":429,"message":"Too many requests"})",
        R"({"errors":[{"extensions":{"code":"THROTTLED"}}]})",
        R"({"error":"Service Unavailable"})"}) {
    EXPECT_EQ(CodeOf(Items(), {.body = body}), Code::kTransient) << body;
  }
  for (const char* body : {R"({"ok":false,"error":"invalid_auth"})", R"({"error":{"code":400}})"}) {
    EXPECT_EQ(CodeOf(Items(), {.body = body}), Code::kInvalid) << body;
  }
}

TEST(NoPageTest, AnAnswerThatIsStillBeingMadeIsAskedForAgain) {
  EXPECT_EQ(CodeOf(Items(), {.status = 202, .body = "{}"}), Code::kTransient);
  EXPECT_EQ(CodeOf(Records(), {.status = 202, .body = "[]"}), Code::kTransient);
  const Resource resource = With(Records(), {.http_codes = {202}, .action = Action::kSuccess});
  EXPECT_EQ(Once(resource, R"([{"id":1}])", 202).Rows(), IdRows(1, 1));
}

// --- totals -------------------------------------------------------------------------------------

// Ten pages of two, side by side; `odd` answers page 4.
Walk TenPages(const std::string& odd) {
  return Walk(Job({Items({.type = Type::kPageNumber, .base_page = 1, .total_path = "pages"})}),
              [&](const Request& request) {
                const std::int64_t page = NumberParam(request, "page", 1);
                if (page == 4) return FakeAnswer{.body = odd};
                return FakeAnswer{.body = fmt::format(R"({{"items":{},"pages":10}})",
                                                      Ids(page * 2 - 1, page * 2))};
              });
}

TEST(NoPageTest, AnEmptyPageThatLostTheTotalIsAShortfall) {
  for (const char* odd : {R"({"items":[]})", R"({"items":[],"pages":0})", R"({"items":null})"}) {
    EXPECT_THAT(TenPages(odd).shortfalls,
                ElementsAre(HasSubstr("page 4 is empty, and the API says that there are 10 pages")))
        << odd;
  }
}

TEST(NoPageTest, AnOffsetThatLostTheTotalIsAShortfall) {
  const Walk walk(Job({Items({.type = Type::kOffset, .limit = 2, .total_path = "total"})}),
                  [](const Request& request) {
                    const std::int64_t offset = NumberParam(request, "offset", 0);
                    if (offset == 4) return FakeAnswer{.body = R"({"items":[]})"};
                    return FakeAnswer{.body = fmt::format(R"({{"items":{},"total":8}})",
                                                          Ids(offset + 1, offset + 2))};
                  });
  EXPECT_THAT(walk.shortfalls, ElementsAre(HasSubstr("nothing at offset 4")));
}

}  // namespace
}  // namespace sluice::rest
