#include "stages/sources/trakt/judge.h"

#include "stages/http/secrets.h"
#include "tests/stages/trakt/trakt_test.h"

namespace sluice::trakt {
namespace {

class TraktJudge : public TraktTest {
 protected:
  Verdict Judge(int status, const std::string& body = "",
                const std::vector<HttpHeader>& headers = {}) const {
    return JudgeAnswer(FirstPageOf("history"),
                       {.status = status, .body = body, .headers = headers});
  }
};

TEST_F(TraktJudge, ClassesFollowTheStatusTable) {
  const std::pair<int, Code> table[] = {
      {400, Code::kInvalid},     {401, Code::kUnauthorized}, {403, Code::kUnauthorized},
      {404, Code::kNotFound},    {405, Code::kInvalid},      {408, Code::kTransient},
      {409, Code::kTransient},   {412, Code::kInvalid},      {420, Code::kInvalid},
      {422, Code::kInvalid},     {423, Code::kUnauthorized}, {426, Code::kInvalid},
      {429, Code::kRateLimited}, {500, Code::kTransient},    {502, Code::kTransient},
      {503, Code::kTransient},   {504, Code::kTransient},    {520, Code::kTransient},
      {521, Code::kTransient},   {522, Code::kTransient},    {523, Code::kTransient},
      {524, Code::kTransient},   {529, Code::kRateLimited},  {501, Code::kTransient}};
  for (const auto& [status, code] : table) EXPECT_EQ(Judge(status).code, code) << status;
}

TEST_F(TraktJudge, AForbiddingPageIsNotTraktsWordOnTheApplication) {
  const Verdict verdict = Judge(403, "<!DOCTYPE html><html><title>Attention Required!</title>");
  EXPECT_EQ(verdict.code, Code::kTransient);
  EXPECT_NE(verdict.message.find("Cloudflare"), std::string::npos);
  EXPECT_EQ(Judge(403, R"({"error":"invalid_api_key"})").code, Code::kUnauthorized);
}

// Wherever the cut falls: no secret is left in part.
TEST_F(TraktJudge, WordsAreCutWhenSecretsAreOutOfThem) {
  KnownSecrets().Add("QZQZQZQZQZQZQZQZQZQZ");
  for (std::size_t before = 150; before < 210; ++before) {
    const std::string words = std::string(before, 'x') + "QZQZQZQZQZQZQZQZQZQZ";
    const Verdict verdict = Judge(422, R"({"error":")" + words + "\"}", {{"X-Upgrade-URL", words}});
    EXPECT_EQ(verdict.message.find("QZ"), std::string::npos) << verdict.message;
  }
}

TEST_F(TraktJudge, OverloadedAsksForThirtySeconds) {
  for (const int status : {502, 503, 504}) {
    EXPECT_EQ(Judge(status).delay, std::chrono::seconds(30)) << status;
  }
  for (const int status : {429, 500, 520, 522}) {
    EXPECT_FALSE(Judge(status).delay.has_value()) << status;
  }
}

TEST_F(TraktJudge, MessagesSayWhatToDo) {
  const std::pair<int, const char*> said[] = {
      {401, "sluice auth trakt"}, {403, "trakt.client_id"}, {412, "proxy"}, {420, "limit"},
      {423, "support@trakt.tv"},  {426, "trakt.include"}};
  for (const auto& [status, text] : said) {
    EXPECT_NE(Judge(status).message.find(text), std::string::npos) << Judge(status).message;
  }
}

TEST_F(TraktJudge, AccountHeadersAreShown) {
  const Verdict verdict =
      Judge(420, "", {{"x-account-limit", "5000"}, {"X-Upgrade-URL", "https://trakt.tv/vip"}});
  EXPECT_NE(verdict.message.find("5000"), std::string::npos);
  EXPECT_NE(verdict.message.find("https://trakt.tv/vip"), std::string::npos);
}

TEST_F(TraktJudge, HtmlIsNotShownAndJsonIs) {
  const std::string html = "<!DOCTYPE html><html><head><title>Oops</title></head></html>";
  EXPECT_EQ(Judge(522, html).message.find('<'), std::string::npos);
  EXPECT_NE(Judge(400, R"({"error":"invalid_grant","error_description":"used\nup"})")
                .message.find("invalid_grant: used up"),
            std::string::npos);
}

TEST_F(TraktJudge, MessageNamesTheRequestAndTheStatus) {
  const std::string message = Judge(500).message;
  EXPECT_NE(message.find("HTTP 500"), std::string::npos);
  EXPECT_NE(message.find("page 1 of /sync/history/movies"), std::string::npos);
}

TEST_F(TraktJudge, OnlyAListMayBeGone) {
  const Request list = FirstPage(kListItems, ListDocument("5"), "");
  EXPECT_TRUE(ReadRefusedAnswer(list, {.status = 404}).has_value());
  EXPECT_FALSE(ReadRefusedAnswer(list, {.status = 403}).has_value());
  EXPECT_FALSE(ReadRefusedAnswer(FirstPageOf("history"), {.status = 404}).has_value());
}

class FixedToken final : public Credential {
 public:
  std::vector<HttpHeader> Headers() const override { return {{"Authorization", "Bearer t"}}; }
  std::int64_t version() const override { return 1; }
  bool Expired(WallMs /*now_ms*/) const override { return false; }
  std::optional<HttpRequest> RenewalRequest() const override { return std::nullopt; }
  Status Renewed(const HttpResponse& /*response*/, WallMs /*now_ms*/) override { return {}; }
};

TEST_F(TraktJudge, RequestsCarryTheHeadersThatTraktWants) {
  const TraktSource source(options, std::make_shared<FixedToken>());
  const HttpRequest http = source.ToHttp(FirstPageOf("ratings"));
  EXPECT_EQ(http.url, "https://api.trakt.tv/sync/ratings/movies?page=1&limit=250");
  const std::map<std::string, std::string> wanted = {{"Content-Type", "application/json"},
                                                     {"trakt-api-key", "client"},
                                                     {"trakt-api-version", "2"},
                                                     {"Authorization", "Bearer t"}};
  for (const auto& [name, value] : wanted) {
    const std::string* found = FindHeader(http.headers, name);
    ASSERT_NE(found, nullptr) << name;
    EXPECT_EQ(*found, value);
  }
  EXPECT_TRUE(FindHeader(http.headers, "User-Agent")->starts_with("sluice/"));
}

TEST_F(TraktJudge, BurstAndRateTogetherStayWithinAThousandInFiveMinutes) {
  const SourceLimits limits = TraktSource(options, nullptr).Limits();
  EXPECT_LE(limits.burst + limits.requests_per_second * 300, 1000);
}

TEST_F(TraktJudge, EveryOperationOfARequestHasALimit) {
  options.include = {"history", "ratings", "watchlist", "collection", "shows", "lists"};
  options.reviews = true;
  std::vector<std::string> operations{"account"};
  const Reading reading = ReadActivities(Activities());
  for (const DocumentUpdate& document : reading.documents) {
    for (const Request& request : document.content) operations.push_back(request.operation);
  }
  for (const Request& request : reading.requests) operations.push_back(request.operation);
  const auto known = TraktSource(options, nullptr).Limits().operations;
  for (const std::string& operation : operations) {
    EXPECT_TRUE(std::any_of(known.begin(), known.end(), [&](const auto& limit) {
      return limit.name == operation;
    })) << operation;
  }
}

}  // namespace
}  // namespace sluice::trakt
