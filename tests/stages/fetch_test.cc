#include "stages/fetch.h"

#include <curl/curl.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "tests/support/fake_clock.h"
#include "tests/support/fake_transport.h"
#include "tests/support/judging_source.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;

class FetchTest : public testing::Test {
 protected:
  FetchTest() { clock_.Advance(1h); }

  void Serve(FakeTransport::Server server) {
    transport_ = std::make_unique<FakeTransport>(clock_, std::move(server));
    fetch_ = std::make_unique<Fetch>(source_, *transport_, clock_, options_, /*seed=*/1);
  }
  void Ask(const std::string& target, const std::string& operation = "pages", int attempt = 1) {
    fetch_->Start({.operation = operation, .target = target}, attempt,
                  [this, target](FetchResult result) {
                    results_.insert_or_assign(target, std::move(result));
                    ++answered_;
                  });
  }
  void Ask(const std::string& target, Validators validators) {
    fetch_->Start({.operation = "pages", .target = target}, 1, std::move(validators),
                  [this, target](FetchResult result) {
                    results_.insert_or_assign(target, std::move(result));
                  });
  }
  void AskMany(int count) {
    for (int i = 0; i < count; ++i) Ask("/" + std::to_string(i));
  }
  // Asks, and asks again after each delay, as the pipeline does.
  void AskUntilDone(const std::string& target, int attempt = 1) {
    fetch_->Start({.operation = "pages", .target = target}, attempt,
                  [this, target, attempt](FetchResult result) {
                    if (const auto* again = std::get_if<Again>(&result)) {
                      transport_->After(again->delay,
                                        [this, target, next = attempt + (again->counts ? 1 : 0)] {
                                          AskUntilDone(target, next);
                                        });
                      return;
                    }
                    results_.insert_or_assign(target, std::move(result));
                    ++answered_;
                  });
  }
  template <class T>
  const T* Got(const std::string& target) {
    const auto found = results_.find(target);
    return found == results_.end() ? nullptr : std::get_if<T>(&found->second);
  }
  template <class T>
  int CountOf() {
    int count = 0;
    for (const auto& [target, result] : results_) count += std::holds_alternative<T>(result);
    return count;
  }

  // From `from` on, and before `to`.
  int SentBetween(SteadyTime from, SteadyTime to) const {
    return static_cast<int>(std::ranges::count_if(
        transport_->sent(), [&](const auto& sent) { return sent.at >= from && sent.at < to; }));
  }

  FakeClock clock_;
  JudgingSource source_;
  FetchOptions options_{.operations = {{.name = "pages", .in_flight_max = 64}},
                        .rate = {.requests_per_second = 1000, .burst = 65}};
  std::unique_ptr<FakeTransport> transport_;
  std::unique_ptr<Fetch> fetch_;
  std::map<std::string, FetchResult> results_;
  int answered_ = 0;
};

TEST_F(FetchTest, GivesTheAnswerOfA2xx) {
  Serve([](const HttpRequest&) { return Answers(200, R"({"a":1})"); });
  Ask("/a");
  transport_->RunUntilIdle();
  ASSERT_NE(Got<Answer>("/a"), nullptr);
  EXPECT_EQ(Got<Answer>("/a")->body, R"({"a":1})");
}

TEST_F(FetchTest, ValidatorsAreSentAndA304IsAnAnswerOfItsOwn) {
  Serve([](const HttpRequest& request) {
    const std::string* etag = FindHeader(request.headers, "If-None-Match");
    const std::string* date = FindHeader(request.headers, "If-Modified-Since");
    return Answers(etag && *etag == "\"v1\"" && date && *date == "then" ? 304 : 200);
  });
  Ask("/a", Validators{.etag = "\"v1\"", .last_modified = "then"});
  transport_->RunUntilIdle();
  EXPECT_NE(Got<NotModified>("/a"), nullptr);
}

TEST_F(FetchTest, A304ThatNobodyAskedForIsNoConfirmation) {
  Serve([](const HttpRequest&) { return Answers(304); });
  Ask("/a");
  transport_->RunUntilIdle();
  EXPECT_EQ(Got<NotModified>("/a"), nullptr);
}

TEST_F(FetchTest, OfflineNothingIsSent) {
  options_.wire = Wire::kOffline;
  Serve([](const HttpRequest&) { return Answers(200); });
  Ask("/a");
  transport_->RunUntilIdle();
  ASSERT_NE(Got<GaveUp>("/a"), nullptr);
  EXPECT_NE(Got<GaveUp>("/a")->failure.message.find("--offline"), std::string::npos);
  EXPECT_TRUE(transport_->sent().empty());
}

TEST_F(FetchTest, KeepsTheOrderWithinAnOperation) {
  options_.operations[0].in_flight_max = 1;
  Serve([](const HttpRequest&) { return Answers(200); });
  AskMany(5);
  transport_->RunUntilIdle();
  ASSERT_EQ(transport_->sent().size(), 5u);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(transport_->sent()[i].request.url, "https://api.example/" + std::to_string(i));
  }
}

TEST_F(FetchTest, AnOperationThatIsFullDoesNotHoldAnotherBack) {
  options_.operations = {{.name = "pages", .in_flight_max = 1},
                         {.name = "users", .in_flight_max = 1}};
  Serve([](const HttpRequest&) { return Answers(200); });
  Ask("/1", "pages");
  Ask("/2", "pages");
  Ask("/3", "users");
  transport_->AdvanceBy(1ms);
  EXPECT_EQ(transport_->in_flight(), 2);
}

TEST_F(FetchTest, NeverHasMoreInFlightThanTheOperationMay) {
  options_.operations[0].in_flight_max = 7;
  Serve([](const HttpRequest&) { return Answers(200); });
  AskMany(50);
  transport_->RunUntilIdle();
  EXPECT_EQ(transport_->in_flight_peak(), 7);
  EXPECT_EQ(CountOf<Answer>(), 50);
}

TEST_F(FetchTest, PermanentAnswersAreRefusalsWithTheirBody) {
  Serve([](const HttpRequest&) { return Answers(404, "gone"); });
  Ask("/a");
  transport_->RunUntilIdle();
  ASSERT_NE(Got<Refusal>("/a"), nullptr);
  EXPECT_EQ(Got<Refusal>("/a")->verdict.code, Code::kNotFound);
  EXPECT_EQ(Got<Refusal>("/a")->body, "gone");
}

TEST_F(FetchTest, ARefusedCredentialEndsTheRun) {
  Serve([](const HttpRequest&) { return Answers(401); });
  Ask("/a");
  transport_->RunUntilIdle();
  ASSERT_NE(Got<Fatal>("/a"), nullptr);
  EXPECT_EQ(Got<Fatal>("/a")->error.code, Code::kUnauthorized);
}

TEST_F(FetchTest, ServerErrorsAreAskedAgainUntilTheAttemptsAreSpent) {
  Serve([](const HttpRequest&) { return Answers(500); });
  AskUntilDone("/a");
  transport_->RunUntilIdle();
  EXPECT_NE(Got<GaveUp>("/a"), nullptr);
  EXPECT_EQ(transport_->sent().size(), 10u);
}

TEST_F(FetchTest, AServerThatCannotBeReachedEndsTheRunAfterHalfTheAttempts) {
  Serve([](const HttpRequest&) { return Fails(Code::kNetwork, CURLE_COULDNT_CONNECT); });
  AskUntilDone("/a");
  transport_->RunUntilIdle();
  ASSERT_NE(Got<Fatal>("/a"), nullptr);
  EXPECT_EQ(Got<Fatal>("/a")->error.code, Code::kNetwork);
  EXPECT_EQ(transport_->sent().size(), 5u);
}

TEST_F(FetchTest, AWrongCertificateEndsTheRunAtOnce) {
  Serve([](const HttpRequest&) { return Fails(Code::kInvalid, CURLE_PEER_FAILED_VERIFICATION); });
  AskUntilDone("/a");
  transport_->RunUntilIdle();
  ASSERT_NE(Got<Fatal>("/a"), nullptr);
  EXPECT_EQ(Got<Fatal>("/a")->error.code, Code::kNetwork);
  EXPECT_EQ(transport_->sent().size(), 1u);
}

TEST_F(FetchTest, AnAnswerOverTheLimitFailsTheItemAlone) {
  Serve([](const HttpRequest&) { return Fails(Code::kInvalid, CURLE_WRITE_ERROR); });
  AskUntilDone("/a");
  transport_->RunUntilIdle();
  EXPECT_NE(Got<GaveUp>("/a"), nullptr);
  EXPECT_EQ(transport_->sent().size(), 1u);
}

TEST_F(FetchTest, TimeoutsGrowWithTheAttempt) {
  Serve([](const HttpRequest&) { return Answers(200); });
  Ask("/1", "pages", 1);
  Ask("/2", "pages", 2);
  transport_->RunUntilIdle();
  EXPECT_GT(transport_->sent()[1].request.timeout, transport_->sent()[0].request.timeout);
}

TEST_F(FetchTest, RateRefusalsDoNotSpendAttempts) {
  int left = 20;
  Serve([&](const HttpRequest&) {
    return left-- > 0 ? Answers(429, "", {{"Retry-After", "1"}}) : Answers(200);
  });
  AskUntilDone("/a");
  transport_->RunUntilIdle();
  EXPECT_NE(Got<Answer>("/a"), nullptr);
  EXPECT_EQ(fetch_->Snapshot().rate_limited, 20);
}

TEST_F(FetchTest, AnItemToldToWaitLongerThanMaxWaitFailsAlone) {
  Serve([](const HttpRequest& request) {
    return request.url.ends_with("/3") ? Answers(500, "", {{"Retry-After", "86400"}})
                                       : Answers(200);
  });
  AskMany(10);
  transport_->RunUntilIdle();
  EXPECT_EQ(CountOf<Answer>(), 9);
  ASSERT_NE(Got<GaveUp>("/3"), nullptr);
  EXPECT_NE(Got<GaveUp>("/3")->failure.message.find("86400 s, longer than max_wait (900 s)"),
            std::string::npos);
}

TEST_F(FetchTest, WhereEveryoneIsToldSoTheRunEndsAndSaysWhenToComeBack) {
  Serve([](const HttpRequest&) { return Answers(500, "", {{"Retry-After", "86400"}}); });
  AskMany(40);
  transport_->RunUntilIdle();
  EXPECT_LE(CountOf<GaveUp>(), 10) << "until the breaker opens";
  ASSERT_NE(Got<Fatal>("/39"), nullptr);
  EXPECT_TRUE(Got<Fatal>("/39")->resume_at_ms);
}

TEST_F(FetchTest, ARedirectThatWasFollowedTakesItsShareOfTheRate) {
  options_.rate = {.requests_per_second = 10};
  Serve([](const HttpRequest&) {
    ScriptedAnswer answer = Answers(200);
    answer.result->redirects = 1;
    return answer;
  });
  const SteadyTime begin = clock_.Now();
  AskMany(50);
  transport_->RunUntilIdle();
  EXPECT_EQ(fetch_->Snapshot().sent, 100);
  EXPECT_GE(clock_.Now() - begin, 9800ms) << "ten a second, the redirects among them";
}

TEST_F(FetchTest, OneLongRetryAfterIsOnePauseForAllAndOneProbe) {
  const SteadyTime begin = clock_.Now();
  const SteadyTime wall_ends = begin + 120s;
  Serve([&](const HttpRequest&) {
    return clock_.Now() < wall_ends - 10ms ? Answers(429, "", {{"Retry-After", "120"}})
                                           : Answers(200);
  });
  for (int i = 0; i < 40; ++i) AskUntilDone("/" + std::to_string(i));
  transport_->RunUntilIdle();
  EXPECT_EQ(CountOf<Answer>(), 40);
  EXPECT_LE(SentBetween(begin, begin + 10ms), 40) << "until the first refusal: each once";
  EXPECT_EQ(SentBetween(begin + 10ms, wall_ends), 0) << "the one pause";
  EXPECT_EQ(SentBetween(wall_ends, wall_ends + 20ms), 1) << "the probe; the others wait for it";
}

TEST_F(FetchTest, ARunStartedAgainInsideThePauseKeepsItAndSendsOneProbe) {
  const SteadyTime wall_ends = clock_.Now() + 120s;
  const auto server = [&](const HttpRequest&) {
    return clock_.Now() < wall_ends - 10ms ? Answers(429, "", {{"Retry-After", "120"}})
                                           : Answers(200);
  };
  Serve(server);
  AskMany(40);
  transport_->AdvanceBy(30s);
  const FetchState state = fetch_->ExportState();

  const SteadyTime restart = clock_.Now();
  Serve(server);
  fetch_->ImportState(state);
  for (int i = 0; i < 40; ++i) AskUntilDone("/again" + std::to_string(i));
  transport_->RunUntilIdle();
  EXPECT_EQ(SentBetween(restart, wall_ends), 0);
  EXPECT_EQ(SentBetween(wall_ends, wall_ends + 20ms), 1);
  EXPECT_NE(Got<Answer>("/again39"), nullptr);
}

TEST_F(FetchTest, ATimeInTheBodyHoldsLikeOneInAHeader) {
  for (const char* body :
       {R"({"message": "slow down", "retry_after": 60.5, "global": true})",
        R"({"error": {"details": [{"@type": "type.googleapis.com/google.rpc.RetryInfo",
                                   "retryDelay": "60.5s"}]}})"}) {
    for (const int status : {429, 503, 529}) {
      int asked = 0;
      const SteadyTime begin = clock_.Now();
      Serve(
          [&](const HttpRequest&) { return ++asked == 1 ? Answers(status, body) : Answers(200); });
      AskUntilDone("/a");
      transport_->RunUntilIdle();
      EXPECT_EQ(SentBetween(begin + 1ms, begin + 60s), 0) << status << " " << body;
      EXPECT_EQ(transport_->sent().size(), 2u) << status << " " << body;
    }
  }
}

TEST_F(FetchTest, ARefusalsResetHoldsThoughItDoesNotSayThatNothingIsLeft) {
  for (const std::vector<HttpHeader>& headers : std::vector<std::vector<HttpHeader>>{
           {{"X-RateLimit-Reset", "20"}},
           {{"X-RateLimit-Remaining", "1"}, {"X-RateLimit-Reset", "20"}}}) {
    int asked = 0;
    const SteadyTime begin = clock_.Now();
    Serve([&](const HttpRequest&) {
      return ++asked == 1 ? Answers(429, "", headers) : Answers(200);
    });
    AskUntilDone("/a");
    transport_->RunUntilIdle();
    EXPECT_EQ(SentBetween(begin + 1ms, begin + 20s), 0) << headers.size();
    EXPECT_EQ(transport_->sent().size(), 2u) << headers.size();
  }
}

TEST_F(FetchTest, AForbiddenAnswerWithAResetAloneIsNoRateRefusal) {
  Serve([](const HttpRequest&) {
    return Answers(403, "", {{"X-RateLimit-Remaining", "40"}, {"X-RateLimit-Reset", "20"}});
  });
  Ask("/a");
  transport_->RunUntilIdle();
  EXPECT_NE(Got<Refusal>("/a"), nullptr);
}

TEST_F(FetchTest, AHeaderIsBelievedBeforeTheBody) {
  int asked = 0;
  Serve([&](const HttpRequest&) {
    return ++asked == 1 ? Answers(429, R"({"retry_after": 600})", {{"Retry-After", "30"}})
                        : Answers(200);
  });
  const SteadyTime begin = clock_.Now();
  AskUntilDone("/a");
  transport_->RunUntilIdle();
  EXPECT_EQ(SentBetween(begin + 30s, begin + 40s), 1);
}

TEST_F(FetchTest, WhatWaitsLongIsHandedBackAndKeepsItsAttempt) {
  options_.operations[0].in_flight_max = 1;
  Serve([](const HttpRequest&) { return Answers(429, "", {{"Retry-After", "60"}}); });
  AskMany(3);
  transport_->AdvanceBy(50ms);
  for (const char* target : {"/0", "/1", "/2"}) {
    ASSERT_NE(Got<Again>(target), nullptr) << target;
    EXPECT_FALSE(Got<Again>(target)->counts);
    EXPECT_GT(Got<Again>(target)->delay, 59s);
  }
}

TEST_F(FetchTest, AWaitBeyondMaxWaitEndsTheRunAndSaysWhenToResume) {
  Serve([](const HttpRequest&) { return Answers(429, "", {{"Retry-After", "3600"}}); });
  Ask("/a");
  transport_->RunUntilIdle();
  ASSERT_NE(Got<Fatal>("/a"), nullptr);
  EXPECT_EQ(Got<Fatal>("/a")->error.code, Code::kRateLimited);
  EXPECT_NEAR(static_cast<double>(*Got<Fatal>("/a")->resume_at_ms - clock_.WallNow()), 3'600'000,
              1000);
}

TEST_F(FetchTest, ShortRefusalsWithoutEndAreBoundedByMaxWaitToo) {
  options_.max_wait = 30s;
  Serve([](const HttpRequest&) { return Answers(429, "", {{"Retry-After", "1"}}); });
  AskUntilDone("/a");
  transport_->RunUntilIdle();
  EXPECT_NE(Got<Fatal>("/a"), nullptr);
  EXPECT_LE(transport_->sent().size(), 40u);
}

TEST_F(FetchTest, ARequestThatIsAlwaysRefusedHoldsNobodyElseUp) {
  options_.rate = {};
  Serve(
      [](const HttpRequest& request) { return Answers(request.url.ends_with("/4") ? 429 : 200); });
  const SteadyTime begin = clock_.Now();
  for (int i = 0; i < 300; ++i) AskUntilDone("/" + std::to_string(i));
  while (CountOf<Answer>() < 299 && clock_.Now() < begin + 10min) transport_->AdvanceBy(100ms);
  EXPECT_LE(clock_.Now() - begin, 30s);
}

TEST_F(FetchTest, AndIsGivenUpIfOthersAreAcceptedMeanwhile) {
  options_.rate = {};
  options_.retry.read_attempts = 3;
  Serve(
      [](const HttpRequest& request) { return Answers(request.url.ends_with("/4") ? 429 : 200); });
  for (int i = 0; i < 3000; ++i) {
    AskUntilDone("/" + std::to_string(i));
    transport_->AdvanceBy(50ms);
  }
  EXPECT_EQ(CountOf<Answer>(), 2999);
  ASSERT_NE(Got<GaveUp>("/4"), nullptr);
  EXPECT_EQ(Got<GaveUp>("/4")->failure.http_status, 429);
}

TEST_F(FetchTest, AForbiddenAnswerWithRetryAfterIsARateRefusal) {
  int asked = 0;
  Serve([&](const HttpRequest&) {
    return ++asked == 1 ? Answers(403, "", {{"Retry-After", "60"}}) : Answers(200);
  });
  AskUntilDone("/a");
  transport_->RunUntilIdle();
  EXPECT_NE(Got<Answer>("/a"), nullptr);
}

constexpr const char* kSecondaryLimit =
    R"({"message": "You have exceeded a secondary rate limit. Please wait a few minutes."})";

TEST_F(FetchTest, AForbiddenAnswerWhoseBodySaysThatItIsALimitIsARateRefusal) {
  int asked = 0;
  Serve([&](const HttpRequest&) {
    return ++asked == 1
               ? Answers(403, R"({"error": {"errors": [{"reason": "rateLimitExceeded"}]}})")
               : Answers(200);
  });
  AskUntilDone("/a");
  transport_->RunUntilIdle();
  EXPECT_NE(Got<Answer>("/a"), nullptr);
}

TEST_F(FetchTest, ATimeInTheBodyOfSuchAnAnswerHolds) {
  int asked = 0;
  const SteadyTime begin = clock_.Now();
  Serve([&](const HttpRequest&) {
    return ++asked == 1 ? Answers(403, R"({"error": {"errors": [{"reason": "rateLimitExceeded"}],
                     "details": [{"@type": "x/google.rpc.RetryInfo", "retryDelay": "30.5s"}]}})")
                        : Answers(200);
  });
  AskUntilDone("/a");
  transport_->RunUntilIdle();
  EXPECT_EQ(SentBetween(begin + 1ms, begin + 30s), 0);
  EXPECT_NE(Got<Answer>("/a"), nullptr);
}

TEST_F(FetchTest, ASecondaryLimitWithoutATimeIsAMinuteAndTwiceThatEachFurtherTime) {
  for (const int status : {403, 429}) {
    int asked = 0;
    const SteadyTime begin = clock_.Now();
    Serve([&](const HttpRequest&) {
      return ++asked <= 2
                 ? Answers(status, kSecondaryLimit,
                           {{"X-RateLimit-Remaining", "4990"}, {"X-RateLimit-Reset", "3000"}})
                 : Answers(200);
    });
    AskUntilDone("/a");
    transport_->RunUntilIdle();
    EXPECT_EQ(SentBetween(begin + 1ms, begin + 60s), 0) << status;
    EXPECT_EQ(SentBetween(begin + 60s, begin + 70s), 1) << status;
    EXPECT_EQ(SentBetween(begin + 70s, begin + 180s), 0) << status;
    EXPECT_NE(Got<Answer>("/a"), nullptr) << status;
  }
}

TEST_F(FetchTest, SeveralRefusalsOfASecondaryLimitAtOnceAreOne) {
  int asked = 0;
  const SteadyTime begin = clock_.Now();
  Serve([&](const HttpRequest&) {
    return ++asked <= 20 ? Answers(403, kSecondaryLimit) : Answers(200);
  });
  for (int i = 0; i < 20; ++i) AskUntilDone("/" + std::to_string(i));
  transport_->RunUntilIdle();
  EXPECT_EQ(CountOf<Answer>(), 20);
  EXPECT_LE(clock_.Now() - begin, 65s);
}

TEST_F(FetchTest, AServerThatAsksForCalmHalvesWhatIsUnderWayOfThatOperation) {
  options_.operations.push_back({.name = "blocks", .in_flight_max = 20});
  Serve([](const HttpRequest&) {
    ScriptedAnswer answer = Fails(Code::kTransient, CURLE_HTTP2_STREAM);
    answer.result.error().calm = true;
    return answer;
  });
  Ask("/a");
  transport_->RunUntilIdle();
  ASSERT_NE(Got<Again>("/a"), nullptr);
  EXPECT_TRUE(Got<Again>("/a")->counts);
  std::map<std::string, int> limits;
  for (const auto& operation : fetch_->Snapshot().operations) {
    limits[operation.name] = operation.limit;
  }
  EXPECT_EQ(limits, (std::map<std::string, int>{{"blocks", 20}, {"pages", 32}}));
}

TEST_F(FetchTest, ARefusalWhoseJsonIsCutIsAskedAgain) {
  int asked = 0;
  Serve([&](const HttpRequest&) {
    return ++asked == 1 ? Answers(404, R"({"message":"not h)")
                        : Answers(404, R"({"message":"no"})");
  });
  AskUntilDone("/a");
  transport_->RunUntilIdle();
  EXPECT_NE(Got<Refusal>("/a"), nullptr);
  EXPECT_EQ(asked, 2);
}

TEST_F(FetchTest, AnOutageCostsAboutOneRequestASecond) {
  options_.retry.read_attempts = 1000;
  Serve([](const HttpRequest&) { return Answers(503); });
  for (int i = 0; i < 64; ++i) AskUntilDone("/" + std::to_string(i));
  transport_->AdvanceBy(5s);
  const std::size_t before = transport_->sent().size();
  transport_->AdvanceBy(60s);
  EXPECT_LE(transport_->sent().size() - before, 61u);
  EXPECT_GE(transport_->sent().size() - before, 30u) << "it goes on trying";
}

TEST_F(FetchTest, WhenAnOutageBeginsLittleMoreIsLostThanWhatIsUnderWay) {
  options_.operations[0].in_flight_max = 15;
  options_.retry.read_attempts = 1000;
  const SteadyTime down_from = clock_.Now() + 200ms;
  Serve([&](const HttpRequest&) {
    return clock_.Now() < down_from - 10ms ? Answers(200) : Fails(Code::kTransient);
  });
  for (int i = 0; i < 400; ++i) AskUntilDone("/" + std::to_string(i));
  transport_->AdvanceTo(down_from + 900ms);
  EXPECT_LE(SentBetween(down_from, down_from + 900ms), 3);
}

TEST_F(FetchTest, StopHandsBackWhatWaitsAndLetsTheRestComeHome) {
  options_.operations[0].in_flight_max = 2;
  Serve([](const HttpRequest&) { return Answers(200); });
  AskMany(5);
  transport_->AdvanceBy(1ms);
  fetch_->Stop();
  Ask("/late");
  transport_->RunUntilIdle();
  EXPECT_EQ(CountOf<Answer>(), 2);
  EXPECT_EQ(CountOf<Stopped>(), 4);
  EXPECT_EQ(answered_, 6) << "each exactly once";
}

TEST_F(FetchTest, NoMoreIsSentThanRequestsMaxAllows) {
  options_.requests_max = 3;
  Serve([](const HttpRequest&) { return Answers(200); });
  AskMany(5);
  transport_->RunUntilIdle();
  EXPECT_EQ(transport_->sent().size(), 3u);
  EXPECT_EQ(CountOf<Answer>(), 3);
  EXPECT_EQ(CountOf<Stopped>(), 2);
}

TEST_F(FetchTest, WhatTheTransportCancelsIsStopped) {
  Serve([](const HttpRequest&) { return Answers(200); });
  AskMany(3);
  transport_->AdvanceBy(1ms);
  fetch_->Stop();
  transport_->AdvanceBy(1ms);
  transport_->Stop();
  transport_->RunUntilIdle();
  EXPECT_EQ(CountOf<Stopped>(), 3);
}

TEST_F(FetchTest, SnapshotKeepsTheLastHundredErrors) {
  Serve([](const HttpRequest&) { return Answers(404); });
  AskMany(130);
  transport_->RunUntilIdle();
  const FetchStats stats = fetch_->Snapshot();
  ASSERT_EQ(stats.errors.size(), 100u);
  EXPECT_EQ(stats.errors.back().item, "GET /129");
  EXPECT_EQ(stats.errors.back().status, 404);
  EXPECT_EQ(stats.sent, 130);
}

TEST_F(FetchTest, StateCarriesTheWallToTheNextRun) {
  Serve([](const HttpRequest&) { return Answers(429, "", {{"Retry-After", "60"}}); });
  Ask("/a");
  transport_->RunUntilIdle();
  const FetchState state = fetch_->ExportState();

  Serve([](const HttpRequest&) { return Answers(200); });
  fetch_->ImportState(state);
  Ask("/b");
  transport_->AdvanceBy(1ms);
  EXPECT_NE(Got<Again>("/b"), nullptr);
  EXPECT_TRUE(transport_->sent().empty());
}

TEST_F(FetchTest, AWallFromTheLastRunBeyondMaxWaitEndsThisRunToo) {
  Serve([](const HttpRequest&) { return Answers(200); });
  fetch_->ImportState({.not_before_ms = clock_.WallNow() + 3'600'000});
  Ask("/a");
  transport_->RunUntilIdle();
  ASSERT_NE(Got<Fatal>("/a"), nullptr);
  EXPECT_EQ(*Got<Fatal>("/a")->resume_at_ms, clock_.WallNow() + 3'600'000);
  EXPECT_TRUE(transport_->sent().empty());
}

TEST_F(FetchTest, AnAnswerWithNothingLeftSparesTheRefusal) {
  Serve([](const HttpRequest&) {
    return Answers(200, "{}", {{"RateLimit", R"("default";r=0;t=60)"}});
  });
  Ask("/a");
  transport_->RunUntilIdle();
  Ask("/b");
  transport_->RunUntilIdle();
  EXPECT_NE(Got<Answer>("/a"), nullptr);
  EXPECT_NE(Got<Again>("/b"), nullptr);
}

TEST_F(FetchTest, AWallAtOneHostDoesNotStopAnother) {
  Serve([](const HttpRequest& request) {
    return request.url.starts_with("https://files.example")
               ? Answers(200)
               : Answers(429, "", {{"Retry-After", "60"}});
  });
  Ask("/a");
  Ask("https://files.example/f", "assets");
  transport_->RunUntilIdle();
  EXPECT_NE(Got<Again>("/a"), nullptr);
  EXPECT_NE(Got<Answer>("https://files.example/f"), nullptr);
}

TEST_F(FetchTest, AnOperationThatIsFullAtOneHostGoesOnAtTheOther) {
  options_.operations = {{.name = "pages", .in_flight_max = 1}};
  Serve([](const HttpRequest&) { return Answers(200); });
  Ask("/a");
  Ask("https://files.example/f");
  transport_->RunUntilIdle();
  EXPECT_EQ(CountOf<Answer>(), 2);
}

TEST_F(FetchTest, CountsWhatIsSentAgain) {
  int asked = 0;
  Serve([&](const HttpRequest&) { return Answers(++asked <= 2 ? 500 : 200); });
  AskUntilDone("/a");
  transport_->RunUntilIdle();
  EXPECT_EQ(fetch_->Snapshot().sent, 3);
  EXPECT_EQ(fetch_->Snapshot().retried, 2);
}

}  // namespace
}  // namespace sluice
