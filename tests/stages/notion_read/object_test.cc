#include "stages/sources/notion/read_object.h"
#include "tests/stages/notion_read/notion_read_test.h"

namespace sluice::notion {
namespace {

TEST_F(NotionRead, PageTellsKindTitleNameRevisionAndObject) {
  const Reading reading = Read(PageRequest(kPage.value), Page(kWorkspace));
  ASSERT_EQ(reading.documents.size(), 1u);
  const DocumentUpdate& page = reading.documents[0];
  EXPECT_EQ(page.kind, "page");
  EXPECT_EQ(page.title, "My page");
  EXPECT_EQ(page.name, "My page 11111111111141118111111111111111");
  EXPECT_EQ(page.extension, ".md");
  EXPECT_EQ(page.revision, kRevision);
  EXPECT_NE(page.object.find("\"properties\""), std::string::npos);
}

TEST_F(NotionRead, PageContentIsItsChildren) {
  const Reading reading = Read(SearchRequest(""), List(Page(kWorkspace)));
  ASSERT_EQ(reading.documents.size(), 1u);
  EXPECT_EQ(reading.documents[0].content, std::vector<Request>{Children()});
}

TEST_F(NotionRead, PageContentHoldsCommentsWhereTheyAreIncluded) {
  options.comments = true;
  const Reading reading = Read(SearchRequest(""), List(Page(kWorkspace)));
  EXPECT_TRUE(
      Asks(reading.documents.at(0).content, CommentsRequest(kPage, kRevision, kPage.value, "")));
}

TEST_F(NotionRead, TruncatedRelationIsAskedForByItself) {
  const Reading reading =
      Read(SearchRequest(""),
           List(Page(kWorkspace, "",
                     R"(,"R":{"id":"%5C%3BWQ","type":"relation","relation":[],"has_more":true})")));
  EXPECT_TRUE(
      Asks(reading.documents.at(0).content, PropertyRequest(kPage, kRevision, "%5C%3BWQ", "")));
}

TEST_F(NotionRead, PropertyIdThatWouldLeaveThePathIsNotedAndNotAsked) {
  const Reading reading =
      Read(SearchRequest(""),
           List(Page(kWorkspace, "",
                     R"(,"R":{"id":"../x","type":"relation","relation":[],"has_more":true})")));
  EXPECT_EQ(reading.documents.at(0).content.size(), 1u);
  EXPECT_EQ(reading.notes.size(), 1u);
}

struct ParentCase {
  std::string json;
  Place place;
  std::string parent;
};

TEST_F(NotionRead, ParentTellsThePlace) {
  const std::string id = kOther.value;
  const ParentCase cases[] = {
      {kWorkspace, Place::kTop, ""},
      {R"({"type":"page_id","page_id":"22222222222242228222222222222222"})", Place::kUnder, id},
      {R"({"type":"database_id","database_id":")" + id + "\"}", Place::kUnder, id},
      {R"({"type":"data_source_id","data_source_id":")" + id + R"(","database_id":")" +
           kBase.value + "\"}",
       Place::kUnder, id},
      {R"({"type":"block_id","block_id":")" + id + "\"}", Place::kUnresolved, id},
      {R"({"type":"agent_id","agent_id":")" + id + "\"}", Place::kTop, ""},
      {R"("nonsense")", Place::kTop, ""},
  };
  for (const ParentCase& c : cases) {
    const Reading reading = Read(PageRequest(kPage.value), Page(c.json));
    EXPECT_EQ(reading.documents.at(0).place, c.place) << c.json;
    EXPECT_EQ(reading.documents.at(0).parent.value, c.parent) << c.json;
  }
}

TEST_F(NotionRead, TrashYieldsNoDocument) {
  for (const char* flag : {R"(,"in_trash":true)", R"(,"archived":true)"}) {
    EXPECT_TRUE(Read(SearchRequest(""), List(Page(kWorkspace, flag))).documents.empty()) << flag;
  }
}

TEST_F(NotionRead, InTrashOutranksArchived) {
  const Reading reading =
      Read(SearchRequest(""), List(Page(kWorkspace, R"(,"in_trash":false,"archived":true)")));
  EXPECT_EQ(reading.documents.size(), 1u);
}

TEST_F(NotionRead, RevisionIsUnstableForTwoMinutes) {
  const WallMs edited_ms = ParseTime(kRevision.value).value();
  for (const auto& [age_ms, stable] :
       {std::pair{-5000, false}, {119'999, false}, {120'000, true}}) {
    now_ms = edited_ms + age_ms;
    const Reading reading = Read(PageRequest(kPage.value), Page(kWorkspace));
    EXPECT_EQ(reading.documents.at(0).stable, stable) << age_ms;
  }
}

TEST_F(NotionRead, OwnMentionsOfAPageAreThoseOfItsProperties) {
  const std::string properties =
      R"(,"R":{"id":"r","type":"relation","relation":[{"id":")" + kOther.value +
      R"("}]},"P":{"id":"p","type":"people","people":[{"object":"user","id":")" + kPerson +
      R"("}]})";
  const Reading reading = Read(SearchRequest(""), List(Page(kWorkspace, "", properties)));
  ASSERT_NE(Find(reading, kPage), nullptr);
  EXPECT_EQ(Find(reading, kPage)->mentions,
            (std::vector<DocumentId>{kOther, UserDocument(kPerson)}));
}

const std::string kDatabase2022 =
    R"({"object":"database","id":")" + kBase.value +
    R"(","title":[{"plain_text":"Tasks"}],"properties":{},"parent":)" + kWorkspace + "}";

TEST_F(NotionRead, DatabaseWithASchemaIsADocumentWhoseContentIsItsRows) {
  const Reading reading = Read(SearchRequest(""), List(kDatabase2022));
  ASSERT_EQ(reading.documents.size(), 1u);
  EXPECT_EQ(reading.documents[0].extension, ".csv");
  EXPECT_EQ(reading.documents[0].content, std::vector<Request>{Query()});
}

TEST_F(NotionRead, DataSourceTakesItsPlaceFromTheContainerAndItsAlias) {
  const std::string source = R"({"object":"data_source","id":")" + kBase.value +
                             R"(","properties":{},"parent":{"database_id":")" + kOther.value +
                             R"("},"database_parent":{"page_id":")" + kPage.value + R"("}})";
  const Reading reading = Read(SearchRequest(""), List(source));
  ASSERT_EQ(reading.documents.size(), 1u);
  EXPECT_EQ(reading.documents[0].parent, kPage);
  EXPECT_EQ(reading.documents[0].aliases, std::vector<DocumentId>{kOther});
  EXPECT_TRUE(
      Asks(reading.documents[0].content, QueryRequest(ApiVersion::k2025_09_03, kBase, "", "")));
}

const std::string kContainer =
    R"({"object":"database","id":")" + kOther.value + R"(","parent":{"page_id":")" + kPage.value +
    R"("},"data_sources":[{"id":")" + kBase.value + R"(","name":"Tasks"}]})";

TEST_F(NotionRead, ContainerInAListOnlyHintsAtItsDataSources) {
  const Reading reading = Read(SearchRequest(""), List(kContainer));
  ASSERT_EQ(reading.documents.size(), 1u);
  EXPECT_EQ(reading.documents[0].id, kBase);
  EXPECT_EQ(reading.documents[0].parent, kPage);
  EXPECT_TRUE(reading.documents[0].object.empty());
  EXPECT_TRUE(reading.requests.empty());
}

TEST_F(NotionRead, ContainerAskedForByItselfAsksForItsDataSources) {
  const Reading reading = Read(DatabaseRequest(kOther.value), kContainer);
  EXPECT_TRUE(Asks(reading.requests, DataSourceRequest(kBase.value)));
}

TEST_F(NotionRead, UserIsADocumentWithoutAFile) {
  const Reading reading = Read(UserRequest(kPerson), R"({"object":"user","id":")" + kPerson +
                                                         R"(","name":"Ada","type":"person"})");
  ASSERT_EQ(reading.documents.size(), 1u);
  EXPECT_EQ(reading.documents[0].id, UserDocument(kPerson));
  EXPECT_EQ(reading.documents[0].title, "Ada");
  EXPECT_EQ(reading.documents[0].extension, "");
  EXPECT_FALSE(reading.documents[0].object.empty());
}

TEST_F(NotionRead, RootIsAtTheTopWhateverItHangsUnder) {
  options.roots = {"11111111111141118111111111111111"};
  const Reading reading =
      Read(PageRequest(kPage.value), Page(R"({"page_id":")" + kOther.value + "\"}"));
  EXPECT_EQ(reading.documents.at(0).place, Place::kTop);
  EXPECT_TRUE(reading.documents.at(0).parent.empty());
}

TEST(NotionTime, IsReadWithAndWithoutFractionAndOffset) {
  const WallMs noon = 1'735'732'800'000;  // 2025-01-01T12:00:00Z
  EXPECT_EQ(ParseTime("2025-01-01T12:00:00.000Z"), noon);
  EXPECT_EQ(ParseTime("2025-01-01T12:00:00Z"), noon);
  EXPECT_EQ(ParseTime("2025-01-01T14:00:00.250+02:00"), noon + 250);
  EXPECT_EQ(FormatTime(noon), "2025-01-01T12:00:00.000Z");
  for (const char* bad : {"", "2025-01-01", "2025-13-01T12:00:00Z", "2025-01-01T12:00:00+", "x"}) {
    EXPECT_EQ(ParseTime(bad), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace sluice::notion
