// A long answer is read some results at a time, and reveals what it would as a whole.
#include "stages/sources/notion/parsed_answer.h"
#include "storage/base/compress.h"
#include "tests/stages/notion_read/notion_read_test.h"

namespace sluice::notion {
namespace {

constexpr int kBlocks = 2000;

std::string BlockId(int number) {
  std::string id = std::to_string(number);
  return "44444444-4444-4444-8444-" + std::string(12 - id.size(), '0') + id;
}

// Every third block has children; each is some 400 bytes.
std::string ManyBlocks() {
  std::string results;
  for (int i = 0; i < kBlocks; ++i) {
    results += (i == 0 ? "" : ",") + (R"({"object":"block","id":")" + BlockId(i)) +
               R"(","type":"toggle","has_children":)" + (i % 3 == 0 ? "true" : "false") +
               R"(,"toggle":{"rich_text":[{"plain_text":")" + std::string(300, 'x') + R"("}]}})";
  }
  return results;
}

using LongAnswer = NotionRead;

TEST_F(LongAnswer, EveryResultIsReadInItsOrder) {
  const Reading reading = Read(Children(), List(ManyBlocks()));
  ASSERT_EQ(reading.requests.size(), static_cast<std::size_t>((kBlocks + 2) / 3));
  EXPECT_NE(reading.requests.front().target.find(BlockId(0)), std::string::npos);
  EXPECT_NE(reading.requests.back().target.find(BlockId(1998)), std::string::npos);
  EXPECT_TRUE(reading.keep);
}

TEST_F(LongAnswer, CursorBehindTheResultsIsFollowed) {
  const std::string body =
      R"({"object":"list","results":[)" + ManyBlocks() + R"(],"next_cursor":"c2","has_more":true})";
  const Reading reading = Read(Children(), body);
  EXPECT_TRUE(Asks(reading.requests, ChildrenRequest(kPage, kRevision, kPage.value, "c2", 0)));
}

TEST_F(LongAnswer, CutOrBrokenAnywhereIsTransient) {
  const std::string body = List(ManyBlocks());
  for (const std::size_t at : {body.size() / 3, body.size() / 2, body.size() - 1}) {
    EXPECT_EQ(ReadBroken(Children(), body.substr(0, at)).code, Code::kTransient) << at;
  }
  std::string broken = body;
  broken[broken.find(BlockId(1500)) - 1] = '!';
  EXPECT_EQ(ReadBroken(Children(), broken).code, Code::kTransient);
}

TEST_F(LongAnswer, ListElsewhereIsParsedAsAWhole) {
  const std::string body =
      R"({"object":"list","results":[],"has_more":false,"extra":[)" + ManyBlocks() + "]}";
  EXPECT_TRUE(Read(Children(), body).requests.empty());
}

TEST_F(LongAnswer, FailureOfTheReaderEndsTheWalk) {
  const std::string body = List(ManyBlocks());
  const auto answer = ParsedAnswer::Parse(body).value();
  int seen = 0;
  const Status status = answer.ForEachResult(
      [&](const Json&) -> Status { return ++seen == 1000 ? Fail(Code::kDisk, "full") : Status(); });
  EXPECT_EQ(status.error().code, Code::kDisk);
  EXPECT_EQ(seen, 1000);
}

TEST_F(LongAnswer, LongObjectsAreHeldPacked) {
  const std::string text(100'000, 'x');
  const std::string page =
      Page(kWorkspace, "",
           R"(,"Text":{"type":"rich_text","rich_text":[{"plain_text":")" + text + "\"}]}");
  const Reading reading = Read(SearchRequest(""), List(page));
  const DocumentUpdate* update = Find(reading, kPage);
  ASSERT_NE(update, nullptr);
  EXPECT_TRUE(update->object_is_packed);
  EXPECT_LT(update->object.size(), 10'000u);
  EXPECT_NE(Decompress(update->object, 1u << 20).value().find(text), std::string::npos);
}

}  // namespace
}  // namespace sluice::notion
