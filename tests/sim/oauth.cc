#include "tests/sim/oauth.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

#include "tests/sim/json_out.h"
#include "tests/sim/notion_ids.h"

namespace sluice::sim {
namespace {

constexpr std::size_t kWordDigits = 16;
constexpr std::size_t kWords = 4;  // 64 hexadecimal digits, as Trakt's tokens have

void AppendHex(std::string& text, std::uint64_t word) {
  constexpr std::string_view kHex = "0123456789abcdef";
  for (std::size_t i = 0; i < kWordDigits; ++i) text += kHex[(word >> (60 - 4 * i)) & 15];
}

}  // namespace

std::string TokenIssuer::Text(Kind kind, std::uint64_t number) const {
  const std::uint64_t key = Mix(options_.seed, static_cast<std::uint64_t>(kind));
  std::string text;
  AppendHex(text, number ^ key);
  for (std::size_t i = 1; i < kWords; ++i) AppendHex(text, Mix(key + i, number));
  return text;
}

std::optional<std::uint64_t> TokenIssuer::Number(Kind kind, std::string_view token) const {
  if (token.size() != kWordDigits * kWords) return std::nullopt;
  std::uint64_t word = 0;
  const auto parsed = std::from_chars(token.data(), token.data() + kWordDigits, word, 16);
  if (parsed.ec != std::errc() || parsed.ptr != token.data() + kWordDigits) return std::nullopt;
  const std::uint64_t number = word ^ Mix(options_.seed, static_cast<std::uint64_t>(kind));
  return Text(kind, number) == token ? std::optional(number) : std::nullopt;
}

TokenIssuer::Pair TokenIssuer::IssueLocked() {
  ++issued_;
  return {.access = Text(Kind::kAccess, issued_), .refresh = Text(Kind::kRefresh, issued_)};
}

TokenIssuer::Pair TokenIssuer::Issue() {
  const std::lock_guard lock(mutex_);
  return IssueLocked();
}

std::optional<TokenIssuer::Pair> TokenIssuer::Refresh(std::string_view refresh) {
  const auto number = Number(Kind::kRefresh, refresh);
  if (!number && (refresh.empty() || refresh != options_.first_refresh)) return std::nullopt;
  const std::lock_guard lock(mutex_);
  if (!spent_.emplace(refresh).second) return std::nullopt;
  issued_ = std::max(issued_, number.value_or(0));
  return IssueLocked();
}

TokenIssuer::Standing TokenIssuer::Use(std::string_view access) {
  const auto number = Number(Kind::kAccess, access);
  const std::lock_guard lock(mutex_);
  if (revoked_.contains(access)) return Standing::kExpired;
  issued_ = std::max(issued_, number.value_or(0));
  if (options_.requests > 0 && ++uses_[std::string(access)] > options_.requests) {
    return Standing::kExpired;
  }
  return number ? Standing::kGood : Standing::kForeign;
}

void TokenIssuer::Revoke(std::string_view access) {
  const std::lock_guard lock(mutex_);
  revoked_.emplace(access);
}

std::string BodyValue(const HttpRequest& request, std::string_view name) {
  if (!request.body.starts_with('{')) return QueryValue(request.body, name);
  const auto body = nlohmann::json::parse(request.body, nullptr, false);
  const auto found = body.is_object() ? body.find(name) : body.end();
  return found != body.end() && found->is_string() ? found->get<std::string>() : std::string();
}

HttpResponse OAuthError(int status, std::string_view error, std::string_view description) {
  std::string body;
  JsonOut out(body);
  out.BeginObject().Field("error", error).Field("error_description", description).EndObject();
  return {.status = status,
          .headers = {{"Content-Type", "application/json; charset=utf-8"},
                      {"Cache-Control", "no-store"}},
          .body = std::move(body)};
}

}  // namespace sluice::sim
