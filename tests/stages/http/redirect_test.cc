#include "stages/http/redirect.h"

#include <curl/curl.h>
#include <gtest/gtest.h>

#include "stages/http/curl_error.h"

namespace sluice {
namespace {

const std::vector<HttpHeader> kHeaders = {{"Authorization", "Bearer canary"},
                                          {"Cookie", "a=canary"},
                                          {"X-Api-Key", "canary"},
                                          {"trakt-api-key", "canary"},
                                          {"Notion-Version", "canary"},
                                          {"Proxy-Authorization", "canary"},
                                          {"Accept", "application/json"},
                                          {"User-Agent", "sluice"}};

struct Row {
  const char* from;
  const char* location;
  const char* to;  // nullptr: refused
  bool keeps_headers = false;
};

const Row kTable[] = {
    // The same origin, however it is written.
    {"https://api.x/a?q=1", "/b?c=2", "https://api.x/b?c=2", true},
    {"https://api.x/a/b", "c", "https://api.x/a/c", true},
    {"https://api.x/a", "//api.x/b", "https://api.x/b", true},
    {"https://api.x/a", "https://api.x:443/b", "https://api.x:443/b", true},
    {"https://api.x/a", "https://API.X/b", "https://API.X/b", true},
    {"http://127.0.0.1:80/a", "http://127.0.0.1/b", "http://127.0.0.1/b", true},
    {"http://host.x/a", "/b", "http://host.x/b", true},
    // Another host, port or scheme.
    {"https://api.x/a", "https://evil.x/b", "https://evil.x/b"},
    {"https://api.x/a", "//evil.x/b", "https://evil.x/b"},
    {"https://api.x/a", "https://sub.api.x/b", "https://sub.api.x/b"},
    {"https://api.x/a", "https://api.x.evil.x/b", "https://api.x.evil.x/b"},
    {"https://api.x/a", "https://api.x@evil.x/b", "https://evil.x/b"},
    {"https://api.x/a", "https://api.x:8443/b", "https://api.x:8443/b"},
    {"http://127.0.0.1:1/a", "http://127.0.0.1:2/b", "http://127.0.0.1:2/b"},
    {"http://127.0.0.1:1/a", "https://127.0.0.1:1/b", "https://127.0.0.1:1/b"},
    {"http://host.x/a", "https://host.x/b", "https://host.x/b"},
    // Never down to http, never another scheme.
    {"https://api.x/a", "http://api.x/b", nullptr},
    {"https://127.0.0.1/a", "http://127.0.0.1/b", nullptr},
    {"http://127.0.0.1:1/a", "http://169.254.169.254/b", nullptr},
    {"http://host.x/a", "http://other.x/b", nullptr},
    {"https://api.x/a", "file:///etc/passwd", nullptr},
    {"https://api.x/a", "ftp://api.x/b", nullptr},
    {"https://api.x/a", "gopher://api.x/b", nullptr},
    {"https://api.x/a", "javascript:alert(1)", nullptr},
};

TEST(Redirect, TakesNoHeaderOfOursToAnotherOrigin) {
  for (const Row& row : kTable) {
    SCOPED_TRACE(std::string(row.from) + " -> " + row.location);
    const auto next = FollowRedirect({.url = row.from, .headers = kHeaders}, row.location, {});
    ASSERT_EQ(next.has_value(), row.to != nullptr);
    if (!next) continue;
    EXPECT_STRCASEEQ(next->url.c_str(), row.to);
    EXPECT_EQ(next->headers.size(), row.keeps_headers ? kHeaders.size() : 2);
    for (const HttpHeader& header : next->headers) {
      EXPECT_TRUE(row.keeps_headers || header.value.find("canary") == std::string::npos);
    }
  }
}

TEST(Redirect, TakesNothingAwayOnAnyLaterHopEither) {
  for (const Row& row : kTable) {
    SCOPED_TRACE(std::string(row.from) + " -> " + row.location);
    if (row.to == nullptr || row.keeps_headers) continue;
    HttpRequest request{.url = row.from, .headers = kHeaders};
    for (int hop = 2; hop <= kRedirectsMax; ++hop) {
      const auto here = FollowRedirect(request, "/elsewhere", {});
      ASSERT_TRUE(here.has_value());
      EXPECT_EQ(here->headers.size(), kHeaders.size());
      const auto away = FollowRedirect(*here, row.location, {});
      ASSERT_TRUE(away.has_value());
      EXPECT_EQ(away->headers.size(), 2u) << "hop " << hop;
      request = *here;
    }
  }
}

TEST(Redirect, WhatWasDroppedDoesNotComeBackAtTheFirstOrigin) {
  const auto away =
      FollowRedirect({.url = "https://api.x/", .headers = kHeaders}, "https://evil.x/", {});
  const auto back = FollowRedirect(*away, "https://api.x/", {});
  EXPECT_EQ(back->headers.size(), 2u);
}

TEST(Redirect, MessagesNameOriginsAndNoPath) {
  const auto refused =
      FollowRedirect({.url = "https://api.x/?token=canary"}, "http://api.x/?token=canary", {});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().message.find("canary"), std::string::npos);
  EXPECT_NE(refused.error().message.find("http://api.x"), std::string::npos);
}

class SecretRedirectTest : public testing::Test {
 protected:
  SecretRedirectTest() {
    secrets_.AddParameter("api_key");
    secrets_.Add("CANARY/key+1");
    secrets_.Add("abc");
  }
  Result<HttpRequest> Away(const std::string& location, std::vector<HttpHeader> headers = {}) {
    return FollowRedirect({.url = "https://api.x/a?api_key=CANARY%2Fkey%2B1", .headers = headers},
                          location, secrets_);
  }

  SecretSet secrets_;
};

TEST_F(SecretRedirectTest, TakesNoSecretParameterToAnotherOrigin) {
  const std::string_view forms[] = {"api_key=CANARY%2Fkey%2B1",
                                    "API_KEY=abc",
                                    "%61pi_key=abc",
                                    "api%5Fkey=abc",
                                    "%2561pi_key=abc",
                                    "apikey=CANARY%2fkey%2b1",
                                    "t=CANARY/key%2B1",
                                    "t=%43ANARY%2Fkey%2B1",
                                    "t=CANARY%252Fkey%252B1",
                                    "to=/a?k=CANARY%2Fkey%2B1",
                                    "t=eDpDQU5BUlkva2V5KzE",
                                    "CANARY/key+1",
                                    "b=2;api_key=abc"};
  for (const std::string_view form : forms) {
    const auto next = Away("https://new.x/a?page=2&" + std::string(form) + "&z=1");
    ASSERT_TRUE(next.has_value()) << form;
    EXPECT_EQ(next->url, "https://new.x/a?page=2&z=1") << form;
  }
}

TEST_F(SecretRedirectTest, AnAddressWithNoOtherParameterLosesItsQuery) {
  EXPECT_EQ(Away("https://new.x/a?api_key=abc")->url, "https://new.x/a");
}

TEST_F(SecretRedirectTest, TheSameOriginGetsWhatItAsksFor) {
  EXPECT_EQ(Away("/b?api_key=CANARY%2Fkey%2B1")->url, "https://api.x/b?api_key=CANARY%2Fkey%2B1");
}

TEST_F(SecretRedirectTest, OtherParametersStayAsTheyAre) {
  const std::string location = "https://new.x/a?b=%2F&&c&d==1&keys=api_key";
  EXPECT_EQ(Away(location)->url, location);
}

TEST_F(SecretRedirectTest, ASecretOutsideTheQueryIsNotFollowedAndNotNamed) {
  for (const std::string_view rest : {"new.x/CANARY%2Fkey%2B1/a", "new.x/a#CANARY/key+1",
                                      "CANARY%2Fkey%2B1@new.x/", "x:abc@new.x/"}) {
    const auto next = Away("https://" + std::string(rest));
    ASSERT_FALSE(next.has_value()) << rest;
    EXPECT_EQ(next.error().code, Code::kInvalid);
    EXPECT_FALSE(secrets_.IsIn(next.error().message)) << next.error().message;
    EXPECT_NE(next.error().message.find("secret"), std::string::npos);
  }
}

TEST_F(SecretRedirectTest, NoHeaderCrossesWhoseValueIsASecret) {
  const auto next = Away("https://new.x/", {{"User-Agent", "abc"}, {"Accept", "CANARY/key+1"}});
  ASSERT_TRUE(next.has_value());
  EXPECT_TRUE(next->headers.empty());
}

TEST_F(SecretRedirectTest, EachHopToAnotherOriginIsCleaned) {
  const auto here = Away("/moved?api_key=CANARY%2Fkey%2B1");
  const auto away = FollowRedirect(*here, "https://new.x/?api_key=CANARY%2Fkey%2B1", secrets_);
  EXPECT_EQ(away->url, "https://new.x/");
}

TEST(Redirect, WhatIsNotFollowedIsNamedWithoutItsQuery) {
  const auto says = [](const std::string& location) {
    return DescribeRedirect({.status = 307, .headers = {{"Location", location}}});
  };
  for (const char* location :
       {"https://me:canary@api.y/v2/search?key=canary", "https://api.y/v2/search#canary"}) {
    EXPECT_EQ(says(location).find("canary"), std::string::npos);
    EXPECT_NE(says(location).find("https://api.y:443/v2/search, and only a GET"), std::string::npos)
        << says(location);
  }
  EXPECT_NE(says("/v2/search?key=canary").find(" /v2/search, "), std::string::npos);
  EXPECT_NE(DescribeRedirect({.status = 307}).find("does not say where"), std::string::npos);
}

TEST(Redirect, LoopbackIsAnAddressNotAPrefix) {
  EXPECT_TRUE(IsLoopback(*OriginOf("http://127.0.0.1:9/")));
  EXPECT_TRUE(IsLoopback(*OriginOf("http://[::1]:9/")));
  EXPECT_TRUE(IsLoopback(*OriginOf("http://localhost/")));
  EXPECT_FALSE(IsLoopback(*OriginOf("http://127.0.0.1.evil.x/")));
  EXPECT_FALSE(IsLoopback(*OriginOf("http://localhost.evil.x/")));
  EXPECT_FALSE(IsLoopback(*OriginOf("http://10.0.0.1/")));
}

TEST(CurlErrors, HaveTheClassThatDecidesWhatHappensNext) {
  const std::pair<int, Code> table[] = {
      {CURLE_COULDNT_RESOLVE_HOST, Code::kNetwork},
      {CURLE_COULDNT_RESOLVE_PROXY, Code::kNetwork},
      {CURLE_COULDNT_CONNECT, Code::kNetwork},
      {CURLE_SSL_CONNECT_ERROR, Code::kNetwork},
      {CURLE_OPERATION_TIMEDOUT, Code::kTransient},
      {CURLE_PARTIAL_FILE, Code::kTransient},
      {CURLE_HTTP2, Code::kTransient},
      {CURLE_HTTP2_STREAM, Code::kTransient},
      {CURLE_GOT_NOTHING, Code::kTransient},
      {CURLE_SEND_ERROR, Code::kTransient},
      {CURLE_RECV_ERROR, Code::kTransient},
      {CURLE_BAD_CONTENT_ENCODING, Code::kTransient},
      {9999, Code::kTransient},
      {CURLE_PEER_FAILED_VERIFICATION, Code::kInvalid},
      {CURLE_SSL_CACERT_BADFILE, Code::kInvalid},
      {CURLE_UNSUPPORTED_PROTOCOL, Code::kTransient},  // what came was no HTTP
      {CURLE_URL_MALFORMAT, Code::kInvalid},
      {CURLE_WRITE_ERROR, Code::kInvalid},
      {CURLE_ABORTED_BY_CALLBACK, Code::kCancelled},
  };
  for (const auto& [curl_code, code] : table) EXPECT_EQ(ClassifyCurl(curl_code), code) << curl_code;
}

}  // namespace
}  // namespace sluice
