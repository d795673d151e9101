#include "stages/http/oauth_credential.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "stages/http/secrets.h"
#include "storage/base/hash.h"

namespace sluice {
namespace {

constexpr WallMs kMarginMaxMs = 60'000;
constexpr std::string_view kFile = "file:";

using Parameters = std::vector<std::pair<std::string, std::string>>;

void Set(Parameters& parameters, const std::string& name, const std::string& value) {
  const auto found = std::find_if(parameters.begin(), parameters.end(),
                                  [&](const auto& parameter) { return parameter.first == name; });
  if (found != parameters.end()) {
    found->second = value;
  } else if (!value.empty()) {
    parameters.emplace_back(name, value);
  }
}

// application/x-www-form-urlencoded: RFC 3986's unreserved characters stay.
std::string FormEncoded(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    encoded += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return encoded;
}

std::string Form(const Parameters& parameters) {
  std::string body;
  for (const auto& [name, value] : parameters) {
    if (!body.empty()) body += '&';
    body += FormEncoded(name) + "=" + FormEncoded(value);
  }
  return body;
}

std::string JsonObject(const Parameters& parameters) {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  for (const auto& [name, value] : parameters) json[name] = value;
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

bool IsTransient(int status) { return status == 408 || status == 429 || status >= 500; }

}  // namespace

OAuthCredential::OAuthCredential(OAuthOptions options, TokenPair pair, std::optional<Store> store)
    : options_(std::move(options)),
      store_(std::move(store)),
      belongs_to_(pair.belongs_to),
      state_(State{.pair = std::move(pair)}) {}

std::vector<HttpHeader> OAuthCredential::Headers() const {
  return state_.With([](const State& state) -> std::vector<HttpHeader> {
    if (state.pair.access_token.empty()) return {};
    return {{"Authorization", "Bearer " + state.pair.access_token}};
  });
}

std::int64_t OAuthCredential::version() const {
  return state_.With([](const State& state) { return state.version; });
}

bool OAuthCredential::Expired(WallMs now_ms) const {
  return state_.With([&](const State& state) {
    if (state.pair.access_token.empty()) return true;
    const auto end = EndOfToken(state.pair);
    return end && now_ms >= *end - std::min(kMarginMaxMs, state.pair.expires_in * 1000 / 10);
  });
}

Result<Credential::Turn> OAuthCredential::BeginRenewal(WallMs now_ms) {
  if (!store_) return Turn::kAsk;
  if (!hold_) {
    auto hold = store_->file.TryHold();
    if (!hold) return Fail(hold.error());
    if (!*hold) return Turn::kWait;
    hold_ = std::move(**hold);
  }
  const std::optional<TokenPair>& kept = hold_->pair();
  if (!kept) return Turn::kAsk;
  if (!kept->belongs_to.empty() && kept->belongs_to != belongs_to_) {
    if (store_->foreign == Foreign::kReplace) return Turn::kAsk;
    hold_.reset();
    return Fail(Refused(fmt::format("the token file {} was made for another client id",
                                    store_->file.path().string())));
  }
  const TokenPair ours = state_.With([](const State& state) { return state.pair; });
  if (kept->refresh_token == ours.refresh_token) return Turn::kAsk;
  if (kept->access_token.empty() || kept->access_token == ours.access_token) {
    state_.With([&](State& state) { state.pair.refresh_token = kept->refresh_token; });
    return Turn::kAsk;
  }
  Adopt(*kept);
  if (Expired(now_ms)) return Turn::kAsk;
  hold_.reset();
  return Turn::kRenewedElsewhere;
}

std::optional<HttpRequest> OAuthCredential::RenewalRequest() const {
  const std::string refresh_token =
      state_.With([](const State& state) { return state.pair.refresh_token; });
  const bool refresh = options_.grant == OAuthOptions::Grant::kRefreshToken;
  if (refresh && refresh_token.empty()) return std::nullopt;
  Parameters parameters;
  Set(parameters, "grant_type", refresh ? "refresh_token" : "client_credentials");
  if (refresh) Set(parameters, "refresh_token", refresh_token);
  Set(parameters, "client_id", options_.client_id);
  Set(parameters, "client_secret", options_.client_secret);
  Set(parameters, "scope", fmt::format("{}", fmt::join(options_.scopes, " ")));
  for (const auto& [name, value] : options_.request_data) Set(parameters, name, value);
  const bool json = options_.body == OAuthOptions::Body::kJson;
  return HttpRequest{
      .method = "POST",
      .url = options_.token_url,
      .headers = {{"Content-Type", json ? "application/json" : "application/x-www-form-urlencoded"},
                  {"Accept", "application/json"},
                  {"User-Agent", "sluice/" SLUICE_VERSION}},
      .body = json ? JsonObject(parameters) : Form(parameters),
      .body_bytes_max = 1u << 20,
      .once = true};
}

Status OAuthCredential::Renewed(const HttpResponse& response, WallMs now_ms) {
  if (IsTransient(response.status)) {
    return Fail(Code::kTransient,
                fmt::format("the token endpoint answers HTTP {}", response.status));
  }
  if (response.status < 200 || response.status >= 300) {
    return Fail(Refused(
        fmt::format("the server does not renew the access token ({})", DescribeRefusal(response))));
  }
  auto pair = ReadTokenAnswer(response.body, options_.answer, now_ms);
  if (!pair) {
    if (pair.error().code == Code::kTransient) return Fail(pair.error());
    return Fail(Refused(pair.error().message));
  }
  const std::string spent =
      state_.With([](const State& state) { return state.pair.refresh_token; });
  if (pair->refresh_token.empty()) pair->refresh_token = spent;
  pair->belongs_to = belongs_to_;
  if (hold_) {
    if (auto stored = hold_->Write(*pair); !stored) {
      return Fail(stored.error().code,
                  fmt::format("the new token cannot be stored: {}", stored.error().message));
    }
  }
  Adopt(std::move(*pair));
  hold_.reset();
  return {};
}

void OAuthCredential::Adopt(TokenPair pair) {
  state_.With([&](State& state) {
    state.pair = std::move(pair);
    ++state.version;
  });
}

Error OAuthCredential::Refused(const std::string& what) const {
  return {Code::kUnauthorized,
          options_.next_step.empty() ? what : fmt::format("{}; {}", what, options_.next_step)};
}

Result<std::shared_ptr<OAuthCredential>> OpenStoredTokens(OAuthOptions options,
                                                          const TokenFile& file,
                                                          std::string_view belongs_to) {
  auto pair = file.Read();
  const auto with_step = [&](Code code, const std::string& what) {
    return Fail(code,
                options.next_step.empty() ? what : fmt::format("{}; {}", what, options.next_step));
  };
  if (!pair && pair.error().code == Code::kNotFound) {
    return with_step(Code::kUnauthorized, pair.error().message);
  }
  if (!pair && pair.error().code == Code::kUnauthorized) {
    return with_step(Code::kUnauthorized, pair.error().message);
  }
  if (!pair) return Fail(pair.error());
  if (!pair->belongs_to.empty() && !belongs_to.empty() && pair->belongs_to != belongs_to) {
    return with_step(
        Code::kUnauthorized,
        fmt::format("the token file {} was made for another client id", file.path().string()));
  }
  pair->belongs_to = belongs_to;
  return std::make_shared<OAuthCredential>(std::move(options), std::move(*pair),
                                           OAuthCredential::Store{.file = file});
}

Result<std::shared_ptr<OAuthCredential>> OpenRefreshToken(
    OAuthOptions options, std::string_view reference, const std::filesystem::path& state_folder) {
  if (reference.starts_with(kFile)) {
    const TokenFile file(std::filesystem::path(reference.substr(kFile.size())));
    auto pair = file.Read();
    if (!pair) {
      const bool absent = pair.error().code == Code::kNotFound;
      return Fail(absent ? Code::kUsage : pair.error().code, pair.error().message);
    }
    return std::make_shared<OAuthCredential>(std::move(options), std::move(*pair),
                                             OAuthCredential::Store{.file = file});
  }
  const auto token = ResolveSecret(reference);
  if (!token) return Fail(token.error());
  TokenPair pair{.refresh_token = *token, .belongs_to = Sha256Hex(*token)};
  const TokenFile file(state_folder / "token.json");
  auto kept = file.Read();
  if (kept && kept->belongs_to == pair.belongs_to) pair = std::move(*kept);
  if (!kept && kept.error().code != Code::kNotFound) return Fail(kept.error());
  return std::make_shared<OAuthCredential>(
      std::move(options), std::move(pair),
      OAuthCredential::Store{.file = file, .foreign = OAuthCredential::Foreign::kReplace});
}

}  // namespace sluice
