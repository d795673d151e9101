// Credentials: what they send, what they make of an answer, and that no refresh token is lost.
#include "stages/http/oauth_credential.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "stages/http/fixed_credential.h"
#include "storage/base/hash.h"
#include "tests/support/fake_clock.h"
#include "tests/support/temp_dir.h"

namespace sluice {
namespace {

using testing::HasSubstr;
using testing::Not;
using Turn = Credential::Turn;

std::string Sent(const Credential& credential) {
  const auto headers = credential.Headers();
  return headers.empty() ? "" : headers[0].name + ": " + headers[0].value;
}

HttpResponse Grants(const std::string& access, const std::string& refresh = "",
                    const std::string& more = "") {
  std::string body = R"({"access_token":")" + access + "\"";
  if (!refresh.empty()) body += R"(,"refresh_token":")" + refresh + "\"";
  return {.status = 200, .body = body + more + "}"};
}

TEST(FixedCredentials, AreOneHeader) {
  EXPECT_EQ(Sent(BearerCredential("t")), "Authorization: Bearer t");
  EXPECT_EQ(Sent(BasicCredential("Aladdin", "open sesame")),
            "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  EXPECT_EQ(Sent(BasicCredential("", "")), "Authorization: Basic Og==");
  EXPECT_EQ(Sent(ApiKeyCredential("X-Api-Key", "k")), "X-Api-Key: k");
  EXPECT_FALSE(BearerCredential("t").RenewalRequest().has_value());
}

class OAuthTest : public testing::Test {
 protected:
  OAuthTest() { options_.token_url = "https://auth.example/token"; }
  WallMs Now() const { return clock_.WallNow(); }
  std::filesystem::path Folder() const { return dir_ / "state"; }
  TokenFile File() const { return TokenFile(Folder() / "token.json"); }

  static std::string Body(const Credential& credential) {
    return credential.RenewalRequest().value().body;
  }
  // A pair in File(), as the authorisation of the user leaves it.
  void Store(const TokenPair& pair) {
    auto hold = File().TryHold();
    ASSERT_TRUE(hold && *hold && (*hold)->Write(pair));
  }
  std::shared_ptr<OAuthCredential> Stored() const {
    return OpenStoredTokens(options_, File(), "").value();
  }
  Status Renew(Credential& credential, const HttpResponse& response) const {
    const auto turn = credential.BeginRenewal(Now());
    if (!turn) return Fail(turn.error());
    return credential.Renewed(response, Now());
  }

  FakeClock clock_;
  TempDir dir_;
  OAuthOptions options_{.client_id = "id", .client_secret = "se&cret", .next_step = "do this"};
};

TEST_F(OAuthTest, AsksWithAForm) {
  options_.scopes = {"read", "list"};
  const OAuthCredential credential(options_, {.refresh_token = "r 1"}, std::nullopt);
  EXPECT_EQ(Body(credential),
            "grant_type=refresh_token&refresh_token=r%201&client_id=id&client_secret=se%26cret"
            "&scope=read%20list");
}

TEST_F(OAuthTest, AsksWithJsonAndWhatTheJobAdds) {
  options_.body = OAuthOptions::Body::kJson;
  options_.request_data = {{"redirect_uri", "urn:oob"}, {"client_id", "other"}};
  const OAuthCredential credential(options_, {.refresh_token = "r"}, std::nullopt);
  const auto body = nlohmann::json::parse(Body(credential));
  EXPECT_EQ(body.at("redirect_uri"), "urn:oob");
  EXPECT_EQ(body.at("client_id"), "other") << "the job's word is the last";
  EXPECT_TRUE(credential.RenewalRequest()->once) << "libcurl must not send it twice";
}

TEST_F(OAuthTest, ClientCredentialsBeginWithoutAToken) {
  options_.grant = OAuthOptions::Grant::kClientCredentials;
  OAuthCredential credential(options_, {}, std::nullopt);
  EXPECT_TRUE(credential.Expired(Now()));
  EXPECT_TRUE(credential.Headers().empty());
  EXPECT_THAT(Body(credential), HasSubstr("grant_type=client_credentials"));
  ASSERT_TRUE(Renew(credential, Grants("a")));
  EXPECT_EQ(Sent(credential), "Authorization: Bearer a");
  EXPECT_FALSE(credential.Expired(Now()));
}

TEST_F(OAuthTest, EndsALittleBeforeTheTokenDoes) {
  OAuthCredential credential(options_, {.refresh_token = "r"}, std::nullopt);
  ASSERT_TRUE(Renew(credential, Grants("a", "", R"(,"expires_in":3600)")));
  EXPECT_FALSE(credential.Expired(Now() + 3'539'000));
  EXPECT_TRUE(credential.Expired(Now() + 3'541'000));
}

TEST_F(OAuthTest, ReadsHowLongTheTokenLives) {
  const auto life = [&](const std::string& more) {
    return ReadTokenAnswer(Grants("a", "", more).body, {.expires_in_name = "ttl"}, Now())
        ->expires_in;
  };
  EXPECT_EQ(life(R"(,"ttl":60)"), 60);
  EXPECT_EQ(life(R"(,"ttl":"60")"), 60);
  EXPECT_EQ(life(R"(,"ttl":60.7)"), 60);
  EXPECT_EQ(life(""), 3600) << "default_token_expiration";
  EXPECT_EQ(life(R"(,"ttl":0)"), 3600);
  EXPECT_EQ(life(R"(,"ttl":-1)"), 3600);
}

TEST_F(OAuthTest, TrustsWhenTheServerMadeTheTokenUnlessThatCannotBe) {
  const std::int64_t now = Now() / 1000;
  const auto made = [&](std::int64_t created_at) {
    const std::string more = R"(,"expires_in":3600,"created_at":)" + std::to_string(created_at);
    return ReadTokenAnswer(Grants("a", "", more).body, {}, Now())->created_at;
  };
  EXPECT_EQ(made(now - 100), now - 100);
  EXPECT_EQ(made(now + 7200), now) << "from the future";
  EXPECT_EQ(made(now - 7200), now) << "ended before it came";
}

TEST_F(OAuthTest, RefusalsForGoodSayWhatToDoAndNoSecret) {
  for (const int status : {400, 401, 403, 404}) {
    OAuthCredential credential(options_, {.refresh_token = "canary"}, std::nullopt);
    const Status status_of = Renew(
        credential, {.status = status,
                     .body = R"({"error":"invalid_grant","error_description":"canary is spent"})"});
    ASSERT_FALSE(status_of.has_value());
    EXPECT_EQ(status_of.error().code, Code::kUnauthorized) << status;
    EXPECT_THAT(status_of.error().message, HasSubstr("invalid_grant"));
    EXPECT_THAT(status_of.error().message, HasSubstr("do this"));
    EXPECT_THAT(status_of.error().message, Not(HasSubstr("canary")));
  }
}

TEST_F(OAuthTest, TroubleIsTransient) {
  OAuthCredential credential(options_, {.refresh_token = "r"}, std::nullopt);
  for (const HttpResponse& response : {HttpResponse{.status = 503}, HttpResponse{.status = 429},
                                       HttpResponse{.status = 200, .body = R"({"access_tok)"}}) {
    EXPECT_EQ(Renew(credential, response).error().code, Code::kTransient) << response.status;
  }
  EXPECT_EQ(credential.version(), 0);
}

TEST_F(OAuthTest, ATokenThatCannotBeAHeaderIsRefused) {
  OAuthCredential credential(options_, {.refresh_token = "r"}, std::nullopt);
  EXPECT_FALSE(Renew(credential, Grants(R"(a\r\nX-Evil: 1)")).has_value());
  EXPECT_FALSE(Renew(credential, {.status = 200, .body = "{}"}).has_value());
  EXPECT_TRUE(credential.Headers().empty());
}

TEST_F(OAuthTest, TheNewPairIsOnDiskBeforeItIsUsed) {
  Store({.access_token = "a0", .refresh_token = "r0"});
  const auto credential = Stored();
  ASSERT_EQ(credential->BeginRenewal(Now()).value(), Turn::kAsk);
  EXPECT_EQ(Sent(*credential), "Authorization: Bearer a0");
  ASSERT_TRUE(credential->Renewed(Grants("a1", "r1"), Now()));
  EXPECT_EQ(Sent(*credential), "Authorization: Bearer a1");
  EXPECT_EQ(File().Read()->access_token, "a1");
  EXPECT_EQ(File().Read()->refresh_token, "r1");
}

TEST_F(OAuthTest, ADiskThatTakesNothingShowsBeforeTheRefreshTokenIsSpent) {
  Store({.access_token = "a0", .refresh_token = "r0"});
  const auto credential = Stored();
  std::filesystem::create_directories(Folder() / "token.json.new");  // nothing can be created there
  const auto turn = credential->BeginRenewal(Now());
  ASSERT_FALSE(turn.has_value());
  EXPECT_EQ(turn.error().code, Code::kDisk);
}

TEST_F(OAuthTest, ANewTokenThatCannotBeStoredIsNotUsed) {
  Store({.access_token = "a0", .refresh_token = "r0"});
  const auto credential = Stored();
  ASSERT_TRUE(credential->BeginRenewal(Now()));
  std::filesystem::remove(Folder() / "token.json.new");  // the rename will fail
  const Status renewed = credential->Renewed(Grants("a1", "r1"), Now());
  ASSERT_FALSE(renewed.has_value());
  EXPECT_EQ(renewed.error().code, Code::kDisk);
  EXPECT_EQ(Sent(*credential), "Authorization: Bearer a0");
  EXPECT_EQ(File().Read()->refresh_token, "r0");
}

TEST_F(OAuthTest, TwoProcessesSpendARefreshTokenOnce) {
  Store({.access_token = "a0", .refresh_token = "r0"});
  const auto one = Stored();
  const auto other = Stored();
  ASSERT_EQ(one->BeginRenewal(Now()).value(), Turn::kAsk);
  EXPECT_EQ(other->BeginRenewal(Now()).value(), Turn::kWait);
  ASSERT_TRUE(one->Renewed(Grants("a1", "r1"), Now()));
  EXPECT_EQ(other->BeginRenewal(Now()).value(), Turn::kRenewedElsewhere);
  EXPECT_EQ(Sent(*other), "Authorization: Bearer a1");
  EXPECT_EQ(other->version(), 1);
  ASSERT_EQ(other->BeginRenewal(Now()).value(), Turn::kAsk) << "and the next is its own";
  EXPECT_THAT(Body(*other), HasSubstr("refresh_token=r1&"));
}

TEST_F(OAuthTest, WhatIsAbandonedIsFreeForOthers) {
  Store({.access_token = "a0", .refresh_token = "r0"});
  const auto one = Stored();
  const auto other = Stored();
  ASSERT_EQ(one->BeginRenewal(Now()).value(), Turn::kAsk);
  one->AbandonRenewal();
  EXPECT_EQ(other->BeginRenewal(Now()).value(), Turn::kAsk);
}

TEST_F(OAuthTest, AnAnswerWithoutARefreshTokenKeepsTheOldOne) {
  Store({.access_token = "a0", .refresh_token = "r0"});
  const auto credential = Stored();
  ASSERT_TRUE(Renew(*credential, Grants("a1")));
  EXPECT_EQ(File().Read()->refresh_token, "r0");
  EXPECT_EQ(File().Read()->access_token, "a1");
}

TEST_F(OAuthTest, WithoutAStoredPairTheNextStepIsSaid) {
  const auto none = OpenStoredTokens(options_, File(), "");
  ASSERT_FALSE(none.has_value());
  EXPECT_EQ(none.error().code, Code::kUnauthorized);
  EXPECT_THAT(none.error().message, HasSubstr("do this"));
}

TEST_F(OAuthTest, APairOfAnotherClientIsRefusedAndLeftAlone) {
  Store({.access_token = "a", .refresh_token = "r", .belongs_to = "another"});
  EXPECT_EQ(OpenStoredTokens(options_, File(), "ours").error().code, Code::kUnauthorized);
  EXPECT_EQ(File().Read()->belongs_to, "another");
}

TEST_F(OAuthTest, ARefreshTokenInAFileIsReplacedThere) {
  const auto path = dir_ / "refresh";
  WriteFile(path, "r0\n");
  chmod(path.c_str(), 0600);
  const auto credential = OpenRefreshToken(options_, "file:" + path.string(), Folder()).value();
  EXPECT_TRUE(credential->Expired(Now())) << "no access token is kept there";
  ASSERT_TRUE(Renew(*credential, Grants("a1", "r1")));
  EXPECT_EQ(ReadFile(path), "r1\n");
  EXPECT_FALSE(std::filesystem::exists(Folder()));
}

class RotationTest : public OAuthTest {
 protected:
  std::shared_ptr<OAuthCredential> FromEnvironment(const char* token) const {
    setenv("SLUICE_TEST_REFRESH", token, 1);  // NOLINT(concurrency-mt-unsafe)
    return OpenRefreshToken(options_, "env:SLUICE_TEST_REFRESH", Folder()).value();
  }
};

TEST_F(RotationTest, ATokenOfTheEnvironmentGoesOnInTheStateFolder) {
  const auto credential = FromEnvironment("r0");
  EXPECT_THAT(Body(*credential), HasSubstr("refresh_token=r0&"));
  ASSERT_TRUE(Renew(*credential, Grants("a1", "r1")));
  const auto next_run = FromEnvironment("r0");
  EXPECT_EQ(Sent(*next_run), "Authorization: Bearer a1");
  EXPECT_THAT(Body(*next_run), HasSubstr("refresh_token=r1&"));
  EXPECT_THAT(ReadFile(File().path()), Not(HasSubstr("\"r0\"")));
}

TEST_F(RotationTest, AnotherTokenInTheEnvironmentBeginsAnew) {
  ASSERT_TRUE(Renew(*FromEnvironment("r0"), Grants("a1", "r1")));
  const auto credential = FromEnvironment("other");
  EXPECT_TRUE(credential->Headers().empty());
  ASSERT_EQ(credential->BeginRenewal(Now()).value(), Turn::kAsk);
  EXPECT_THAT(Body(*credential), HasSubstr("refresh_token=other&"));
  ASSERT_TRUE(credential->Renewed(Grants("b1", "s1"), Now()));
  EXPECT_EQ(File().Read()->belongs_to, Sha256Hex("other"));
}

TEST_F(RotationTest, ALiteralTokenIsRefused) {
  const auto credential = OpenRefreshToken(options_, "canary", Folder());
  ASSERT_FALSE(credential.has_value());
  EXPECT_EQ(credential.error().code, Code::kUsage);
  EXPECT_THAT(credential.error().message, Not(HasSubstr("canary")));
}

}  // namespace
}  // namespace sluice
