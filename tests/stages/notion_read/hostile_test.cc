#include <filesystem>

#include "tests/stages/notion_read/notion_read_test.h"
#include "tests/support/temp_dir.h"

namespace sluice::notion {
namespace {

TEST_F(NotionRead, CutAnswerIsTransientAndSaysWhereItEnds) {
  const std::string body = List(Page(kWorkspace));
  for (std::size_t bytes = 0; bytes < body.size(); ++bytes) {
    EXPECT_EQ(ReadBroken(SearchRequest(""), body.substr(0, bytes)).code, Code::kTransient) << bytes;
  }
  EXPECT_NE(ReadBroken(SearchRequest(""), body.substr(0, 48)).message.find("byte 48"),
            std::string::npos);
}

TEST_F(NotionRead, AnswerNestedTooDeepIsInvalid) {
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  EXPECT_EQ(ReadBroken(SearchRequest(""), List(deep)).code, Code::kInvalid);
}

TEST_F(NotionRead, AnswerNestedTwoHundredLevelsIsRead) {
  const std::string deep = std::string(200, '[') + std::string(200, ']');
  EXPECT_TRUE(Read(Children(), List(Block("paragraph", deep))).keep);
}

TEST_F(NotionRead, AnswerOfAnotherKindIsInvalid) {
  for (const char* body : {"null", "7", "[]", "{}", R"({"object":"list","results":{}})"}) {
    EXPECT_EQ(ReadBroken(SearchRequest(""), body).code, Code::kInvalid) << body;
    EXPECT_EQ(ReadBroken(PageRequest(kPage.value), body).code, Code::kInvalid) << body;
  }
}

const std::string kRich =
    R"({"object":"block","id":"44444444-4444-4444-8444-444444444444","type":"synced_block",)"
    R"("has_children":true,"synced_block":{"synced_from":{"block_id":)"
    R"("55555555555545558555555555555555"},"rich_text":[{"type":"mention","mention":{"user":)"
    R"({"id":"66666666-6666-4666-8666-666666666666"}}}]}},{"type":"meeting_notes","meeting_notes":)"
    R"({"children":{"notes_block_id":"55555555555545558555555555555555"}}})";

// Every byte in turn becomes what most changes the meaning of JSON. The answer may be refused, but
// whatever is read asks only for things whose ids are ids.
TEST_F(NotionRead, AnswerWithAnyByteChangedIsReadOrRefused) {
  const std::pair<Request, std::string> cases[] = {
      {Children(), List(kRich)},
      {Query(), List(Page(kWorkspace, "", R"(,"R":{"type":"relation","relation":[{"id":"x"}]})"))},
  };
  for (const auto& [request, body] : cases) {
    for (std::size_t at = 0; at < body.size(); ++at) {
      for (const char byte : {'0', '"', '{', ']', ',', '\0', '\xFF'}) {
        std::string changed = body;
        changed[at] = byte;
        const Result<Reading> reading = ReadAnswer(request, changed, options, now_ms);
        if (!reading) continue;
        for (const DocumentUpdate& document : reading->documents) {
          EXPECT_FALSE(document.id.empty()) << changed;
        }
        for (const Request& asked : reading->requests) {
          EXPECT_EQ(asked.target.find_first_of("\"{} \\"), std::string::npos) << asked.target;
        }
      }
    }
  }
}

TEST_F(NotionRead, RecordedAnswersAreReadOrRefusedWhateverTheyAreTakenFor) {
  const std::filesystem::path folder =
      std::filesystem::path(SLUICE_SOURCE_DIR) / ".." / "shared" / "fixtures" / "notion";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << folder << " is missing";
  const Request requests[] = {SearchRequest(""), Query(), Children(), PageRequest(kPage.value),
                              PropertyRequest(kPage, kRevision, "r", "")};
  int lists = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ".json") continue;
    const std::string body = ReadFile(entry.path());
    for (const Request& request : requests) {
      const Result<Reading> reading = ReadAnswer(request, body, options, now_ms);
      if (reading && request == Children()) ++lists;
    }
  }
  EXPECT_GT(lists, 50);
}

}  // namespace
}  // namespace sluice::notion
