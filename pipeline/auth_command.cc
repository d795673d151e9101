#include "pipeline/auth_command.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <future>
#include <iostream>
#include <nlohmann/json.hpp>
#include <ostream>
#include <thread>

#include "pipeline/device_flow.h"
#include "stages/http/curl_transport.h"
#include "stages/http/secrets.h"

namespace sluice {
namespace {

constexpr std::chrono::milliseconds kTimeout{30'000};
constexpr int kCodeAttempts = 3;
constexpr std::chrono::seconds kCodePause{2};
// Another process may be renewing the pair that is about to be replaced.
constexpr int kHoldAttempts = 100;
constexpr std::chrono::milliseconds kHoldPause{100};

HttpRequest Post(const TraktClient& client, const char* path, const nlohmann::json& body) {
  return {.method = "POST",
          .url = client.auth_url + path,
          .headers = {{"Content-Type", "application/json"},
                      {"Accept", "application/json"},
                      {"User-Agent", "sluice/" SLUICE_VERSION},
                      {"trakt-api-version", "2"},
                      {"trakt-api-key", client.id}},
          .body = body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace),
          .body_bytes_max = 1u << 20,
          .timeout = kTimeout,
          .once = true};
}

Result<DeviceCode> AskForCode(const TraktClient& client, const AuthWorld& world) {
  for (int attempt = 1;; ++attempt) {
    const TransportResult answer =
        world.send(Post(client, "/oauth/device/code", {{"client_id", client.id}}));
    if (!answer && answer.error().code == Code::kCancelled) {
      return Fail(Code::kCancelled, answer.error().message);
    }
    auto code = answer ? ReadDeviceCode(*answer)
                       : Result<DeviceCode>(Fail(Code::kNetwork, answer.error().message));
    if (code || attempt == kCodeAttempts) return code;
    if (code.error().code != Code::kTransient && code.error().code != Code::kNetwork) return code;
    if (world.sleep(kCodePause)) return Fail(Code::kCancelled, "left");
  }
}

void ShowCode(const DeviceCode& code, std::ostream& out) {
  out << fmt::format(
             "Open {} and enter the code\n\n    {}\n\nWaiting for that; the code ends in {} min. "
             "Ctrl-C leaves.\n",
             code.verification_url, code.user_code,
             std::chrono::ceil<std::chrono::minutes>(code.expires_in).count())
      << std::flush;
}

Result<TokenFile::Hold> HoldOf(const TokenFile& file, const AuthWorld& world) {
  for (int attempt = 1;; ++attempt) {
    auto hold = file.TryHold();
    // What is damaged is about to be replaced.
    if (!hold && hold.error().code == Code::kUnauthorized) {
      if (auto removed = file.Remove(); !removed) return Fail(removed.error());
      continue;
    }
    if (!hold) return Fail(hold.error());
    if (*hold) return std::move(**hold);
    if (attempt == kHoldAttempts || world.sleep(kHoldPause)) {
      return Fail(Code::kLocked, fmt::format("{} is being renewed by another process; try again",
                                             file.path().string()));
    }
  }
}

Result<TraktClient> ClientOf(const AuthOptions& options) {
  auto id = ResolveSecret(options.client_id);
  if (!id) return Fail(Code::kUsage, "--client-id: " + id.error().message);
  auto secret = ResolveSecret(options.client_secret);
  if (!secret) return Fail(Code::kUsage, "--client-secret: " + secret.error().message);
  return TraktClient{
      .auth_url = options.auth_url, .id = std::move(*id), .secret = std::move(*secret)};
}

Status Grant(const TraktClient& client, const TokenFile& file, const AuthWorld& world,
             const Clock& clock, std::ostream& out) {
  {
    // The folder is writable and the disk has room: seen before the user does anything.
    const auto hold = HoldOf(file, world);
    if (!hold) return Fail(hold.error());
  }
  auto pair = Authorise(client, world, clock, out);
  if (!pair) return Fail(pair.error());
  pair->belongs_to = TraktTokenOwner(client.id);
  auto hold = HoldOf(file, world);
  if (!hold) return Fail(hold.error());
  if (auto written = hold->Write(*pair); !written) return written;
  out << fmt::format("Authorised. The tokens are in {} (mode 0600) and renew themselves.\n",
                     file.path().string());
  return {};
}

// Runs requests on a transport of its own, and wakes up for signals.
class LiveWorld {
 public:
  LiveWorld(const SignalWatch& signals, CurlOptions options)
      : signals_(signals), transport_(std::move(options)) {}

  AuthWorld world() {
    return {.send = [this](HttpRequest http) { return Send(std::move(http)); },
            .sleep = [this](Duration time) { return Sleep(time); }};
  }
  int signal() const { return signal_; }

 private:
  TransportResult Send(HttpRequest http) {
    struct Exchange {
      Event answered;
      TransportResult result;
    };
    const auto exchange = std::make_shared<Exchange>();
    transport_.Post([this, exchange, http = std::move(http)]() mutable {
      transport_.Start(std::move(http), [exchange](TransportResult result) {
        exchange->result = std::move(result);
        exchange->answered.Set();
      });
    });
    while (!exchange->answered.IsSet()) {
      const int signal = signals_.Wait(std::chrono::seconds(1), exchange->answered.fd());
      if (signal == 0) continue;
      signal_ = signal;
      return tl::unexpected(TransportError{.code = Code::kCancelled, .message = "left"});
    }
    return std::move(exchange->result);
  }

  bool Sleep(Duration time) {
    const auto pause = std::chrono::ceil<std::chrono::milliseconds>(time);
    signal_ = signals_.Wait(std::max(pause, std::chrono::milliseconds(0)), never_.fd());
    return signal_ != 0;
  }

  const SignalWatch& signals_;
  const Event never_;
  int signal_ = 0;
  CurlTransport transport_;
};

}  // namespace

Result<TokenPair> Authorise(const TraktClient& client, const AuthWorld& world, const Clock& clock,
                            std::ostream& out) {
  auto code = AskForCode(client, world);
  if (!code) return Fail(code.error());
  DeviceFlow flow(std::move(*code), clock.Now());
  ShowCode(flow.code(), out);
  const nlohmann::json question = {{"code", flow.code().device_code},
                                   {"client_id", client.id},
                                   {"client_secret", client.secret}};
  DeviceFlow::Step step = flow.Begin();
  while (const auto* ask = std::get_if<DeviceFlow::AskAt>(&step)) {
    if (world.sleep(ask->time - clock.Now())) return Fail(Code::kCancelled, "left");
    const TransportResult answer = world.send(Post(client, "/oauth/device/token", question));
    if (!answer && answer.error().code == Code::kCancelled) {
      return Fail(Code::kCancelled, answer.error().message);
    }
    step = answer ? flow.OnAnswer(*answer, clock.Now(), clock.WallNow())
                  : flow.OnNoAnswer(clock.Now());
  }
  if (auto* ended = std::get_if<DeviceFlow::Ended>(&step)) return Fail(std::move(ended->error));
  return std::move(std::get<DeviceFlow::Granted>(step).pair);
}

Status Revoke(const TraktClient& client, const TokenFile& file, const AuthWorld& world) {
  const auto readable = file.Read();
  if (!readable && readable.error().code == Code::kNotFound) {
    return Fail(Code::kUsage, readable.error().message + "; nothing is revoked");
  }
  if (!readable) return Fail(readable.error());
  const auto hold = HoldOf(file, world);
  if (!hold) return Fail(hold.error());
  const TransportResult answer =
      world.send(Post(client, "/oauth/revoke",
                      {{"token", hold->pair().value_or(TokenPair()).access_token},
                       {"client_id", client.id},
                       {"client_secret", client.secret}}));
  if (!answer) return Fail(answer.error().code, answer.error().message);
  if (answer->status < 200 || answer->status >= 300) {
    return Fail(IsFinalRefusal(answer->status) ? Code::kUnauthorized : Code::kTransient,
                fmt::format("the server does not revoke the token ({}); {} is left as it is",
                            DescribeRefusal(*answer), file.path().string()));
  }
  return file.Remove();
}

int RunAuthTrakt(const AuthOptions& options, const SignalWatch& signals, const Clock& clock,
                 std::ostream& out) {
  const auto refuse = [](const Error& error) {
    std::cerr << "sluice: " << KnownSecrets().Redact(error.message) << "\n";
    return ToInt(ExitCodeFor(error.code));
  };
  const auto client = ClientOf(options);
  if (!client) return refuse(client.error());
  // No other thread is there. NOLINTNEXTLINE(concurrency-mt-unsafe)
  const auto path =
      TraktTokenFile(options.token_file, [](const char* n) { return std::getenv(n); });
  if (!path) return refuse(path.error());
  const TokenFile file(*path);
  LiveWorld live(signals, {.in_flight_max = 1});
  const Status done = options.revoke ? Revoke(*client, file, live.world())
                                     : Grant(*client, file, live.world(), clock, out);
  if (live.signal() != 0) {
    std::cerr << "sluice: stopped by a signal; run the same command again\n";
    return ToInt(ExitCodeForSignal(live.signal()));
  }
  if (!done) return refuse(done.error());
  if (options.revoke) out << fmt::format("Revoked, and {} removed.\n", file.path().string());
  return 0;
}

}  // namespace sluice
