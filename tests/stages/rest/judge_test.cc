#include "stages/sources/rest/judge.h"

#include <gtest/gtest.h>

#include "stages/http/secrets.h"
#include "tests/stages/rest/rest_test.h"

namespace sluice::rest {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Verdict Judge(const ErrorHandler& handler, const FakeAnswer& answer) {
  Resource resource = Records();
  resource.error_handler = handler;
  return JudgeRefusal(resource, answer.View());
}

TEST(JudgeTest, WithoutRulesTheStatusDecides) {
  const auto code = [](int status) { return Judge({}, {.status = status}).code; };
  EXPECT_EQ(code(400), Code::kInvalid);
  EXPECT_EQ(code(401), Code::kUnauthorized);
  EXPECT_EQ(code(403), Code::kInvalid);
  EXPECT_EQ(code(404), Code::kNotFound);
  EXPECT_EQ(code(408), Code::kTransient);
  EXPECT_EQ(code(409), Code::kTransient);
  EXPECT_EQ(code(425), Code::kTransient);
  EXPECT_EQ(code(429), Code::kRateLimited);
  EXPECT_EQ(code(500), Code::kTransient);
  EXPECT_EQ(code(503), Code::kTransient);
}

TEST(JudgeTest, TheFirstRuleThatMatchesDecides) {
  const ErrorHandler handler{
      .response_filters = {
          {.http_codes = {404, 410},
           .error_message_contains = "archived",
           .action = Action::kRetry},
          {.http_codes = {404}, .action = Action::kRateLimited},
          {.header = "X-Throttled", .header_contains = "yes", .action = Action::kRateLimited}}};
  EXPECT_EQ(Judge(handler, {.status = 404, .body = "it is archived"}).code, Code::kTransient);
  EXPECT_EQ(Judge(handler, {.status = 404}).code, Code::kRateLimited);
  EXPECT_EQ(Judge(handler, {.status = 400, .headers = {{"x-throttled", "yes, 5"}}}).code,
            Code::kRateLimited);
  EXPECT_EQ(Judge(handler, {.status = 400, .headers = {{"x-throttled", "no"}}}).code,
            Code::kInvalid);
}

TEST(JudgeTest, ARefusedTokenIsRenewed) {
  const ErrorHandler handler{.response_filters = {{.http_codes = {400},
                                                   .error_message_contains = "token",
                                                   .action = Action::kRefreshTokenThenRetry}}};
  EXPECT_EQ(Judge(handler, {.status = 400, .body = "bad token"}).code, Code::kUnauthorized);
}

// Wherever the cut falls: no secret is left in part.
TEST(JudgeTest, TheApisWordsAreCutWhenSecretsAreOutOfThem) {
  KnownSecrets().Add("QZQZQZQZQZQZQZQZQZQZ");
  for (std::size_t before = 150; before < 210; ++before) {
    const std::string words = std::string(before, 'x') + "QZQZQZQZQZQZQZQZQZQZ";
    for (const std::string& body :
         {"{\"message\":\"" + words + "\"}", "\"" + words + "\"",
          "<html><title>" + words + "</title>", "<html><title>" + words}) {
      const Verdict verdict = Judge({}, {.status = 403, .body = body});
      EXPECT_EQ(verdict.message.find("QZ"), std::string::npos) << verdict.message;
    }
  }
}

TEST(JudgeTest, TheMessageIsTheRulesOrTheApisOwn) {
  const ErrorHandler handler{
      .response_filters = {{.http_codes = {402},
                            .action = Action::kFail,
                            .error_message = "the plan does not have this"}}};
  EXPECT_EQ(Judge(handler, {.status = 402, .body = "{}"}).message,
            "records: HTTP 402: the plan does not have this");
  EXPECT_EQ(
      Judge({}, {.status = 400, .body = R"({"error": {"message": "no\n such  field"}})"}).message,
      "records: HTTP 400: no such field");
  EXPECT_EQ(Judge({}, {.status = 502, .body = "<html><head><title>Bad Gateway</title></head>..."})
                .message,
            "records: HTTP 502: Bad Gateway");
  EXPECT_EQ(Judge({}, {.status = 500, .body = "binary junk"}).message, "records: HTTP 500");
}

TEST(JudgeTest, ABackoffSaysHowLongToWait) {
  const Backoff constant{.type = Backoff::Type::kConstant, .time = milliseconds(1500)};
  EXPECT_EQ(Judge({.backoff_strategies = {constant}}, {.status = 500}).delay, milliseconds(1500));
  EXPECT_EQ(Judge({.backoff_strategies = {{}}}, {.status = 500}).delay, std::nullopt);
  EXPECT_EQ(Judge({.backoff_strategies = {constant}}, {.status = 400}).delay, std::nullopt);
}

TEST(JudgeTest, AHeaderMaySayHowLongToWait) {
  const Backoff wait{.type = Backoff::Type::kWaitTimeFromHeader, .header = "X-Wait"};
  const Backoff constant{.type = Backoff::Type::kConstant, .time = milliseconds(1500)};
  const ErrorHandler handler{.backoff_strategies = {wait, constant}};
  EXPECT_EQ(Judge(handler, {.status = 429, .headers = {{"x-wait", "2.5"}}}).delay,
            milliseconds(2500));
  EXPECT_EQ(Judge(handler, {.status = 429}).delay, milliseconds(1500));
}

TEST(JudgeTest, AnInstantIsReadAgainstTheServersClock) {
  const Backoff until{.type = Backoff::Type::kWaitUntilTimeFromHeader, .header = "X-Reset"};
  const FakeAnswer epoch{
      .status = 429,
      .headers = {{"Date", "Tue, 23 May 2023 14:42:01 GMT"}, {"X-Reset", "1684852951"}}};
  EXPECT_EQ(Judge({.backoff_strategies = {until}}, epoch).delay, seconds(30));
  EXPECT_EQ(Judge({.backoff_strategies = {until}},
                  {.status = 429, .headers = {{"X-Reset", "1684852951"}}})
                .delay,
            std::nullopt);
}

TEST(JudgeTest, AWaitBeyondItsMaximumFailsTheItem) {
  const Backoff wait{.type = Backoff::Type::kWaitTimeFromHeader,
                     .header = "X-Wait",
                     .max_waiting_time = milliseconds(60'000)};
  const Verdict verdict =
      Judge({.backoff_strategies = {wait}}, {.status = 503, .headers = {{"x-wait", "61"}}});
  EXPECT_EQ(verdict.code, Code::kInvalid);
  EXPECT_NE(verdict.message.find("61 s"), std::string::npos);
}

Walk Ask(Action action, FakeAnswer answer, std::vector<int> codes = {}) {
  Resource resource = Records();
  resource.error_handler.response_filters = {
      {.http_codes = std::move(codes), .error_message_contains = "oops", .action = action}};
  return Walk(Job({resource}), [answer](const Request&) { return answer; });
}

TEST(JudgeTest, AnIgnoredAnswerIsAnEmptyPageAndANote) {
  const Walk refused = Ask(Action::kIgnore, {.status = 404, .body = "oops"});
  EXPECT_TRUE(refused.errors.empty());
  EXPECT_TRUE(refused.HasNote("ignored", "/v1/records gave HTTP 404"));
  const Walk accepted = Ask(Action::kIgnore, {.body = R"({"error": "oops"})"});
  EXPECT_TRUE(accepted.errors.empty());
  EXPECT_EQ(accepted.Rows(), "");
}

TEST(JudgeTest, AnErrorIn200IsJudgedLikeAnyOther) {
  const FakeAnswer answer{.body = R"({"message": "oops"})"};
  EXPECT_EQ(Ask(Action::kFail, answer).errors, std::vector<std::string>{"records: HTTP 200: oops"});
  EXPECT_TRUE(Ask(Action::kFail, answer, {500}).errors.empty());
  Resource resource = Records();
  resource.error_handler.response_filters = {
      {.http_codes = {200}, .error_message_contains = "oops", .action = Action::kRetry}};
  const RestSource source(Job({resource}), nullptr);
  const Request first = source.Open(FirstRun()).documents[0].content[0];
  EXPECT_EQ(source.Read(first, answer.View(), 0).error().code, Code::kTransient);
}

TEST(JudgeTest, ASuccessIsReadWhateverItsStatus) {
  EXPECT_EQ(Ask(Action::kSuccess, {.status = 404, .body = R"([{"m": "oops"}])"}).Rows(),
            R"({"m":"oops"})");
}

TEST(JudgeTest, A404IsAFailureWhereNoRuleSaysOtherwise) {
  const Walk walk(Job({Records()}), [](const Request&) { return FakeAnswer{.status = 404}; });
  EXPECT_EQ(walk.errors, std::vector<std::string>{"records: HTTP 404"});
}

}  // namespace
}  // namespace sluice::rest
