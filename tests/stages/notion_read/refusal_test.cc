#include "stages/http/secrets.h"
#include "stages/sources/notion/notion_source.h"
#include "tests/stages/notion_read/notion_read_test.h"

namespace sluice::notion {
namespace {

DocumentRow Row(const std::string& kind, const DocumentId& id, bool optional = false) {
  return {.id = id, .kind = kind, .optional = optional};
}

TEST_F(NotionRead, StatusAloneDecidesTheVerdict) {
  const std::pair<int, Code> cases[] = {
      {401, Code::kUnauthorized}, {403, Code::kInvalid},     {404, Code::kNotFound},
      {409, Code::kTransient},    {429, Code::kRateLimited}, {500, Code::kTransient},
      {502, Code::kTransient},    {503, Code::kTransient},   {504, Code::kTransient},
      {529, Code::kRateLimited},  {418, Code::kInvalid}};
  for (const auto& [status, code] : cases) {
    EXPECT_EQ(JudgeAnswer(Children(), status, "<html>502 Bad Gateway</html>").code, code) << status;
  }
}

// What it means stands in its words, which may not have arrived.
TEST_F(NotionRead, ABadRequestWithoutTheApisWordsIsAskedAgain) {
  const std::string whole = R"({"object":"error","status":400,"code":"validation_error"})";
  EXPECT_EQ(JudgeAnswer(Children(), 400, whole).code, Code::kInvalid);
  for (const std::string& body : {std::string(), whole.substr(0, 30), std::string("<html>")}) {
    EXPECT_EQ(JudgeAnswer(Children(), 400, body).code, Code::kTransient) << body;
  }
}

TEST_F(NotionRead, VerdictCarriesTheApisWordsShortened) {
  const std::string body =
      R"({"object":"error","code":"validation_error","message":")" + std::string(5000, 'x') + "\"}";
  const Verdict verdict = JudgeAnswer(Children(), 400, body);
  EXPECT_NE(verdict.message.find("validation_error"), std::string::npos);
  EXPECT_LE(verdict.message.size(), 210u);
}

// Wherever the cut falls: no secret is left in part.
TEST_F(NotionRead, TheApisWordsAreCutWhenSecretsAreOutOfThem) {
  KnownSecrets().Add("QZQZQZQZQZQZQZQZQZQZ");
  for (std::size_t before = 130; before < 210; ++before) {
    const std::string words = std::string(before, 'x') + "QZQZQZQZQZQZQZQZQZQZ";
    const Verdict verdict =
        JudgeAnswer(Children(), 403, R"({"code":"restricted","message":")" + words + "\"}");
    EXPECT_EQ(verdict.message.find("QZ"), std::string::npos) << verdict.message;
  }
}

TEST_F(NotionRead, ErrorObjectInASuccessIsJudgedAsItsStatus) {
  EXPECT_EQ(ReadBroken(Children(), R"({"object":"error","status":429,"code":"rate_limited"})").code,
            Code::kRateLimited);
  EXPECT_EQ(ReadBroken(Children(), R"({"object":"error"})").code, Code::kInvalid);
}

TEST_F(NotionRead, RefusedChildrenOfABlockAreKeptWithANote) {
  for (const int status : {400, 404}) {
    const auto reading = Refuse(BlockChildren(), status, "validation_error");
    ASSERT_TRUE(reading.has_value()) << status;
    EXPECT_TRUE(reading->keep);
    EXPECT_EQ(reading->notes.size(), 1u);
  }
}

TEST_F(NotionRead, RefusedChildrenOfThePageItselfAreAFailure) {
  EXPECT_FALSE(Refuse(Children(), 404, "object_not_found").has_value());
}

TEST_F(NotionRead, RefusedChildrenOfAnOptionalPageAreNone) {
  const Request page = RequestsFor(Row("page", kPage, true)).at(0);
  const Request children = Read(page, Page(kWorkspace)).documents.at(0).content.at(0);
  EXPECT_TRUE(Refuse(children, 404, "object_not_found").has_value());
}

TEST_F(NotionRead, RefusedSyncedCopyAsksForTheOriginal) {
  const Reading list = Read(
      Children(), List(Block("synced_block", R"({"synced_from":{"block_id":")" + kBlock2 + R"("}})",
                             R"(,"has_children":true)")));
  ASSERT_TRUE(Asks(list.requests, BlockChildren()));
  const auto reading = Refuse(list.requests[0], 404, "object_not_found");
  ASSERT_TRUE(reading.has_value());
  EXPECT_TRUE(reading->keep);
  EXPECT_EQ(reading->requests,
            std::vector<Request>{ChildrenRequest(kPage, kRevision, kBlock2, "", 1)});
}

TEST_F(NotionRead, EmptySyncedCopyAsksForTheOriginal) {
  const Reading list = Read(
      Children(), List(Block("synced_block", R"({"synced_from":{"block_id":")" + kBlock2 + R"("}})",
                             R"(,"has_children":true)")));
  ASSERT_EQ(list.requests.size(), 1u);
  EXPECT_EQ(Read(list.requests[0], List("")).requests,
            std::vector<Request>{ChildrenRequest(kPage, kRevision, kBlock2, "", 1)});
}

TEST_F(NotionRead, EmptyListOfAnyOtherBlockAsksForNothing) {
  EXPECT_TRUE(Read(Children(), List("")).requests.empty());
}

TEST_F(NotionRead, RefusedPropertyAndCommentsAreKeptWithANote) {
  const auto property = Refuse(PropertyRequest(kPage, kRevision, "r", ""), 404, "x");
  EXPECT_TRUE(property && property->keep && property->notes.size() == 1);
  const auto comments =
      Refuse(CommentsRequest(kPage, kRevision, kPage.value, ""), 403, "restricted_resource");
  EXPECT_TRUE(comments && comments->keep && comments->notes.size() == 1);
}

TEST_F(NotionRead, CommentsClosedToTheIntegrationAreTheSameNoteForEveryPage) {
  const auto note = [&](const DocumentId& id) {
    return Refuse(CommentsRequest(id, kRevision, id.value, ""), 403, "restricted_resource")
        .value()
        .notes;
  };
  EXPECT_EQ(note(kPage), note(kOther));
}

TEST_F(NotionRead, LinkedViewIsANoteAndNoFailure) {
  const auto reading = Refuse(RequestsFor(Row("database", kBase)).at(0), 404, "object_not_found");
  ASSERT_TRUE(reading.has_value());
  EXPECT_EQ(reading->notes.at(0).kind, "linked view");
}

TEST_F(NotionRead, MentionedContainerIsTriedAsADataSourceSince2025) {
  options.version = "2025-09-03";
  const auto reading =
      Refuse(RequestsFor(Row("database", kBase, true)).at(0), 404, "object_not_found");
  ASSERT_TRUE(reading.has_value());
  EXPECT_TRUE(Asks(reading->requests, DataSourceRequest(kBase.value)));
}

TEST_F(NotionRead, LinkedViewCostsOneRequestSince2025) {
  options.version = "2025-09-03";
  const auto reading = Refuse(RequestsFor(Row("database", kBase)).at(0), 404, "object_not_found");
  ASSERT_TRUE(reading.has_value());
  EXPECT_TRUE(reading->requests.empty());
  EXPECT_EQ(reading->notes.at(0).kind, "linked view");
}

TEST_F(NotionRead, DatabaseThatWantsANewerVersionIsAFailure) {
  EXPECT_FALSE(Refuse(RequestsFor(Row("database", kBase)).at(0), 400, "validation_error",
                      "Databases with multiple data sources are not supported")
                   .has_value());
}

TEST_F(NotionRead, RefusedOptionalPageAndUserAreNothing) {
  const auto page = Refuse(RequestsFor(Row("page", kPage, true)).at(0), 404, "x");
  EXPECT_TRUE(page && page->notes.empty() && page->requests.empty() && !page->keep);
  EXPECT_TRUE(Refuse(UserRequest(kPerson), 404, "x").has_value());
  EXPECT_FALSE(Refuse(RequestsFor(Row("page", kPage)).at(0), 404, "x").has_value());
}

TEST_F(NotionRead, RunBeginsWithOneSearchOrWithItsRoots) {
  EXPECT_EQ(OpeningRequests(options), std::vector<Request>{SearchRequest("")});
  options.roots = {"11111111111141118111111111111111"};
  EXPECT_TRUE(Asks(OpeningRequests(options), PageRequest(kPage.value)));
}

TEST_F(NotionRead, RootThatIsNoPageIsTriedAsADatabaseAndThenFailsByName) {
  options.roots = {kBase.value};
  const auto reading = Refuse(OpeningRequests(options).at(0), 404, "object_not_found");
  ASSERT_TRUE(reading && Asks(reading->requests, DatabaseRequest(kBase.value)));
  const Request last = reading->requests[0];
  EXPECT_FALSE(Refuse(last, 404, "object_not_found").has_value());
  EXPECT_NE(JudgeAnswer(last, 404, "").message.find("root " + kBase.value), std::string::npos);
}

TEST_F(NotionRead, StaleCursorRestartsTheListOnce) {
  const Request second = Read(SearchRequest(""), ListTo("A")).requests.at(0);
  const auto restart = Refuse(second, 400, "validation_error", "start_cursor is invalid");
  ASSERT_TRUE(restart && Asks(restart->requests, SearchRequest("")));
  const Request again = Read(restart->requests[0], ListTo("A")).requests.at(0);
  EXPECT_FALSE(Refuse(again, 400, "validation_error", "start_cursor is invalid").has_value());
}

TEST_F(NotionRead, WhatMayBeAskedAgainIsNoRefusal) {
  for (const int status : {401, 409, 429, 500, 502, 529}) {
    EXPECT_FALSE(Refuse(BlockChildren(), status, "x").has_value()) << status;
  }
}

TEST_F(NotionRead, WireRequestCarriesTheTokenInOneHeaderAndATypeOnlyWithABody) {
  const HttpRequest get = NotionHttpRequest(Children(), options);
  EXPECT_EQ(get.url, "https://api.notion.com" + Children().target);
  std::string names;
  for (const HttpHeader& header : get.headers) {
    names += header.name + " ";
    EXPECT_EQ(header.value.find("ntn_secret") != std::string::npos, header.name == "Authorization");
  }
  EXPECT_EQ(names, "Authorization Notion-Version Accept User-Agent ");
  EXPECT_EQ(NotionHttpRequest(SearchRequest(""), options).headers.back().name, "Content-Type");
}

}  // namespace
}  // namespace sluice::notion
