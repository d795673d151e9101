// A long answer is read some records at a time, and gives the rows it would as a whole.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stages/sources/rest/page_records.h"
#include "tests/stages/rest/rest_test.h"

namespace sluice::rest {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr int kRecords = 3000;

// [{"id":0,"text":"xxx..."}, ...], `wrap` around each; some 400 KB.
std::string ManyRecords(const std::string& before = "", const std::string& after = "") {
  std::string text = "[";
  for (int i = 0; i < kRecords; ++i) {
    text += (i == 0 ? "" : ",") + before + R"({"id":)" + std::to_string(i) + R"(,"text":")" +
            std::string(120, 'x') + "\"}" + after;
  }
  return text + "]";
}

Walk Export(Resource resource, const std::string& body, std::vector<HttpHeader> headers = {}) {
  return {Job({std::move(resource)}),
          [=](const Request&) { return FakeAnswer{.body = body, .headers = headers}; }};
}

std::vector<std::string> KeysOf(Resource resource, const std::string& body) {
  resource.primary_key = {"id"};
  const Walk walk = Export(std::move(resource), body);
  EXPECT_THAT(walk.errors, IsEmpty());
  return walk.Keys();
}

std::size_t RowsAt(const std::string& selector, const std::string& body) {
  Resource resource = Records();
  resource.data_selector = selector;
  return KeysOf(std::move(resource), body).size();
}

TEST(LongPage, RecordsAreFoundBySelectorInEveryForm) {
  const std::string list = ManyRecords();
  EXPECT_EQ(RowsAt("$", list), kRecords);
  EXPECT_EQ(RowsAt("$[*]", list), kRecords);
  EXPECT_EQ(RowsAt("data.items", R"({"data":{"items":)" + list + "}}"), kRecords);
  EXPECT_EQ(RowsAt("data.items[*]", R"({"data":{"items":)" + list + "}}"), kRecords);
  EXPECT_EQ(RowsAt("edges[*].node", R"({"edges":)" + ManyRecords(R"({"node":)", "}") + "}"),
            kRecords);
}

TEST(LongPage, RecordsAreFoundBesideAnEvenLongerList) {
  EXPECT_EQ(RowsAt("few", R"({"few":[{"id":1},{"id":2}],"many":)" + ManyRecords() + "}"), 2u);
  EXPECT_EQ(RowsAt("many[0]", R"({"many":)" + ManyRecords() + "}"), 1u);
}

TEST(LongPage, ListIsDetected) {
  EXPECT_EQ(KeysOf(Records(), ManyRecords()).size(), kRecords);
  EXPECT_EQ(KeysOf(Records(), R"({"total":3000,"results":)" + ManyRecords() + "}").size(),
            kRecords);
}

TEST(LongPage, RowsStandInTheOrderOfTheAnswer) {
  // Too long to be shown where it is wrong.
  EXPECT_TRUE(Export(Records(), Ids(1, 40'000)).Rows() == IdRows(1, 40'000));
}

TEST(LongPage, CursorBehindTheRecordsIsFollowed) {
  Resource resource =
      Records({.type = Paginator::Type::kCursor, .cursor_path = "next", .cursor_param = "cursor"});
  const Walk walk(Job({resource}), [](const Request& request) {
    const bool first = !GetParam(request.target, "cursor");
    return FakeAnswer{.body = R"({"results":)" + ManyRecords() +
                              (first ? R"(,"next":"c2"})" : R"(,"next":null,"second":true})")};
  });
  EXPECT_EQ(walk.asked.size(), 2u);
}

TEST(LongPage, SameRecordsAgainAreSeenAsACircle) {
  Resource resource = Records({.type = Paginator::Type::kPageNumber});
  const Walk walk = Export(resource, ManyRecords());
  EXPECT_THAT(walk.shortfalls, ElementsAre(HasSubstr("holds the same records")));
}

TEST(LongPage, BrokenRecordFailsThePage) {
  std::string body = ManyRecords();
  body[body.find("\"id\":2500")] = '!';
  EXPECT_THAT(Export(Records(), body).errors, ElementsAre(HasSubstr("not valid JSON")));
}

TEST(PageRecords, LimitCountsFromTheFirst) {
  const std::string body = ManyRecords();
  PageRecords records = PageRecords::Parse(body).value();
  ASSERT_EQ(records.Select("$"), Found::kList);
  records.Limit(7);
  std::vector<std::uint32_t> seen;
  ASSERT_TRUE(records.ForEach([&](const JsonValue& record, std::uint32_t index) -> Status {
    EXPECT_EQ(record["id"]->text(), std::to_string(index));
    seen.push_back(index);
    return {};
  }));
  EXPECT_THAT(seen, ElementsAre(0, 1, 2, 3, 4, 5, 6));
}

}  // namespace
}  // namespace sluice::rest
