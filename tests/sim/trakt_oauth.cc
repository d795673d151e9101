#include "tests/sim/trakt_oauth.h"

#include <chrono>

#include "tests/sim/json_out.h"

namespace sluice::sim {
namespace {

HttpResponse Ok(std::string body) {
  return {.headers = {{"Content-Type", "application/json; charset=utf-8"},
                      {"Cache-Control", "no-store"}},
          .body = std::move(body)};
}

HttpResponse Empty(int status) { return {.status = status}; }

}  // namespace

HttpResponse TraktOAuth::Answer(const HttpRequest& request) {
  const std::string_view path = request.Path();
  if (request.method != "POST") return Empty(405);
  if (!request.Header("content-type").starts_with("application/json")) return Empty(412);
  if (path != "/oauth/device/token" && BodyValue(request, "client_id").empty()) {
    return OAuthError(401, "invalid_client", "Client authentication failed.");
  }
  if (path == "/oauth/device/code") return DeviceCode(request);
  if (path == "/oauth/device/token") return DeviceToken(request);
  if (path == "/oauth/token") return Token(request);
  if (path != "/oauth/revoke") return Empty(404);
  tokens_.Revoke(BodyValue(request, "token"));
  return Ok("{}");
}

HttpResponse TraktOAuth::DeviceCode(const HttpRequest&) {
  const std::lock_guard lock(mutex_);
  const std::string code = tokens_.DeviceCode(devices_.size() + 1);
  devices_.emplace(code, Device());
  std::string body;
  JsonOut out(body);
  out.BeginObject().Field("device_code", code);
  out.Field("user_code", "5055CC5" + std::to_string(devices_.size() % 10));
  out.Field("verification_url", "https://trakt.tv/activate");
  out.Key("expires_in").Int(device_.expires_in_s).Key("interval").Int(device_.interval_s);
  out.EndObject();
  return Ok(std::move(body));
}

HttpResponse TraktOAuth::DeviceToken(const HttpRequest& request) {
  const std::lock_guard lock(mutex_);
  const auto found = devices_.find(BodyValue(request, "code"));
  if (found == devices_.end()) return Empty(404);
  if (BodyValue(request, "client_secret").empty()) {
    return OAuthError(401, "invalid_client", "Client authentication failed.");
  }
  Device& device = found->second;
  if (device_.answer == 429 && !device.slowed) {
    device.slowed = true;
    return Empty(429);
  }
  if (device.used) return Empty(409);
  if (++device.polls <= device_.polls) return Empty(400);
  if (device_.answer != 200 && device_.answer != 429) return Empty(device_.answer);
  device.used = true;
  return Grant(tokens_.Issue());
}

HttpResponse TraktOAuth::Token(const HttpRequest& request) {
  if (BodyValue(request, "grant_type") != "refresh_token") {
    return OAuthError(400, "unsupported_grant_type", "The grant type is not supported.");
  }
  const auto pair = tokens_.Refresh(BodyValue(request, "refresh_token"));
  if (pair) return Grant(*pair);
  return OAuthError(400, "invalid_grant",
                    "The provided authorization grant is invalid, expired, revoked, does not match "
                    "the redirection URI used in the authorization request, or was issued to "
                    "another client.");
}

HttpResponse TraktOAuth::Grant(const TokenIssuer::Pair& pair) const {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  std::string body;
  JsonOut out(body);
  out.BeginObject().Field("access_token", pair.access).Field("token_type", "bearer");
  out.Key("expires_in").Int(tokens_.options().expires_in_s);
  out.Field("refresh_token", pair.refresh).Field("scope", "public");
  out.Key("created_at").Int(std::chrono::duration_cast<std::chrono::seconds>(now).count());
  out.EndObject();
  return Ok(std::move(body));
}

bool TraktOAuth::Admit(std::string_view access) {
  return !access.empty() && access != "bad" &&
         tokens_.Use(access) != TokenIssuer::Standing::kExpired;
}

}  // namespace sluice::sim
