#include "stages/http/token_answer.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "stages/http/secrets.h"

namespace sluice {
namespace {

using Json = nlohmann::json;

constexpr std::int64_t kSecondsMax = std::int64_t{100} * 365 * 86'400;

// Seconds as a number, or as digits in a text, as some servers have them.
std::optional<std::int64_t> Seconds(const Json& json, const std::string& name) {
  const auto found = json.find(name);
  if (found == json.end()) return std::nullopt;
  double value = 0;
  if (found->is_number()) {
    value = found->get<double>();
  } else if (found->is_string()) {
    const auto& text = found->get_ref<const std::string&>();
    const auto end = text.data() + text.size();
    if (std::from_chars(text.data(), end, value).ptr != end) return std::nullopt;
  } else {
    return std::nullopt;
  }
  if (!std::isfinite(value) || value <= 0) return std::nullopt;
  return static_cast<std::int64_t>(std::min(value, static_cast<double>(kSecondsMax)));
}

std::string Text(const Json& json, const char* name) {
  const auto found = json.find(name);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// It goes into a header line.
bool IsToken(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](unsigned char c) { return c > 0x20 && c < 0x7f; });
}

bool IsErrorName(std::string_view text) {
  return !text.empty() && text.size() <= 40 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || c == '_';
  });
}

}  // namespace

Result<TokenPair> ReadTokenAnswer(std::string_view body, const TokenAnswerFormat& format,
                                  WallMs now_ms) {
  const Json json = Json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return Fail(Code::kTransient, "the token endpoint's answer is not JSON");
  if (!json.is_object()) return Fail(Code::kInvalid, "the token endpoint's answer is no object");
  TokenPair pair{
      .access_token = Text(json, "access_token"),
      .refresh_token = Text(json, "refresh_token"),
      .created_at = Seconds(json, "created_at").value_or(now_ms / 1000),
      .expires_in = Seconds(json, format.expires_in_name).value_or(format.default_expires_in),
      .scope = Text(json, "scope")};
  KnownSecrets().Add(pair.access_token);
  KnownSecrets().Add(pair.refresh_token);
  if (!IsToken(pair.access_token)) {
    return Fail(Code::kInvalid, "the token endpoint's answer holds no access_token");
  }
  if (pair.created_at * 1000 > now_ms || EndOfToken(pair) <= now_ms) {
    pair.created_at = now_ms / 1000;
  }
  return pair;
}

bool IsFinalRefusal(int status) { return status == 400 || status == 401 || status == 403; }

std::string DescribeRefusal(const HttpResponse& response) {
  const Json json = Json::parse(response.body.view().text(), nullptr, /*allow_exceptions=*/false);
  const std::string error = json.is_object() ? Text(json, "error") : std::string();
  if (!IsErrorName(error)) return fmt::format("HTTP {}", response.status);
  return fmt::format("HTTP {}, {}", response.status, KnownSecrets().Redact(error));
}

std::optional<WallMs> EndOfToken(const TokenPair& pair) {
  if (pair.expires_in <= 0) return std::nullopt;
  // A file that somebody made may say anything.
  return (std::clamp<std::int64_t>(pair.created_at, 0, kSecondsMax) +
          std::min(pair.expires_in, kSecondsMax)) *
         1000;
}

}  // namespace sluice
