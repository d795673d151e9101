#include "tests/sim/rest_auth.h"

#include <algorithm>
#include <stdexcept>

#include "tests/sim/json_out.h"
#include "tests/sim/rest_errors.h"

namespace sluice::sim {
namespace {

constexpr std::string_view kBearer = "Bearer ";

std::string Base64(std::string_view bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t j = i; j < i + 3; ++j) {
      group = group << 8 | (j < bytes.size() ? static_cast<unsigned char>(bytes[j]) : 0);
    }
    for (int digit = 0; digit < 4; ++digit) text += kDigits[(group >> (18 - 6 * digit)) & 63];
  }
  if (bytes.size() % 3 > 0) text.replace(text.size() - (3 - bytes.size() % 3), 2, "==");
  text.resize((bytes.size() + 2) / 3 * 4);
  return text;
}

std::string Lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

// "a:b:c" -> "a", "b:c".
std::pair<std::string, std::string> Cut(const std::string& text) {
  const auto colon = text.find(':');
  if (colon == std::string::npos) return {text, {}};
  return {text.substr(0, colon), text.substr(colon + 1)};
}

std::string CookieValue(std::string_view cookies, std::string_view name) {
  while (!cookies.empty()) {
    const auto end = cookies.find(';');
    std::string_view pair = cookies.substr(0, end);
    while (pair.starts_with(' ')) pair.remove_prefix(1);
    if (pair.starts_with(name) && pair.substr(name.size()).starts_with('=')) {
      return std::string(pair.substr(name.size() + 1));
    }
    cookies = end == std::string_view::npos ? std::string_view() : cookies.substr(end + 1);
  }
  return {};
}

}  // namespace

RestAuth::RestAuth(const std::string& text, const TokenOptions& tokens) {
  const auto [name, rest] = Cut(text);
  const auto [first, second] = Cut(rest);
  if (name == "bearer" && !rest.empty()) {
    kind_ = Kind::kHeader;
    expected_ = std::string(kBearer) + rest;
  } else if (name == "basic" && !first.empty()) {
    kind_ = Kind::kHeader;
    expected_ = "Basic " + Base64(rest);
  } else if (name == "api_key" && !first.empty() && !second.empty()) {
    kind_ = Kind::kApiKey;
    key_name_ = first;
    key_header_ = Lower(first);
    key_ = second;
  } else if (name == "oauth2") {
    kind_ = Kind::kOAuth;
    client_id_ = first;
    client_secret_ = second;
    tokens_ = std::make_unique<TokenIssuer>(tokens);
  } else if (!text.empty()) {
    throw std::invalid_argument("--auth " + text +
                                " is none of bearer:TOKEN, basic:USER:PASSWORD, "
                                "api_key:NAME:VALUE, oauth2[:CLIENT_ID:CLIENT_SECRET]");
  }
}

std::optional<HttpResponse> RestAuth::Check(const HttpRequest& request) {
  const std::string_view header = request.Header("authorization");
  switch (kind_) {
    case Kind::kNone:
      return std::nullopt;
    case Kind::kHeader:
      if (header == expected_) return std::nullopt;
      break;
    case Kind::kApiKey:
      if (HasApiKey(request)) return std::nullopt;
      break;
    case Kind::kOAuth:
      if (header.starts_with(kBearer) &&
          tokens_->Use(header.substr(kBearer.size())) == TokenIssuer::Standing::kGood) {
        return std::nullopt;
      }
      break;
  }
  HttpResponse refusal = RestError(401, "unauthorized", "The credentials are missing or invalid.");
  if (kind_ == Kind::kOAuth) {
    refusal.headers.emplace_back("WWW-Authenticate", "Bearer error=\"invalid_token\"");
  }
  return refusal;
}

bool RestAuth::HasApiKey(const HttpRequest& request) const {
  return request.Header(key_header_) == key_ || QueryValue(request.Query(), key_name_) == key_ ||
         CookieValue(request.Header("cookie"), key_name_) == key_;
}

bool RestAuth::KnowsClient(const HttpRequest& request) const {
  const std::string_view header = request.Header("authorization");
  if (header.starts_with("Basic ")) {
    return client_id_.empty() || header.substr(6) == Base64(client_id_ + ":" + client_secret_);
  }
  const std::string id = BodyValue(request, "client_id");
  const std::string secret = BodyValue(request, "client_secret");
  if (client_id_.empty()) return !id.empty();
  return id == client_id_ && secret == client_secret_;
}

std::optional<HttpResponse> RestAuth::TokenAnswer(const HttpRequest& request) {
  if (!tokens_) return std::nullopt;
  if (!KnowsClient(request)) return OAuthError(401, "invalid_client", "Client is unknown.");
  const std::string grant = BodyValue(request, "grant_type");
  if (grant == "client_credentials") return Grant(tokens_->Issue(), false);
  if (grant != "refresh_token") {
    return OAuthError(400, "unsupported_grant_type", "Grant type is not supported.");
  }
  const auto pair = tokens_->Refresh(BodyValue(request, "refresh_token"));
  if (!pair) return OAuthError(400, "invalid_grant", "Refresh token is invalid or was used.");
  return Grant(*pair, true);
}

HttpResponse RestAuth::Grant(const TokenIssuer::Pair& pair, bool with_refresh) const {
  std::string body;
  JsonOut out(body);
  out.BeginObject().Field("access_token", pair.access).Field("token_type", "Bearer");
  out.Field("expires_in", static_cast<long long>(tokens_->options().expires_in_s));
  if (with_refresh) out.Field("refresh_token", pair.refresh);
  out.EndObject();
  HttpResponse response = RestOk(std::move(body));
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

}  // namespace sluice::sim
