// A server that gives validators: what it confirms (304) is not sent again, and is rendered from
// the stored answer.
#include <fmt/format.h>

#include <atomic>

#include "tests/e2e/export_fixture.h"
#include "tests/support/raw_server.h"

namespace sluice {
namespace {

using testing::HasSubstr;

// A workspace of one page, whose blocks never change while its revision may.
class ConfirmingServer {
 public:
  std::string url() const { return server_.Url(""); }
  void EditPage() { ++edits_; }
  int sent() const { return sent_; }
  int confirmed() const { return confirmed_; }

 private:
  static std::string List(const std::string& result) {
    return R"({"object":"list","has_more":false,"next_cursor":null,"results":[)" + result + "]}";
  }
  std::string Page() const {
    return List(fmt::format(
        R"({{"object":"page","id":"00000000-0000-4000-8000-000000000001",)"
        R"("last_edited_time":"2024-01-0{}T00:00:00.000Z","parent":{{"type":"workspace"}},)"
        R"("properties":{{"title":{{"id":"title","type":"title","title":[]}}}}}})",
        1 + edits_));
  }
  void Serve(RawConnection& connection) {
    for (std::string request = connection.ReadRequest(); !request.empty();
         request = connection.ReadRequest()) {
      if (request.find("/children") == std::string::npos) {
        connection.Answer(Page());
      } else if (request.find("If-None-Match: \"v1\"") != std::string::npos) {
        ++confirmed_;
        connection.Write("HTTP/1.1 304 Not Modified\r\nETag: \"v1\"\r\n\r\n");
      } else {
        ++sent_;
        connection.Answer(
            List(
                R"({"object":"block","id":"00000000-0000-4000-8000-000000000002",)"
                R"("has_children":false,"type":"paragraph","paragraph":{"rich_text":)"
                R"([{"type":"text","plain_text":"kept words","text":{"content":"kept words"}}]}})"),
            "200 OK", "ETag: \"v1\"\r\n");
      }
    }
  }

  std::atomic<int> edits_{0};
  std::atomic<int> sent_{0};
  std::atomic<int> confirmed_{0};
  RawServer server_{[this](RawConnection& connection) { Serve(connection); }};
};

class ConfirmationTest : public ExportTest {
 protected:
  void Export() {
    exporter_.UseService(server_.url());
    const Outcome outcome = exporter_.Export();
    ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  }
  std::string Text() const {
    const Tree output = exporter_.Output();
    return output.empty() ? "" : output.begin()->second.content;
  }

  ConfirmingServer server_;
};

TEST_F(ConfirmationTest, AChangedPageWhoseBlocksAreTheSameIsRenderedFromTheStoredAnswer) {
  Export();
  server_.EditPage();
  Export();
  EXPECT_EQ(server_.sent(), 1);
  EXPECT_EQ(server_.confirmed(), 1);
  EXPECT_THAT(Text(), HasSubstr("kept words"));
}

TEST_F(ConfirmationTest, WhatWasConfirmedIsNotAskedAgain) {
  Export();
  server_.EditPage();
  Export();
  std::filesystem::remove(exporter_.output() / exporter_.Output().begin()->first);
  Export();
  EXPECT_EQ(server_.sent() + server_.confirmed(), 2);
  EXPECT_THAT(Text(), HasSubstr("kept words"));
}

}  // namespace
}  // namespace sluice
