#include "tests/stages/notion_read/notion_read_test.h"

namespace sluice::notion {
namespace {

TEST_F(NotionRead, BlockWithChildrenIsFollowedOneLevelDeeper) {
  for (const char* type : {"paragraph", "unsupported", "some_future_type"}) {
    const Reading reading = Read(Children(), List(Block(type, "{}", R"(,"has_children":true)")));
    EXPECT_EQ(reading.requests, std::vector<Request>{BlockChildren()}) << type;
  }
}

TEST_F(NotionRead, ChildPageIsNoBlockToListButAHintUnderThePage) {
  const Reading reading = Read(
      Children(), List(Block("child_page", R"({"title":"Below"})", R"(,"has_children":true)")));
  EXPECT_TRUE(reading.requests.empty());
  ASSERT_EQ(reading.documents.size(), 1u);
  const DocumentUpdate& hint = reading.documents[0];
  EXPECT_EQ(hint.kind, "page");
  EXPECT_EQ(hint.title, "Below");
  EXPECT_EQ(hint.place, Place::kUnder);
  EXPECT_EQ(hint.parent, kPage);
  EXPECT_FALSE(hint.optional);
  EXPECT_EQ(reading.mentions, std::vector<DocumentId>{DocumentId(kBlock)});
}

TEST_F(NotionRead, ChildOfANestedBlockHangsUnderThePage) {
  const Reading reading =
      Read(ChildrenRequest(kPage, kRevision, kBlock2, "", 1),
           List(Block("child_database", R"({"title":""})",
                      R"(,"parent":{"type":"block_id","block_id":")" + kBlock2 + "\"}")));
  ASSERT_EQ(reading.documents.size(), 1u);
  EXPECT_EQ(reading.documents[0].kind, "database");
  EXPECT_EQ(reading.documents[0].parent, kPage);
}

TEST_F(NotionRead, ChildThatNamesAnotherParentDoesNotClaimThePlace) {
  const Reading reading =
      Read(Children(), List(Block("child_page", R"({"title":"x"})",
                                  R"(,"parent":{"page_id":")" + kOther.value + "\"}")));
  ASSERT_EQ(reading.documents.size(), 1u);
  EXPECT_EQ(reading.documents[0].place, Place::kUnchanged);
}

TEST_F(NotionRead, MeetingNotesAskForTheirThreeParts) {
  const std::string children = R"({"children":{"summary_block_id":")" + kBlock2 +
                               R"(","notes_block_id":")" + kOther.value +
                               R"(","transcript_block_id":")" + kBase.value + R"("}})";
  for (const char* type : {"meeting_notes", "transcription"}) {
    const Reading reading = Read(Children(), List(Block(type, children)));
    EXPECT_EQ(reading.requests.size(), 3u) << type;
    EXPECT_TRUE(Asks(reading.requests, ChildrenRequest(kPage, kRevision, kBlock2, "", 1)));
  }
}

std::string MentionOf(const std::string& kind, const DocumentId& id) {
  return R"([{"type":"mention","mention":{"type":")" + kind + R"(",")" + kind + R"(":{"id":")" +
         id.value + R"("}}}])";
}

TEST_F(NotionRead, MentionsAreFoundInTextCaptionsAndTableCells) {
  const std::pair<const char*, std::string> cases[] = {
      {"paragraph", R"({"rich_text":)" + MentionOf("page", kOther) + "}"},
      {"paragraph", R"({"text":)" + MentionOf("page", kOther) + "}"},
      {"image", R"({"caption":)" + MentionOf("database", kOther) + "}"},
      {"table_row", R"({"cells":[[],)" + MentionOf("page", kOther) + "]}"},
      {"link_to_page", R"({"type":"page_id","page_id":")" + kOther.value + "\"}"},
      {"link_to_page", R"({"type":"database_id","database_id":")" + kOther.value + "\"}"},
  };
  for (const auto& [type, payload] : cases) {
    const Reading reading = Read(Children(), List(Block(type, payload)));
    EXPECT_EQ(reading.mentions, std::vector<DocumentId>{kOther}) << type << payload;
    ASSERT_EQ(reading.documents.size(), 1u) << type;
    EXPECT_TRUE(reading.documents[0].optional) << type;
    EXPECT_EQ(reading.documents[0].place, Place::kUnchanged) << type;
  }
}

TEST_F(NotionRead, PlainLinkIntoNotionIsMentionedAndNotFollowed) {
  for (const char* href :
       {"/22222222222242228222222222222222",
        "https://www.notion.so/Team/Title-22222222222242228222222222222222?p=1"}) {
    const Reading reading =
        Read(Children(), List(Block("paragraph", R"({"rich_text":[{"type":"text","href":")" +
                                                     std::string(href) + R"("}]})")));
    EXPECT_EQ(reading.mentions, std::vector<DocumentId>{kOther}) << href;
    EXPECT_TRUE(reading.documents.empty()) << href;
  }
}

std::string MentionOfPerson(const std::string& more) {
  return R"({"rich_text":[{"type":"mention","mention":{"type":"user","user":{"object":"user",)"
         R"("id":")" +
         kPerson + "\"" + more + "}}}]}";
}

TEST_F(NotionRead, NamelessPersonIsAskedForOnlyWhereUsersAreIncluded) {
  const std::string body = List(Block("paragraph", MentionOfPerson("")));
  EXPECT_EQ(Read(Children(), body).documents.at(0).kind, "user");
  options.users = false;
  EXPECT_TRUE(Read(Children(), body).documents.empty());
  EXPECT_TRUE(Read(Children(), body).mentions.empty());
}

TEST_F(NotionRead, PersonWithANameIsNotAskedFor) {
  const Reading reading =
      Read(Children(), List(Block("paragraph", MentionOfPerson(R"(,"name":"Ada")"))));
  EXPECT_TRUE(reading.documents.empty());
}

TEST_F(NotionRead, JobWithRootsMentionsLinkedPagesWithoutFollowingThem) {
  options.roots = {kPage.value};
  const Reading reading = Read(
      Children(), List(Block("paragraph", R"({"rich_text":)" + MentionOf("page", kOther) + "}")));
  EXPECT_EQ(reading.mentions, std::vector<DocumentId>{kOther});
  EXPECT_TRUE(reading.documents.empty());
}

}  // namespace
}  // namespace sluice::notion
