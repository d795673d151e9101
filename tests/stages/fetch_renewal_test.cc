// The credential in fetch: one renewal for all, nothing with an old token after it, and nothing
// lost when the run stops in between.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "stages/fetch.h"
#include "stages/http/oauth_credential.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_transport.h"
#include "tests/support/judging_source.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr const char* kTokenUrl = "https://auth.example/oauth/token";

// JudgingSource, with the credential's headers in every request.
class AuthorisedSource final : public Source {
 public:
  explicit AuthorisedSource(std::shared_ptr<const Credential> credential)
      : credential_(std::move(credential)) {}
  std::string_view name() const override { return "authorised"; }
  SourceLimits Limits() const override { return {}; }
  Opening Open(const LastRun&) const override { return {}; }
  std::vector<Request> RequestsForUnlisted(const DocumentRow&) const override { return {}; }
  HttpRequest ToHttp(const Request& request) const override {
    HttpRequest http = judging_.ToHttp(request);
    http.headers = credential_->Headers();
    return http;
  }
  Result<Reading> Read(const Request&, const AnswerView&, WallMs) const override {
    return Reading{};
  }
  Verdict Judge(const Request& request, const AnswerView& answer) const override {
    if (answer.status == 423) {
      return {.code = Code::kUnauthorized, .message = "the account is locked", .renewable = false};
    }
    return judging_.Judge(request, answer);
  }
  std::optional<Reading> ReadRefusal(const Request&, const AnswerView&) const override {
    return std::nullopt;
  }
  Result<Rendering> Render(const DocumentRow&, DocumentInputs&, TextSink&) const override {
    return Rendering{};
  }

 private:
  const JudgingSource judging_;
  const std::shared_ptr<const Credential> credential_;
};

// An API with an authorisation server whose refresh tokens work once.
struct Api {
  std::string valid = "access-0";
  std::string refresh = "refresh-0";
  int renewals = 0;
  std::int64_t expires_in = 86'400;

  static bool IsRenewal(const HttpRequest& request) { return request.url == kTokenUrl; }

  ScriptedAnswer Answer(const HttpRequest& request) {
    return IsRenewal(request) ? Renew(request) : Serve(request);
  }
  ScriptedAnswer Serve(const HttpRequest& request) const {
    const std::string* header = FindHeader(request.headers, "Authorization");
    return Answers(header && *header == "Bearer " + valid ? 200 : 401);
  }
  ScriptedAnswer Renew(const HttpRequest& request) {
    if (request.body.find("refresh_token=" + refresh) == std::string::npos) {
      return Answers(400, R"({"error":"invalid_grant"})");
    }
    ++renewals;
    valid = "access-" + std::to_string(renewals);
    refresh = "refresh-" + std::to_string(renewals);
    return Answers(200, R"({"access_token":")" + valid + R"(","refresh_token":")" + refresh +
                            R"(","expires_in":)" + std::to_string(expires_in) + "}");
  }
};

class FetchRenewalTest : public testing::Test {
 protected:
  FetchRenewalTest() { clock_.Advance(1h); }

  void Begin(TokenPair pair = {.access_token = "stale", .refresh_token = "refresh-0"}) {
    Begin([this](const HttpRequest& request) { return api_.Answer(request); }, std::move(pair));
  }
  void Begin(FakeTransport::Server server,
             TokenPair pair = {.access_token = "stale", .refresh_token = "refresh-0"}) {
    credential_ = std::make_shared<OAuthCredential>(
        OAuthOptions{.token_url = kTokenUrl, .next_step = "run `sluice auth trakt`"},
        std::move(pair), std::nullopt);
    source_ = std::make_unique<AuthorisedSource>(credential_);
    options_.credential = credential_.get();
    transport_ = std::make_unique<FakeTransport>(clock_, std::move(server));
    fetch_ = std::make_unique<Fetch>(*source_, *transport_, clock_, options_, /*seed=*/1);
  }
  void Ask(const std::string& target) {
    fetch_->Start({.operation = "pages", .target = target}, 1, [this, target](FetchResult result) {
      results_.insert_or_assign(target, std::move(result));
    });
  }
  void AskMany(int count) {
    for (int i = 0; i < count; ++i) Ask("/" + std::to_string(i));
  }
  template <class T>
  int CountOf() const {
    int count = 0;
    for (const auto& [target, result] : results_) count += std::holds_alternative<T>(result);
    return count;
  }
  const Fatal* FatalOf(const std::string& target) const {
    const auto found = results_.find(target);
    return found == results_.end() ? nullptr : std::get_if<Fatal>(&found->second);
  }
  int Renewals() const {
    int count = 0;
    for (const auto& sent : transport_->sent()) count += Api::IsRenewal(sent.request) ? 1 : 0;
    return count;
  }

  FakeClock clock_;
  Api api_;
  FetchOptions options_{.operations = {{.name = "pages", .in_flight_max = 64}},
                        .rate = {.requests_per_second = 1000, .burst = 65}};
  std::shared_ptr<OAuthCredential> credential_;
  std::unique_ptr<AuthorisedSource> source_;
  std::unique_ptr<FakeTransport> transport_;
  std::unique_ptr<Fetch> fetch_;
  std::map<std::string, FetchResult> results_;
};

TEST_F(FetchRenewalTest, TwentyRefusedAtOnceCostOneRenewal) {
  Begin();
  AskMany(20);
  transport_->RunUntilIdle();
  EXPECT_EQ(CountOf<Answer>(), 20);
  EXPECT_EQ(Renewals(), 1);
  EXPECT_EQ(fetch_->Snapshot().sent, 41) << "each twice, and the renewal";
}

TEST_F(FetchRenewalTest, NothingGoesWithTheOldTokenOnceTheRenewalHasBegun) {
  Begin();
  AskMany(20);
  transport_->AdvanceBy(15ms);  // the renewal is on the wire
  for (int i = 20; i < 40; ++i) Ask("/" + std::to_string(i));
  transport_->RunUntilIdle();
  EXPECT_EQ(CountOf<Answer>(), 40);
  bool renewed = false;
  for (const auto& sent : transport_->sent()) {
    if (Api::IsRenewal(sent.request)) {
      renewed = true;
    } else if (renewed) {
      EXPECT_EQ(*FindHeader(sent.request.headers, "Authorization"), "Bearer access-1");
    }
  }
}

TEST_F(FetchRenewalTest, WhatWasRefusedGoesFirst) {
  options_.operations[0].in_flight_max = 1;
  Begin();
  AskMany(3);
  transport_->RunUntilIdle();
  ASSERT_EQ(transport_->sent().size(), 5u);
  EXPECT_EQ(transport_->sent()[2].request.url, "https://api.example/0");
}

TEST_F(FetchRenewalTest, ALateRefusalOfTheOldTokenRenewsNothing) {
  bool slow = true;
  Begin([&](const HttpRequest& request) {
    ScriptedAnswer answer = api_.Answer(request);
    if (request.url.ends_with("/slow") && std::exchange(slow, false)) answer.latency = 2s;
    return answer;
  });
  Ask("/slow");
  Ask("/quick");
  transport_->RunUntilIdle();
  EXPECT_EQ(CountOf<Answer>(), 2);
  EXPECT_EQ(Renewals(), 1);
}

TEST_F(FetchRenewalTest, ATokenKnownToHaveEndedIsNotTriedFirst) {
  Begin({.access_token = "stale",
         .refresh_token = "refresh-0",
         .created_at = clock_.WallNow() / 1000 - 7200,
         .expires_in = 3600});
  AskMany(3);
  transport_->RunUntilIdle();
  EXPECT_EQ(CountOf<Answer>(), 3);
  EXPECT_TRUE(Api::IsRenewal(transport_->sent().front().request));
  EXPECT_EQ(transport_->sent().size(), 4u);
}

TEST_F(FetchRenewalTest, ATokenThatEndsDuringTheRunIsRenewedBeforeIt) {
  api_.expires_in = 3600;
  Begin();
  Ask("/a");
  transport_->RunUntilIdle();
  clock_.Advance(3590s);
  Ask("/b");
  transport_->RunUntilIdle();
  EXPECT_EQ(CountOf<Answer>(), 2);
  EXPECT_EQ(Renewals(), 2);
  EXPECT_EQ(transport_->sent().size(), 5u) << "/a twice, /b once, two renewals";
}

TEST_F(FetchRenewalTest, ATokenThatEndsAtOnceIsUsedAllTheSame) {
  api_.expires_in = 1;
  options_.rate = {.requests_per_second = 0.5, .burst = 1};
  Begin();
  Ask("/a");
  transport_->RunUntilIdle();
  EXPECT_EQ(CountOf<Answer>(), 1);
  EXPECT_EQ(Renewals(), 1);
}

TEST_F(FetchRenewalTest, ASecondRefusalEndsTheRun) {
  Begin([&](const HttpRequest& request) {
    return Api::IsRenewal(request) ? api_.Renew(request) : Answers(401);
  });
  Ask("/a");
  transport_->RunUntilIdle();
  ASSERT_NE(FatalOf("/a"), nullptr);
  EXPECT_EQ(FatalOf("/a")->error.code, Code::kUnauthorized);
  EXPECT_EQ(Renewals(), 1);
}

TEST_F(FetchRenewalTest, ARefusalThatNoTokenHelpsSpendsNone) {
  Begin([&](const HttpRequest& request) {
    return Api::IsRenewal(request) ? api_.Renew(request) : Answers(423);
  });
  Ask("/a");
  transport_->RunUntilIdle();
  ASSERT_NE(FatalOf("/a"), nullptr);
  EXPECT_EQ(FatalOf("/a")->error.message, "the account is locked");
  EXPECT_EQ(Renewals(), 0);
}

TEST_F(FetchRenewalTest, ARefusedRefreshTokenEndsTheRunAndSaysWhatToDo) {
  Begin({.access_token = "stale", .refresh_token = "spent"});
  AskMany(5);
  transport_->RunUntilIdle();
  EXPECT_EQ(CountOf<Fatal>(), 5);
  EXPECT_EQ(FatalOf("/0")->error.code, Code::kUnauthorized);
  EXPECT_THAT(FatalOf("/0")->error.message, HasSubstr("sluice auth trakt"));
  EXPECT_THAT(FatalOf("/0")->error.message, testing::Not(HasSubstr("spent")));
  EXPECT_EQ(Renewals(), 1);
  Ask("/late");
  transport_->RunUntilIdle();
  EXPECT_NE(FatalOf("/late"), nullptr);
  EXPECT_EQ(Renewals(), 1) << "it stays refused";
}

TEST_F(FetchRenewalTest, ACredentialWithoutARefreshTokenEndsTheRunWithTheAnswer) {
  Begin({.access_token = "stale"});
  Ask("/a");
  transport_->RunUntilIdle();
  ASSERT_NE(FatalOf("/a"), nullptr);
  EXPECT_EQ(FatalOf("/a")->error.message, "token is invalid");
}

TEST_F(FetchRenewalTest, TroubleOfTheTokenEndpointIsTriedAgain) {
  int failures = 3;
  Begin([&](const HttpRequest& request) {
    if (Api::IsRenewal(request) && failures-- > 0) {
      return failures % 2 == 0 ? Answers(503) : Fails(Code::kTransient);
    }
    return api_.Answer(request);
  });
  AskMany(5);
  transport_->RunUntilIdle();
  EXPECT_EQ(CountOf<Answer>(), 5);
  EXPECT_EQ(Renewals(), 4);
}

TEST_F(FetchRenewalTest, TroubleWithoutEndIsBounded) {
  options_.retry.read_attempts = 5;
  Begin([&](const HttpRequest& request) {
    return Api::IsRenewal(request) ? Answers(500) : Answers(401);
  });
  Ask("/a");
  transport_->RunUntilIdle();
  // Waits of more than 5 s are handed back; here is no pipeline that brings them again.
  for (int i = 0; i < 10 && FatalOf("/a") == nullptr; ++i) {
    transport_->AdvanceBy(10s);
    Ask("/a");
    transport_->RunUntilIdle();
  }
  ASSERT_NE(FatalOf("/a"), nullptr);
  EXPECT_EQ(FatalOf("/a")->error.code, Code::kNetwork);
  EXPECT_EQ(Renewals(), 5);
}

TEST_F(FetchRenewalTest, ARateRefusalOfTheTokenEndpointIsObeyed) {
  SteadyTime refused{};
  Begin([&](const HttpRequest& request) {
    if (Api::IsRenewal(request) && refused == SteadyTime{}) {
      refused = clock_.Now();
      return Answers(429, "", {{"Retry-After", "120"}});
    }
    return api_.Answer(request);
  });
  Ask("/a");
  transport_->RunUntilIdle();
  ASSERT_EQ(CountOf<Again>(), 1) << "so long a wait is handed back";
  const Duration delay = std::get<Again>(results_.at("/a")).delay;
  EXPECT_GT(delay, 119s);
  transport_->AdvanceBy(delay);
  Ask("/a");
  transport_->RunUntilIdle();
  EXPECT_EQ(CountOf<Answer>(), 1);
  EXPECT_EQ(Renewals(), 2);
  EXPECT_EQ(fetch_->Snapshot().rate_limited, 1);
}

TEST_F(FetchRenewalTest, AStopDuringTheRenewalWaitsForTheNewToken) {
  Begin();
  AskMany(3);
  transport_->AdvanceBy(15ms);  // the renewal is on the wire
  fetch_->Stop();
  transport_->AdvanceBy(1ms);
  EXPECT_EQ(CountOf<Stopped>(), 0) << "the run would end, and the token be lost";
  transport_->RunUntilIdle();
  EXPECT_EQ(CountOf<Stopped>(), 3);
  EXPECT_EQ(credential_->version(), 1);
}

TEST_F(FetchRenewalTest, ATransportThatStopsDuringTheRenewalAnswersAll) {
  Begin();
  AskMany(3);
  transport_->AdvanceBy(15ms);
  transport_->Stop();
  transport_->RunUntilIdle();
  EXPECT_EQ(CountOf<Stopped>(), 3);
}

TEST_F(FetchRenewalTest, RequestsElsewhereAreNotTheCredentialsBusiness) {
  Begin([&](const HttpRequest& request) {
    return request.url.starts_with("https://files.example") ? Answers(401) : api_.Answer(request);
  });
  Ask("/a");
  transport_->RunUntilIdle();
  Ask("https://files.example/b");
  transport_->RunUntilIdle();
  EXPECT_EQ(CountOf<Answer>(), 1);
  EXPECT_NE(FatalOf("https://files.example/b"), nullptr);
  EXPECT_EQ(Renewals(), 1);
}

TEST_F(FetchRenewalTest, TheErrorsThatAreKeptHoldNoSecret) {
  int failures = 1;
  Begin([&](const HttpRequest& request) {
    if (Api::IsRenewal(request) && failures-- > 0) return Answers(500, "refresh-0");
    return api_.Answer(request);
  });
  Ask("/a");
  transport_->RunUntilIdle();
  const FetchStats stats = fetch_->Snapshot();
  ASSERT_FALSE(stats.errors.empty());
  for (const auto& error : stats.errors) {
    EXPECT_THAT(error.message + error.item, testing::Not(HasSubstr("refresh-0")));
    EXPECT_THAT(error.message + error.item, testing::Not(HasSubstr("stale")));
  }
}

// Another process has the token, then has renewed it.
class SharedCredential final : public Credential {
 public:
  std::vector<HttpHeader> Headers() const override {
    return {{"Authorization", "Bearer access-" + std::to_string(version_)}};
  }
  std::int64_t version() const override { return version_; }
  bool Expired(WallMs) const override { return false; }
  std::optional<HttpRequest> RenewalRequest() const override {
    return HttpRequest{.method = "POST", .url = kTokenUrl};
  }
  Result<Turn> BeginRenewal(WallMs) override {
    if (held_looks-- > 0) return Turn::kWait;
    ++version_;
    return Turn::kRenewedElsewhere;
  }
  Status Renewed(const HttpResponse&, WallMs) override { return {}; }

  int held_looks = 3;

 private:
  std::int64_t version_ = 0;
};

class FetchSharedTokenTest : public FetchRenewalTest {
 protected:
  void Share(int held_looks) {
    Begin();
    shared_ = std::make_shared<SharedCredential>();
    shared_->held_looks = held_looks;
    source_ = std::make_unique<AuthorisedSource>(shared_);
    options_.credential = shared_.get();
    api_.valid = "access-1";
    fetch_ = std::make_unique<Fetch>(*source_, *transport_, clock_, options_, /*seed=*/1);
  }
  std::shared_ptr<SharedCredential> shared_;
};

TEST_F(FetchSharedTokenTest, WhatAnotherProcessHasRenewedIsTaken) {
  Share(3);
  AskMany(4);
  transport_->RunUntilIdle();
  EXPECT_EQ(CountOf<Answer>(), 4);
  EXPECT_EQ(Renewals(), 0);
}

TEST_F(FetchSharedTokenTest, AnotherProcessThatNeverEndsItsRenewalEndsTheRun) {
  Share(1'000'000);
  AskMany(2);
  transport_->RunUntilIdle();
  EXPECT_EQ(CountOf<Fatal>(), 2);
  EXPECT_EQ(FatalOf("/0")->error.code, Code::kLocked);
}

}  // namespace
}  // namespace sluice
