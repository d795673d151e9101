#include "stages/sources/rest/http_request.h"

#include <gtest/gtest.h>

#include "tests/stages/rest/rest_test.h"

namespace sluice::rest {
namespace {

class FixedCredential final : public Credential {
 public:
  std::vector<HttpHeader> Headers() const override { return {{"Authorization", "Bearer canary"}}; }
  std::int64_t version() const override { return 1; }
  bool Expired(WallMs /*now_ms*/) const override { return false; }
  std::optional<HttpRequest> RenewalRequest() const override { return std::nullopt; }
  Status Renewed(const HttpResponse& /*response*/, WallMs /*now_ms*/) override { return {}; }
};

HttpRequest FirstOf(const RestSpec& spec, std::shared_ptr<const Credential> credential = nullptr) {
  const RestSource source(spec, std::move(credential));
  return source.ToHttp(source.Open(FirstRun()).documents[0].content[0]);
}

std::string HeaderOf(const HttpRequest& request, std::string_view name) {
  const std::string* value = FindHeader(request.headers, name);
  return value == nullptr ? "none" : *value;
}

TEST(HttpRequestTest, SaysWhatItWantsAndWhoItIs) {
  const HttpRequest request = FirstOf(Job({Records()}));
  EXPECT_EQ(request.url, "https://api.test/v1/records");
  EXPECT_EQ(request.method, "GET");
  EXPECT_EQ(HeaderOf(request, "Accept"), "application/json");
  EXPECT_EQ(HeaderOf(request, "User-Agent"), "sluice/" SLUICE_VERSION);
  EXPECT_EQ(HeaderOf(request, "Content-Type"), "none");
}

TEST(HttpRequestTest, TheMoreSpecialHeaderCounts) {
  Resource resource = Records();
  resource.headers = {{"x-version", "3"}, {"accept", "text/json"}};
  RestSpec spec = Job({resource});
  spec.headers = {{"X-Version", "2"}, {"X-Client", "{{c}}"}};
  const HttpRequest request = FirstOf(spec, std::make_shared<FixedCredential>());
  EXPECT_EQ(HeaderOf(request, "X-Version"), "3");
  EXPECT_EQ(HeaderOf(request, "Accept"), "text/json");
  EXPECT_EQ(HeaderOf(request, "Authorization"), "Bearer canary");
  EXPECT_EQ(request.headers.size(), 5u);
}

TEST(HttpRequestTest, ASecretMayHoldBraces) {
  Resource resource = Records();
  resource.headers = {{"X-Api-Key", "a{b}c{{d"}};
  EXPECT_EQ(HeaderOf(FirstOf(Job({resource})), "X-Api-Key"), "a{b}c{{d");
}

TEST(HttpRequestTest, AListOfValuesIsTheSameParameterSeveralTimes) {
  Resource resource = Records();
  resource.params = {{"id", "1"}, {"id", "2"}};
  EXPECT_EQ(FirstOf(Job({resource})).url, "https://api.test/v1/records?id=1&id=2");
}

TEST(HttpRequestTest, HeadersMayHoldPlaceholders) {
  Resource resource = Records();
  resource.headers = {{"X-Kind", "of {partition.kind}"}};
  resource.partitions = {.cursor_field = "kind", .values = {"movies"}};
  EXPECT_EQ(HeaderOf(FirstOf(Job({resource})), "X-Kind"), "of movies");
}

TEST(HttpRequestTest, ABodyIsJson) {
  Resource resource = Records();
  resource.method = "POST";
  resource.json = R"({"a": 1})";
  const HttpRequest request = FirstOf(Job({resource}));
  EXPECT_EQ(request.body, R"({"a":1})");
  EXPECT_EQ(HeaderOf(request, "Content-Type"), "application/json");
}

TEST(HttpRequestTest, ASecretOfTheQueryIsOnTheWireAndNowhereElse) {
  RestSpec spec = Job({Records({.type = Paginator::Type::kJsonLink})});
  spec.query = {{"api_key", "canary"}};
  const RestSource source(spec, nullptr);
  const Request first = source.Open(FirstRun()).documents[0].content[0];
  EXPECT_EQ(source.ToHttp(first).url, "https://api.test/v1/records?api_key=canary");
  const auto reading = source.Read(
      first, {.body = R"({"r":[{"id":1}],"next":"/v1/records?api_key=canary&page=2"})"}, 0);
  ASSERT_TRUE(reading);
  const Request& next = reading->requests.at(0);
  EXPECT_EQ(RequestText(next).find("canary"), std::string::npos);
  EXPECT_EQ(next.context.find("canary"), std::string::npos);
  EXPECT_EQ(source.ToHttp(next).url, "https://api.test/v1/records?page=2&api_key=canary");
}

TEST(HttpRequestTest, LimitsAreThoseOfTheJob) {
  RestSpec spec = Job({Records()});
  spec.requests_per_second = 7;
  spec.burst = 3;
  const SourceLimits limits = RestSource(spec, nullptr).Limits();
  EXPECT_EQ(limits.base_url, "https://api.test/v1");
  EXPECT_EQ(limits.requests_per_second, 7);
  EXPECT_EQ(limits.burst, 3);
  ASSERT_EQ(limits.operations.size(), 1u);
  EXPECT_EQ(limits.operations[0].name, "records");
  EXPECT_EQ(limits.operations[0].in_flight_max, 5);
}

}  // namespace
}  // namespace sluice::rest
