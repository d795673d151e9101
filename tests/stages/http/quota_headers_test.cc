#include "stages/http/quota_headers.h"

#include <gtest/gtest.h>

#include <string>

#include "stages/http/quota_values.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;

// 2026-01-01T00:00:00Z
constexpr WallMs kNowMs = 1'767'225'600'000;

struct Row {
  std::string api;
  std::vector<HttpHeader> headers;
  std::optional<Duration> wait;  // WaitAfterRefusal
  std::optional<double> remaining = {};
  std::optional<double> limit = {};
};

void PrintTo(const Row& row, std::ostream* out) { *out << row.api; }

class QuotaHeaders : public testing::TestWithParam<Row> {};

TEST_P(QuotaHeaders, AreReadAsTheApiMeansThem) {
  const Row& row = GetParam();
  const QuotaHint hint = ParseQuota(row.headers, kNowMs);
  EXPECT_EQ(WaitAfterRefusal(hint), row.wait);
  EXPECT_EQ(hint.remaining, row.remaining);
  EXPECT_EQ(hint.limit, row.limit);
}

INSTANTIATE_TEST_SUITE_P(
    RetryAfter, QuotaHeaders,
    testing::Values(
        Row{"seconds", {{"Retry-After", "60"}}, 60s},
        Row{"case does not matter", {{"retry-after", "60"}}, 60s},
        Row{"Attio: a date, read against the server's Date",
            {{"Retry-After", "Tue, 23 May 2023 14:42:01 GMT"},
             {"Date", "Tue, 23 May 2023 14:41:01 GMT"}},
            60s},
        Row{"a date against the wall clock",
            {{"Retry-After", "Thu, 01 Jan 2026 00:00:30 GMT"}},
            30s},
        Row{"RFC 850", {{"Retry-After", "Thursday, 01-Jan-26 00:00:30 GMT"}}, 30s},
        Row{"RFC 850 of the last century", {{"Retry-After", "Sunday, 06-Nov-94 08:49:37 GMT"}}, 0s},
        Row{"asctime", {{"Retry-After", "Thu Jan  1 00:00:30 2026"}}, 30s},
        Row{"Shopify", {{"Retry-After", "2.0"}}, 2s},
        Row{"Discord", {{"Retry-After", "0.65"}}, 650ms},
        Row{"epoch by mistake", {{"Retry-After", "1767225660"}}, 60s},
        Row{"epoch gone by", {{"Retry-After", "1767225000"}}, 0s},
        Row{"OpenAI milliseconds", {{"retry-after-ms", "1234"}, {"retry-after", "2"}}, 1234ms},
        Row{"Azure milliseconds", {{"x-ms-retry-after-ms", "1500"}}, 1500ms},
        Row{"X-Retry-After", {{"X-Retry-After", "7"}}, 7s},
        Row{"two lines: the later", {{"Retry-After", "5"}, {"Retry-After", "7"}}, 7s},
        Row{"beats every counter",
            {{"Retry-After", "3"}, {"X-RateLimit-Remaining", "0"}, {"X-RateLimit-Reset", "90"}},
            3s,
            0}));

INSTANTIATE_TEST_SUITE_P(
    AbsurdRetryAfter, QuotaHeaders,
    testing::Values(
        Row{"year 2286", {{"Retry-After", "9999999999"}}, std::nullopt},
        Row{"negative", {{"Retry-After", "-1"}}, std::nullopt},
        Row{"inf", {{"Retry-After", "inf"}}, std::nullopt},
        Row{"1e400", {{"Retry-After", "1e400"}}, std::nullopt},
        Row{"empty", {{"Retry-After", ""}}, std::nullopt},
        Row{"soon", {{"Retry-After", "soon"}}, std::nullopt},
        Row{"zero", {{"Retry-After", "0"}}, 0s},
        Row{"1970", {{"Retry-After", "Thu, 01 Jan 1970 00:00:00 GMT"}}, 0s},
        Row{"2099", {{"Retry-After", "Thu, 01 Jan 2099 00:00:00 GMT"}}, std::nullopt},
        Row{"400 digits", {{"Retry-After", std::string(400, '9')}}, std::nullopt},
        Row{"spaces", {{"Retry-After", " 5 "}}, 5s}, Row{"a list", {{"Retry-After", "5, 7"}}, 7s},
        Row{"no such day", {{"Retry-After", "Thu, 31 Feb 2026 00:00:00 GMT"}}, std::nullopt},
        Row{"hexadecimal", {{"Retry-After", "0x10"}}, std::nullopt}));

INSTANTIATE_TEST_SUITE_P(
    Counters, QuotaHeaders,
    testing::Values(
        Row{"GitHub",
            {{"x-ratelimit-limit", "5000"},
             {"x-ratelimit-remaining", "0"},
             {"x-ratelimit-used", "5000"},
             {"x-ratelimit-reset", "1767225720"},
             {"x-ratelimit-resource", "core"}},
            120s,
            0,
            5000},
        Row{"GitHub with some left: no wait",
            {{"x-ratelimit-limit", "5000"},
             {"x-ratelimit-remaining", "12"},
             {"x-ratelimit-reset", "1767225720"}},
            std::nullopt,
            12,
            5000},
        Row{"octokit fixtures: epoch in milliseconds",
            {{"x-ratelimit-remaining", "0"}, {"x-ratelimit-reset", "1767225601000"}},
            1s,
            0},
        Row{"GitLab: epoch under the IETF name",
            {{"RateLimit-Limit", "2000"},
             {"RateLimit-Observed", "2000"},
             {"RateLimit-Remaining", "0"},
             {"RateLimit-Reset", "1767225660"},
             {"RateLimit-Name", "throttle_authenticated_api"}},
            60s,
            0,
            2000},
        Row{"GitLab, older: ResetTime",
            {{"RateLimit-Remaining", "0"},
             {"RateLimit-ResetTime", "Thu, 01 Jan 2026 00:01:00 GMT"}},
            60s,
            0},
        Row{"Trakt",
            {{"X-Ratelimit",
              R"({"name":"AUTHED_API_GET_LIMIT","period":300,"limit":1000,"remaining":0,"until":"2026-01-01T00:04:00Z"})"}},
            240s,
            0,
            1000},
        Row{"Okta, Twitter",
            {{"X-Rate-Limit-Limit", "15"},
             {"X-Rate-Limit-Remaining", "0"},
             {"X-Rate-Limit-Reset", "1767225630"}},
            30s,
            0,
            15},
        Row{"Reddit: delta, remaining is a fraction",
            {{"x-ratelimit-used", "12"},
             {"x-ratelimit-remaining", "588.0"},
             {"x-ratelimit-reset", "321"}},
            std::nullopt,
            588},
        Row{"Zendesk",
            {{"x-rate-limit", "700"},
             {"x-rate-limit-remaining", "0"},
             {"ratelimit-limit", "700"},
             {"ratelimit-remaining", "0"},
             {"ratelimit-reset", "41"}},
            41s,
            0,
            700},
        Row{"Zendesk per endpoint",
            {{"zendesk-ratelimit-tickets-index", "total=100; remaining=0; resets=41"}},
            41s,
            0,
            100},
        Row{"Jira: ISO time without seconds",
            {{"X-RateLimit-Remaining", "0"},
             {"X-RateLimit-Reset", "2026-01-01T00:15Z"},
             {"X-RateLimit-NearLimit", "true"},
             {"RateLimit-Reason", "jira-burst-based"}},
            15min,
            0},
        Row{"Vimeo: ISO time with offset",
            {{"X-RateLimit-Remaining", "0"}, {"X-RateLimit-Reset", "2026-01-01T01:00:10+01:00"}},
            10s,
            0},
        Row{"Discord: Reset-After is the exact one",
            {{"X-RateLimit-Remaining", "0"},
             {"X-RateLimit-Reset", "1767225603.123"},
             {"X-RateLimit-Reset-After", "1.5"},
             {"X-RateLimit-Bucket", "abcd1234"}},
            1500ms,
            0},
        Row{"OpenAI: Go durations, the tighter of two buckets",
            {{"x-ratelimit-limit-requests", "60"},
             {"x-ratelimit-limit-tokens", "150000"},
             {"x-ratelimit-remaining-requests", "0"},
             {"x-ratelimit-remaining-tokens", "0"},
             {"x-ratelimit-reset-requests", "20ms"},
             {"x-ratelimit-reset-tokens", "6m0s"}},
            6min,
            0,
            150000},
        Row{"Azure OpenAI: -1 says nothing",
            {{"x-ratelimit-limit-requests", "-1"}, {"x-ratelimit-remaining-requests", "-1"}},
            std::nullopt},
        Row{"HubSpot",
            {{"X-HubSpot-RateLimit-Max", "110"},
             {"X-HubSpot-RateLimit-Remaining", "100"},
             {"X-HubSpot-RateLimit-Interval-Milliseconds", "10000"}},
            std::nullopt,
            100,
            110},
        Row{"Shopify: used of size",
            {{"X-Shopify-Shop-Api-Call-Limit", "32/40"}},
            std::nullopt,
            8,
            40},
        Row{"Docker Hub",
            {{"ratelimit-limit", "100;w=21600"}, {"ratelimit-remaining", "76;w=21600"}},
            std::nullopt,
            76,
            100},
        Row{"Kong: the window with the least left",
            {{"x-ratelimit-limit-minute", "60"},
             {"x-ratelimit-remaining-minute", "1"},
             {"x-ratelimit-limit-hour", "1000"},
             {"x-ratelimit-remaining-hour", "900"}},
            std::nullopt,
            1,
            60},
        Row{"draft 03",
            {{"RateLimit-Limit", "100, 100;w=60"},
             {"RateLimit-Remaining", "0"},
             {"RateLimit-Reset", "30"}},
            30s,
            0,
            100},
        Row{"draft 07", {{"RateLimit", "limit=100, remaining=0, reset=30"}}, 30s, 0, 100},
        Row{"draft 08, the policy apart",
            {{"RateLimit-Policy",
              R"("default";q=100;w=60, "daily";q=5000;w=86400;qu="requests";pk=:cHsdsRa894==:)"},
             {"RateLimit", R"("default";r=0;t=30)"}},
            30s,
            0,
            100},
        Row{"draft 08 with tokens", {{"RateLimit", "default;r=0;t=30"}}, 30s, 0},
        Row{"two used up: the longer wait",
            {{"RateLimit", R"("burst";r=0;t=2, "daily";r=0;t=900)"}},
            900s,
            0},
        Row{"a comma by mistake", {{"RateLimit", "problemPolicy;r=0, t=10"}}, 10s, 0},
        Row{"a comma inside a name", {{"RateLimit", R"("a,b;r=9";r=0;t=4)"}}, 4s, 0},
        Row{"an open quote spoils the field",
            {{"RateLimit", R"("default;r=0;t=30)"}},
            std::nullopt},
        Row{"a cached answer's counters are stale",
            {{"Age", "12"}, {"RateLimit", R"("default";r=0;t=30)"}},
            std::nullopt},
        Row{"broken JSON",
            {{"X-Ratelimit", R"({"name":"A","remaining":0,"until":)"}},
            std::nullopt},
        Row{"none", {{"Content-Type", "application/json"}}, std::nullopt}));

TEST(QuotaHeadersReset, CountsAfterARefusalUnlessItIsAnotherLimits) {
  struct {
    std::vector<HttpHeader> headers;
    std::optional<Duration> wait;
  } const table[] = {
      {{{"X-RateLimit-Reset", "20"}}, 20s},
      {{{"X-RateLimit-Reset", "3000"}}, 3000s},
      {{{"X-RateLimit-Remaining", "1"}, {"X-RateLimit-Reset", "3000"}}, 3000s},
      {{{"X-RateLimit-Remaining", "4"}, {"X-RateLimit-Reset", "7"}}, 7s},
      {{{"X-RateLimit-Remaining", "4990"}, {"X-RateLimit-Reset", "3000"}}, std::nullopt},
  };
  for (const auto& row : table) {
    const QuotaHint hint = ParseQuota(row.headers, 0);
    EXPECT_EQ(WaitAfterRefusal(hint), row.wait) << row.headers.back().value;
    EXPECT_EQ(WaitAskedFor(hint), std::nullopt) << row.headers.back().value;
  }
}

TEST(QuotaHeadersWindow, IsReadWhereverItStands) {
  EXPECT_EQ(
      ParseQuota({{"ratelimit-limit", "100;w=21600"}, {"ratelimit-remaining", "7"}}, 0).window, 6h);
  EXPECT_EQ(ParseQuota({{"RateLimit-Limit", "100"},
                        {"RateLimit-Remaining", "50"},
                        {"RateLimit-Policy", "100;w=60, 10000;w=86400"}},
                       0)
                .window,
            1min);
  EXPECT_EQ(
      ParseQuota({{"x-ratelimit-limit-hour", "9"}, {"x-ratelimit-remaining-hour", "2"}}, 0).window,
      1h);
}

TEST(QuotaValues, DecimalsAreDigitsAndAPoint) {
  EXPECT_EQ(ParseHeaderNumber(" 2.50 "), 2.5);
  for (const char* text : {"", ".", "1.2.3", "+1", "1e3", "nan", "1_000", "1,5"}) {
    EXPECT_EQ(ParseHeaderNumber(text), std::nullopt) << text;
  }
}

TEST(QuotaValues, EpochsAreToldApartBySize) {
  for (const char* text :
       {"1767225610", "1767225610000", "1767225610000000", "1767225610000000000"}) {
    EXPECT_EQ(ParseWait(text, WaitUnit::kSeconds, kNowMs), 10s) << text;
  }
  EXPECT_EQ(ParseWait("3600", WaitUnit::kSeconds, kNowMs), 1h);
}

TEST(QuotaValues, GoDurationsAddUp) {
  EXPECT_EQ(ParseWait("1h2m3.5s", WaitUnit::kSeconds, kNowMs), 1h + 2min + 3500ms);
  EXPECT_EQ(ParseWait("5x", WaitUnit::kSeconds, kNowMs), std::nullopt);
}

}  // namespace
}  // namespace sluice
