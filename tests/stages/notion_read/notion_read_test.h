// Fixture verbs for the reading side of the Notion source.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "stages/sources/notion/judge.h"
#include "stages/sources/notion/reading.h"
#include "stages/sources/notion/requests.h"
#include "tests/support/fake_clock.h"

namespace sluice::notion {

inline const DocumentId kPage("11111111-1111-4111-8111-111111111111");
inline const DocumentId kOther("22222222-2222-4222-8222-222222222222");
inline const DocumentId kBase("33333333-3333-4333-8333-333333333333");
inline const std::string kBlock = "44444444-4444-4444-8444-444444444444";
inline const std::string kBlock2 = "55555555-5555-4555-8555-555555555555";
inline const std::string kPerson = "66666666-6666-4666-8666-666666666666";
inline const Revision kRevision("2025-01-01T10:00:00.000Z");

class NotionRead : public testing::Test {
 protected:
  NotionOptions options{.base_url = "https://api.notion.com",
                        .token = "ntn_secret",
                        .version = "2022-06-28",
                        .comments = false,
                        .users = true};
  WallMs now_ms = FakeClock::kStartMs;

  Reading Read(const Request& request, const std::string& body) {
    Result<Reading> reading = ReadAnswer(request, body, options, now_ms);
    EXPECT_TRUE(reading.has_value()) << reading.error().message;
    return reading ? *std::move(reading) : Reading{};
  }
  Error ReadBroken(const Request& request, const std::string& body) {
    const Result<Reading> reading = ReadAnswer(request, body, options, now_ms);
    EXPECT_FALSE(reading.has_value());
    return reading ? Error{Code::kFatal, "it was read"} : reading.error();
  }
  std::optional<Reading> Refuse(const Request& request, int status, const std::string& code,
                                const std::string& message = "no") {
    const std::string body = R"({"object":"error","status":)" + std::to_string(status) +
                             R"(,"code":")" + code + R"(","message":")" + message + R"("})";
    return ReadRefusedAnswer(request, status, body, options);
  }

  // The children list of the page itself.
  static Request Children() { return ChildrenRequest(kPage, kRevision, kPage.value, "", 0); }
  // Of a block one level below.
  static Request BlockChildren() { return ChildrenRequest(kPage, kRevision, kBlock, "", 1); }
  static Request Query() { return QueryRequest(ApiVersion::k2022_06_28, kBase, "", ""); }

  static std::string List(const std::string& results, const std::string& more = "") {
    return R"({"object":"list","results":[)" + results +
           R"(],"next_cursor":null,"has_more":false)" + more + "}";
  }
  static std::string ListTo(const std::string& cursor) {
    return R"({"object":"list","results":[],"next_cursor":")" + cursor + R"(","has_more":true})";
  }
  static std::string Page(const std::string& parent, const std::string& more = "",
                          const std::string& properties = "") {
    return R"({"object":"page","id":")" + kPage.value +
           R"(","created_time":"2025-01-01T09:00:00.000Z","last_edited_time":")" + kRevision.value +
           R"(","parent":)" + parent +
           R"(,"properties":{"Name":{"id":"title","type":"title","title":[{"plain_text":"My "},)"
           R"({"plain_text":"page"}]})" +
           properties + "}" + more + "}";
  }
  static std::string Block(const std::string& type, const std::string& payload,
                           const std::string& more = "") {
    return R"({"object":"block","id":")" + kBlock + R"(","type":")" + type + R"(",")" + type +
           R"(":)" + payload + more + "}";
  }

  static const DocumentUpdate* Find(const Reading& reading, const DocumentId& id) {
    for (const DocumentUpdate& document : reading.documents) {
      if (document.id == id) return &document;
    }
    return nullptr;
  }
  static bool Asks(const std::vector<Request>& requests, const Request& wanted) {
    return std::any_of(requests.begin(), requests.end(), [&](const Request& request) {
      return RequestKey(request) == RequestKey(wanted);
    });
  }
};

inline const std::string kWorkspace = R"({"type":"workspace","workspace":true})";

}  // namespace sluice::notion
