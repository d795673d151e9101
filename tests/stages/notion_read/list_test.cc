#include "tests/stages/notion_read/notion_read_test.h"

namespace sluice::notion {
namespace {

TEST_F(NotionRead, NextCursorOpensTheNextPageOfEveryList) {
  const std::pair<Request, Request> cases[] = {
      {SearchRequest(""), SearchRequest("c")},
      {Query(), QueryRequest(ApiVersion::k2022_06_28, kBase, "c", "")},
      {BlockChildren(), ChildrenRequest(kPage, kRevision, kBlock, "c", 1)},
      {CommentsRequest(kPage, kRevision, kPage.value, ""),
       CommentsRequest(kPage, kRevision, kPage.value, "c")},
      {PropertyRequest(kPage, kRevision, "a%3Ab", ""),
       PropertyRequest(kPage, kRevision, "a%3Ab", "c")},
  };
  for (const auto& [first, second] : cases) {
    const Reading reading = Read(first, ListTo("c"));
    ASSERT_EQ(reading.requests.size(), 1u) << first.target;
    Request next = reading.requests[0];
    next.context.clear();
    EXPECT_EQ(next, second) << first.target;
  }
}

TEST_F(NotionRead, ChildrenCommentsAndPropertiesAreKeptSearchAndRowsAreNot) {
  EXPECT_TRUE(Read(Children(), List("")).keep);
  EXPECT_TRUE(Read(CommentsRequest(kPage, kRevision, kPage.value, ""), List("")).keep);
  EXPECT_TRUE(Read(PropertyRequest(kPage, kRevision, "r", ""), List("")).keep);
  EXPECT_FALSE(Read(SearchRequest(""), List("")).keep);
  EXPECT_FALSE(Read(Query(), List("")).keep);
}

TEST_F(NotionRead, CursorThatRepeatsAtOnceEndsTheListWithAShortfall) {
  const Reading first = Read(BlockChildren(), ListTo("A"));
  const Reading second = Read(first.requests.at(0), ListTo("A"));
  EXPECT_TRUE(second.requests.empty());
  EXPECT_NE(second.shortfall.find(kBlock), std::string::npos);
  EXPECT_NE(second.shortfall.find(kPage.value), std::string::npos);
}

TEST_F(NotionRead, CursorThatRepeatsLaterEndsTheListWithAShortfall) {
  const Reading first = Read(SearchRequest(""), ListTo("A"));
  const Reading second = Read(first.requests.at(0), ListTo("B"));
  EXPECT_TRUE(second.shortfall.empty());
  const Reading third = Read(second.requests.at(0), ListTo("A"));
  EXPECT_TRUE(third.requests.empty());
  EXPECT_FALSE(third.shortfall.empty());
}

TEST_F(NotionRead, MoreWithoutACursorIsAShortfall) {
  for (const char* cursor : {"null", "\"\"", "17"}) {
    const Reading reading = Read(SearchRequest(""), R"({"results":[],"has_more":true,)"
                                                    R"("next_cursor":)" +
                                                        std::string(cursor) + "}");
    EXPECT_FALSE(reading.shortfall.empty()) << cursor;
  }
}

const std::string kLimit =
    R"(,"request_status":{"type":"incomplete","incomplete_reason":"query_result_limit_reached"})";

TEST_F(NotionRead, SearchAtTheLimitIsAShortfall) {
  EXPECT_NE(Read(SearchRequest(""), List("", kLimit)).shortfall.find("10,000"), std::string::npos);
}

TEST_F(NotionRead, QueryAtTheLimitGoesOnFromTheLastRowsCreation) {
  const Reading reading = Read(Query(), List(Page(kWorkspace), kLimit));
  EXPECT_TRUE(reading.shortfall.empty());
  ASSERT_EQ(reading.requests.size(), 1u);
  EXPECT_TRUE(Asks(reading.requests,
                   QueryRequest(ApiVersion::k2022_06_28, kBase, "", "2025-01-01T09:00:00.000Z")));
}

TEST_F(NotionRead, LimitOnAnEmptyPageGoesOnFromTheLastRowOfThePageBefore) {
  std::string rows = List(Page(kWorkspace));
  rows.replace(rows.find(R"("next_cursor":null,"has_more":false)"), 35,
               R"("next_cursor":"c","has_more":true)");
  const Reading first = Read(Query(), rows);
  const Reading last = Read(first.requests.at(0), List("", kLimit));
  EXPECT_TRUE(Asks(last.requests,
                   QueryRequest(ApiVersion::k2022_06_28, kBase, "", "2025-01-01T09:00:00.000Z")));
}

TEST_F(NotionRead, WindowThatDoesNotMoveIsAShortfallAndGoesOnAMinuteLater) {
  const Reading first = Read(Query(), List(Page(kWorkspace), kLimit));
  const Reading second = Read(first.requests.at(0), List(Page(kWorkspace), kLimit));
  EXPECT_FALSE(second.shortfall.empty());
  EXPECT_TRUE(Asks(second.requests,
                   QueryRequest(ApiVersion::k2022_06_28, kBase, "", "2025-01-01T09:01:00.000Z")));
}

TEST_F(NotionRead, RowIsADocumentAndItsTargetsAreMentionedByTheDatabaseToo) {
  const std::string relation =
      R"(,"R":{"id":"r","type":"relation","relation":[{"id":")" + kOther.value + R"("}]})";
  const Reading reading = Read(Query(), List(Page(kWorkspace, "", relation)));
  ASSERT_NE(Find(reading, kPage), nullptr);
  EXPECT_EQ(Find(reading, kPage)->mentions, std::vector<DocumentId>{kOther});
  EXPECT_FALSE(Find(reading, kPage)->content.empty());
  EXPECT_EQ(reading.mentions, std::vector<DocumentId>{kOther});
}

TEST_F(NotionRead, EntryWithoutAnIdIsAShortfallAndTheOthersAreRead) {
  const Reading reading = Read(SearchRequest(""), List(R"({"object":"page"},)" + Page(kWorkspace)));
  EXPECT_EQ(reading.documents.size(), 1u);
  EXPECT_FALSE(reading.shortfall.empty());
}

TEST_F(NotionRead, CommentsAuthorWithoutANameIsAskedForUnlessShown) {
  const std::string comment =
      R"({"object":"comment","rich_text":[],"created_by":{"object":"user","id":")" + kPerson +
      "\"}";
  const Request request = CommentsRequest(kPage, kRevision, kPage.value, "");
  EXPECT_EQ(Read(request, List(comment + "}")).mentions,
            std::vector<DocumentId>{UserDocument(kPerson)});
  EXPECT_TRUE(Read(request, List(comment + R"(,"display_name":{"resolved_name":"Ada"}})"))
                  .mentions.empty());
}

TEST_F(NotionRead, PropertyItemsMentionTheirTargets) {
  const Reading reading = Read(PropertyRequest(kPage, kRevision, "r", ""),
                               List(R"({"object":"property_item","type":"relation","relation":)"
                                    R"({"id":")" +
                                    kOther.value + R"("}})"));
  EXPECT_EQ(reading.mentions, std::vector<DocumentId>{kOther});
}

TEST_F(NotionRead, AnswerWithoutResultsIsInvalidAndNamesThem) {
  const Error error = ReadBroken(SearchRequest(""), R"({"object":"list"})");
  EXPECT_EQ(error.code, Code::kInvalid);
  EXPECT_NE(error.message.find("results"), std::string::npos);
}

}  // namespace
}  // namespace sluice::notion
