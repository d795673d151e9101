#include "stages/http/quota_body.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace sluice {
namespace {

using namespace std::chrono_literals;

constexpr const char* kDiscord =
    R"({"message": "You are being rate limited.", "retry_after": 64.57, "global": false})";
constexpr const char* kGoogle =
    R"({"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "details": [
         {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": []},
         {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "3.5s"}]}})";

TEST(QuotaBody, IsReadAsTheApiMeansIt) {
  EXPECT_EQ(WaitInBody(kDiscord), 64570ms);
  EXPECT_EQ(WaitInBody(R"({"retry_after": 5})"), 5s);
  EXPECT_EQ(WaitInBody(R"({"retry_after": 0})"), 0s);
  EXPECT_EQ(WaitInBody(kGoogle), 3500ms);
}

TEST(QuotaBody, SaysNothingWhereItIsNotUnderstood) {
  const char* const table[] = {
      "",
      "Too Many Requests",
      "<html>429</html>",
      "null",
      "[1]",
      "{}",
      R"({"retry_after": null})",
      R"({"retry_after": -1})",
      R"({"retry_after": 1e400})",
      R"({"retry_after": 1771404540})",  // an epoch; no honest wait is that long
      R"({"retry_after": "soon"})",
      R"({"retry_after": 64.57)",
      R"({"message": {"retry_after": 5}})",
      R"({"error": {"details": {"retryDelay": "3s"}}})",
      R"({"error": {"details": [{"retryDelay": "3s"}]}})",
      R"({"error": {"details": [{"@type": "x/google.rpc.RetryInfo"}]}})",
      R"({"error": {"details": [{"@type": "x/google.rpc.RetryInfo", "retryDelay": "-3s"}]}})",
      R"({"error": {"details": [{"@type": "x/google.rpc.RetryInfo", "retryDelay": "s"}]}})",
      R"({"error": {"details": [{"@type": "x/google.rpc.RetryInfo", "retryDelay": 3}]}})",
      R"({"error": {"details": ["3s", null, 4]}})",
  };
  for (const char* body : table) EXPECT_EQ(WaitInBody(body), std::nullopt) << body;
}

TEST(LimitInBody, IsFoundInReasonsAndMessagesOfAnError) {
  const char* const rate[] = {
      R"({"error": {"code": 403, "message": "Forbidden",
                    "errors": [{"domain": "usageLimits", "reason": "userRateLimitExceeded"}]}})",
      R"({"error": {"errors": [{"reason": "quotaExceeded"}]}})",
      R"({"error": {"status": "RESOURCE_EXHAUSTED"}})",
      R"({"error": {"details": [{"reason": "RATE_LIMIT_EXCEEDED"}]}})",
      R"({"message": "API rate limit exceeded for user ID 1."})",
      R"({"message": "You have exceeded your rate limit"})",
      R"({"errors": [{"error": "RATE_LIMIT_REACHED"}]})",
      R"({"code": "rate_limited"})",
      R"({"error": "Too many requests, slow down"})",
  };
  for (const char* body : rate) EXPECT_EQ(LimitInBody(body), LimitKind::kRate) << body;
  const char* const secondary[] = {
      R"({"message": "You have exceeded a secondary rate limit. Please wait a few minutes."})",
      R"({"message": "You have triggered an abuse detection mechanism."})",
  };
  for (const char* body : secondary) EXPECT_EQ(LimitInBody(body), LimitKind::kSecondary) << body;
}

TEST(LimitInBody, IsNotSeenInAPermissionOrAPage) {
  const char* const table[] = {
      "",
      "rate limit exceeded",
      "<html><body>API rate limit exceeded</body></html>",
      R"("rate limit exceeded")",
      R"(["rate limit exceeded"])",
      R"({"message": "Resource not accessible by integration"})",
      R"({"message": "You may not see the rate limits of this organisation"})",
      R"({"message": "This account was suspended for abuse"})",
      R"({"error": {"errors": [{"reason": "insufficientPermissions"}]}})",
      R"({"error": {"errors": [{"reason": "accessNotConfigured"}], "message": "Quota project not set"}})",
      R"({"title": "How the rate limit is exceeded", "results": [{"message": "rate limit exceeded"}]})",
      R"({"error": "restricted_resource", "documentation": "rate limit exceeded"})",
      R"({"message": "API rate limit exceeded)",
  };
  for (const char* body : table) EXPECT_EQ(LimitInBody(body), std::nullopt) << body;
}

TEST(QuotaBody, IsNotReadWhereItIsLargeOrDeep) {
  const std::string padding(70'000, ' ');
  EXPECT_EQ(WaitInBody(padding + R"({"retry_after": 5})"), std::nullopt);
  EXPECT_EQ(WaitInBody(std::string(20'000, '[')), std::nullopt);
}

// Any damage: never a crash, never a time that is negative or beyond a year.
TEST(QuotaBody, WhateverComesIsATimeOrNothing) {
  std::mt19937 rng(11);
  for (const std::string original : {kDiscord, kGoogle}) {
    for (int round = 0; round < 20'000; ++round) {
      std::string body = original;
      for (int edits = 1 + static_cast<int>(rng() % 4); edits > 0; --edits) {
        const std::size_t at = rng() % body.size();
        switch (rng() % 3) {
          case 0:
            body[at] = static_cast<char>(rng());
            break;
          case 1:
            body.insert(at, 1, "0123456789.-e\"{}[],:s"[rng() % 21]);
            break;
          default:
            body.erase(at, 1 + rng() % 5);
        }
        if (body.empty()) body = " ";
      }
      const auto wait = WaitInBody(body);
      if (!wait) continue;
      ASSERT_GE(*wait, 0s) << body;
      ASSERT_LE(*wait, 24h * 366) << body;
    }
  }
}

}  // namespace
}  // namespace sluice
