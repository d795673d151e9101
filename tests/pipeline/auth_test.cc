// `sluice auth trakt`: the flow as pure steps, and the command against a scripted server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <deque>
#include <filesystem>
#include <sstream>

#include "pipeline/auth_command.h"
#include "pipeline/device_flow.h"
#include "tests/support/fake_clock.h"
#include "tests/support/temp_dir.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kCode =
    R"({"device_code":"device-canary","user_code":"5055CC52",)"
    R"("verification_url":"https://trakt.tv/activate","expires_in":600,"interval":5})";
constexpr const char* kToken =
    R"({"access_token":"access-canary","refresh_token":"refresh-canary","expires_in":86400})";

class DeviceFlowTest : public testing::Test {
 protected:
  DeviceFlowTest() { clock_.Advance(1h); }
  DeviceFlow Flow() const {
    return DeviceFlow(ReadDeviceCode({.status = 200, .body = kCode}).value(), clock_.Now());
  }
  DeviceFlow::Step Answer(DeviceFlow& flow, int status, const std::string& body = "") {
    return flow.OnAnswer({.status = status, .body = body}, clock_.Now(), clock_.WallNow());
  }
  Duration PauseOf(const DeviceFlow::Step& step) const {
    const auto* ask = std::get_if<DeviceFlow::AskAt>(&step);
    return ask ? ask->time - clock_.Now() : Duration::min();
  }
  static std::string EndOf(const DeviceFlow::Step& step) {
    const auto* ended = std::get_if<DeviceFlow::Ended>(&step);
    return ended && ended->error.code == Code::kUnauthorized ? ended->error.message : "goes on";
  }

  FakeClock clock_;
};

TEST_F(DeviceFlowTest, AsksAtTheIntervalWhileItIsPending) {
  DeviceFlow flow = Flow();
  EXPECT_EQ(PauseOf(flow.Begin()), 5s);
  clock_.Advance(5s);
  EXPECT_EQ(PauseOf(Answer(flow, 400)), 5s);
}

TEST_F(DeviceFlowTest, SlowsDownWhenTold) {
  DeviceFlow flow = Flow();
  EXPECT_EQ(PauseOf(Answer(flow, 429)), 6s);
  EXPECT_EQ(PauseOf(Answer(flow, 400)), 6s) << "and stays slow";
  EXPECT_EQ(PauseOf(Answer(flow, 429)), 7s);
}

TEST_F(DeviceFlowTest, EndsWithThePair) {
  DeviceFlow flow = Flow();
  const DeviceFlow::Step step = Answer(flow, 200, kToken);
  ASSERT_TRUE(std::holds_alternative<DeviceFlow::Granted>(step));
  EXPECT_EQ(std::get<DeviceFlow::Granted>(step).pair.refresh_token, "refresh-canary");
}

TEST_F(DeviceFlowTest, EveryRefusalSaysWhyAndWhatToDo) {
  const std::vector<std::pair<int, const char*>> refusals = {{404, "does not know"},
                                                             {409, "used before"},
                                                             {410, "expired"},
                                                             {418, "denied"},
                                                             {401, "--client-secret"}};
  for (const auto& [status, why] : refusals) {
    DeviceFlow flow = Flow();
    const std::string message = EndOf(Answer(flow, status));
    EXPECT_THAT(message, HasSubstr(why)) << status;
    EXPECT_THAT(message, HasSubstr("sluice auth trakt"));
    EXPECT_THAT(message, Not(HasSubstr("canary")));
  }
}

TEST_F(DeviceFlowTest, TroubleIsWaitedOut) {
  DeviceFlow flow = Flow();
  EXPECT_EQ(PauseOf(Answer(flow, 502, "<html>")), 5s);
  EXPECT_EQ(PauseOf(flow.OnNoAnswer(clock_.Now())), 5s);
}

TEST_F(DeviceFlowTest, EndsWithTheCode) {
  DeviceFlow flow = Flow();
  clock_.Advance(596s);
  EXPECT_THAT(EndOf(Answer(flow, 400)), HasSubstr("in time"));
  EXPECT_THAT(EndOf(flow.OnNoAnswer(clock_.Now())), HasSubstr("in time"));
}

TEST(DeviceCodeTest, WhatIsNoCodeIsRefused) {
  const auto code_of = [](int status, const std::string& body = "") {
    return ReadDeviceCode({.status = status, .body = body}).error().code;
  };
  EXPECT_EQ(code_of(401), Code::kUnauthorized);
  EXPECT_EQ(code_of(503), Code::kTransient);
  EXPECT_EQ(code_of(404), Code::kInvalid);
  EXPECT_EQ(code_of(200, "{}"), Code::kInvalid);
  EXPECT_EQ(code_of(200, R"({"device_code":"d","user_code":"\u001b[2J","verification_url":"u"})"),
            Code::kInvalid)
      << "it would go to a terminal";
}

class AuthoriseTest : public testing::Test {
 protected:
  AuthWorld World() {
    return {.send =
                [this](const HttpRequest& http) {
                  asked_.push_back(http);
                  TransportResult answer = std::move(answers_.front());
                  answers_.pop_front();
                  return answer;
                },
            .sleep =
                [this](Duration time) {
                  clock_.Advance(time);
                  slept_.push_back(std::chrono::ceil<std::chrono::seconds>(time));
                  return leaves_;
                }};
  }
  void Says(int status, const std::string& body = "") {
    answers_.emplace_back(HttpResponse{.status = status, .body = body});
  }
  Result<TokenPair> Run() { return Authorise(client_, World(), clock_, out_); }

  FakeClock clock_;
  const TraktClient client_{.auth_url = "https://auth.example", .id = "id", .secret = "secret"};
  std::deque<TransportResult> answers_;
  std::vector<HttpRequest> asked_;
  std::vector<std::chrono::seconds> slept_;
  std::ostringstream out_;
  bool leaves_ = false;
};

TEST_F(AuthoriseTest, ShowsTheCodeAndAsksUntilItIsEntered) {
  Says(200, kCode);
  Says(400);
  Says(429);
  Says(200, kToken);
  const auto pair = Run();
  ASSERT_TRUE(pair.has_value()) << pair.error().message;
  EXPECT_EQ(pair->access_token, "access-canary");
  EXPECT_THAT(slept_, ElementsAre(5s, 5s, 6s));
  EXPECT_THAT(out_.str(), HasSubstr("https://trakt.tv/activate"));
  EXPECT_THAT(out_.str(), HasSubstr("5055CC52"));
  EXPECT_THAT(out_.str(), Not(HasSubstr("canary")));
  EXPECT_EQ(asked_.back().url, "https://auth.example/oauth/device/token");
}

TEST_F(AuthoriseTest, WhoLeavesIsNotHeld) {
  Says(200, kCode);
  leaves_ = true;
  EXPECT_EQ(Run().error().code, Code::kCancelled);
  EXPECT_EQ(asked_.size(), 1u);
}

TEST_F(AuthoriseTest, ACodeThatDoesNotComeAtOnceIsAskedForAgain) {
  Says(503);
  answers_.emplace_back(tl::unexpected(TransportError{.code = Code::kTransient}));
  Says(200, kCode);
  Says(200, kToken);
  EXPECT_TRUE(Run().has_value());
}

TEST_F(AuthoriseTest, AServerThatCannotBeReachedIsTheNetworksFault) {
  for (int i = 0; i < 3; ++i) {
    answers_.emplace_back(
        tl::unexpected(TransportError{.code = Code::kNetwork, .message = "no route"}));
  }
  EXPECT_EQ(Run().error().code, Code::kNetwork);
}

class RevokeTest : public AuthoriseTest {
 protected:
  RevokeTest() {
    auto hold = file_.TryHold();
    (void)(*hold)->Write({.access_token = "access-canary", .refresh_token = "r"});
  }
  Status Run() { return Revoke(client_, file_, World()); }

  TempDir dir_;
  const TokenFile file_{dir_ / "trakt.json"};
};

TEST_F(RevokeTest, EndsTheTokenThenRemovesTheFile) {
  Says(200, "{}");
  EXPECT_TRUE(Run().has_value());
  EXPECT_THAT(asked_.at(0).body, HasSubstr("access-canary"));
  EXPECT_EQ(file_.Read().error().code, Code::kNotFound);
}

TEST_F(RevokeTest, KeepsTheFileWhereTheServerRefuses) {
  Says(500);
  EXPECT_FALSE(Run().has_value());
  EXPECT_TRUE(file_.Read().has_value());
}

TEST(TraktTokenFileTest, LiesInTheConfigurationFolder) {
  const std::string given = Job::Trakt().token_file;
  std::map<std::string, std::string> variables = {{"HOME", "/home/u"}};
  const GetEnv get_env = [&](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  };
  EXPECT_EQ(TraktTokenFile(given, get_env).value(), "/home/u/.config/sluice/trakt.json");
  EXPECT_EQ(TraktTokenFile("~/t", get_env).value(), "/home/u/t");
  EXPECT_EQ(TraktTokenFile("/t", get_env).value(), "/t");
  variables["XDG_CONFIG_HOME"] = "/config";
  EXPECT_EQ(TraktTokenFile(given, get_env).value(), "/config/sluice/trakt.json");
  variables.clear();
  EXPECT_EQ(TraktTokenFile(given, get_env).error().code, Code::kUsage);
}

TEST(AuthCommandLineTest, TakesReferencesAndAnAddress) {
  const auto parse = [](std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), {"sluice", "auth", "trakt"});
    return ParseCommandLine(static_cast<int>(arguments.size()), arguments.data());
  };
  const auto command = parse({"--client-id", "env:A", "--client-secret", "file:/b", "--auth-url",
                              "http://127.0.0.1:80/", "--token-file", "t", "--revoke"});
  ASSERT_TRUE(command.has_value()) << command.error().message;
  EXPECT_EQ(command->verb, Verb::kAuthTrakt);
  EXPECT_EQ(command->auth.client_id, "env:A");
  EXPECT_EQ(command->auth.client_secret, "file:/b");
  EXPECT_EQ(command->auth.auth_url, "http://127.0.0.1:80");
  EXPECT_EQ(command->auth.token_file, "t");
  EXPECT_TRUE(command->auth.revoke);
  EXPECT_EQ(parse({"--client-secret", "canary"}).error().code, Code::kUsage);
  EXPECT_THAT(parse({"--client-secret", "canary"}).error().message, Not(HasSubstr("canary")));
}

class TraktCredentialTest : public testing::Test {
 protected:
  TraktCredentialTest() {
    trakt_.token_file = (dir_ / "trakt.json").string();
    trakt_.client_secret = "env:SLUICE_TEST_TRAKT_SECRET";
  }
  void Store(std::int64_t created_at) {
    auto hold = TokenFile(trakt_.token_file).TryHold();
    ASSERT_TRUE((*hold)->Write({.access_token = "a",
                                .refresh_token = "r",
                                .created_at = created_at,
                                .expires_in = 86'400,
                                .belongs_to = TraktTokenOwner("id")}));
  }
  Result<std::shared_ptr<Credential>> Make(const std::string& client_id = "id") {
    return MakeTraktCredential(
        trakt_, client_id, [](const char*) -> const char* { return nullptr; }, clock_.WallNow());
  }

  FakeClock clock_;
  TempDir dir_;
  Job::Trakt trakt_;
};

TEST_F(TraktCredentialTest, NeedsTheSecretOnlyWhenTheTokenHasExpired) {
  Store(clock_.WallNow() / 1000);
  ASSERT_TRUE(Make().has_value());
  EXPECT_EQ((*Make())->Headers().at(0).value, "Bearer a");
  Store(clock_.WallNow() / 1000 - 100'000);
  EXPECT_EQ(Make().error().code, Code::kUsage);
  EXPECT_THAT(Make().error().message, HasSubstr("trakt.client_secret"));
}

TEST_F(TraktCredentialTest, WithoutAStoredPairTheCommandIsNamed) {
  EXPECT_EQ(Make().error().code, Code::kUnauthorized);
  EXPECT_THAT(Make().error().message, HasSubstr("sluice auth trakt"));
}

TEST_F(TraktCredentialTest, APairOfAnotherClientIsRefused) {
  Store(clock_.WallNow() / 1000);
  EXPECT_EQ(Make("another").error().code, Code::kUnauthorized);
}

}  // namespace
}  // namespace sluice
