#include "stages/http/quota_body.h"

#include <simdjson.h>

#include <algorithm>
#include <initializer_list>
#include <iterator>
#include <string>

#include "stages/http/quota_values.h"

namespace sluice {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;

// A refusal that is larger or deeper than this is none of an API's.
constexpr std::size_t kBodyBytesMax = 64 << 10;
constexpr std::size_t kDepthMax = 32;

// "3.5s": JSON's form of google.protobuf.Duration.
std::optional<Duration> ParseDelay(std::string_view text) {
  if (!text.ends_with('s')) return std::nullopt;
  const auto seconds = ParseHeaderNumber(text.substr(0, text.size() - 1));
  return seconds ? WaitOfSeconds(*seconds) : std::nullopt;
}

std::optional<Duration> GoogleDelay(const element& root) {
  array details;
  if (root["error"]["details"].get(details) != simdjson::SUCCESS) return std::nullopt;
  for (const element detail : details) {
    std::string_view type;
    std::string_view delay;
    const bool both = detail["@type"].get(type) == simdjson::SUCCESS &&
                      detail["retryDelay"].get(delay) == simdjson::SUCCESS;
    if (both && type.ends_with("google.rpc.RetryInfo")) return ParseDelay(delay);
  }
  return std::nullopt;
}

// False where `body` is none of an API's.
bool Parse(std::string_view body, simdjson::dom::parser& parser, element& root) {
  return !body.empty() && body.size() <= kBodyBytesMax &&
         parser.allocate(std::max<std::size_t>(body.size(), 64), kDepthMax) == simdjson::SUCCESS &&
         parser.parse(body.data(), body.size()).get(root) == simdjson::SUCCESS;
}

// "RATE_LIMIT_EXCEEDED" and "rateLimitExceeded" alike.
std::string Letters(std::string_view text) {
  std::string letters;
  for (const char c : text) {
    if (c >= 'A' && c <= 'Z') letters += static_cast<char>(c - 'A' + 'a');
    if (c >= 'a' && c <= 'z') letters += c;
  }
  return letters;
}

bool ContainsAny(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::any_of(words.begin(), words.end(), [&](std::string_view word) {
    return text.find(word) != std::string_view::npos;
  });
}

std::optional<LimitKind> LimitInReason(std::string_view reason) {
  constexpr std::string_view kReasons[] = {
      "ratelimitexceeded", "userratelimitexceeded", "quotaexceeded", "ratelimitreached",
      "ratelimited",       "resourceexhausted",     "throttled",     "toomanyrequests"};
  const auto known = std::find(std::begin(kReasons), std::end(kReasons), Letters(reason));
  return known == std::end(kReasons) ? std::nullopt : std::optional(LimitKind::kRate);
}

// "You may not see the rate limits" is a permission, so the limit alone is not enough.
std::optional<LimitKind> LimitInMessage(std::string_view message) {
  const std::string text = Letters(message);
  if (ContainsAny(text, {"secondaryratelimit", "abusedetection"})) return LimitKind::kSecondary;
  if (ContainsAny(text, {"toomanyrequests"})) return LimitKind::kRate;
  const bool limit = ContainsAny(text, {"ratelimit", "requestlimit", "quota"});
  const bool exceeded = ContainsAny(text, {"exceed", "limitreached", "limithit", "ratelimited",
                                           "hittheratelimit", "reachedtherate", "reachedyourrate"});
  return limit && exceeded ? std::optional(LimitKind::kRate) : std::nullopt;
}

std::optional<LimitKind> LimitInError(const element& error) {
  std::optional<LimitKind> found;
  std::string_view text;
  for (const char* key : {"reason", "code", "status", "error", "type"}) {
    if (error[key].get(text) == simdjson::SUCCESS) found = std::max(found, LimitInReason(text));
  }
  for (const char* key : {"message", "error_description", "detail", "error"}) {
    if (error[key].get(text) == simdjson::SUCCESS) found = std::max(found, LimitInMessage(text));
  }
  for (const char* key : {"errors", "details"}) {
    array errors;
    if (error[key].get(errors) != simdjson::SUCCESS) continue;
    for (const element one : errors) {
      if (one.is_object()) found = std::max(found, LimitInError(one));
    }
  }
  return found;
}

}  // namespace

std::optional<LimitKind> LimitInBody(std::string_view body) {
  simdjson::dom::parser parser;
  element root;
  if (!Parse(body, parser, root) || !root.is_object()) return std::nullopt;
  const auto found = LimitInError(root);
  element inner;
  const bool nested = root["error"].get(inner) == simdjson::SUCCESS && inner.is_object();
  return nested ? std::max(found, LimitInError(inner)) : found;
}

std::optional<Duration> WaitInBody(std::string_view body) {
  simdjson::dom::parser parser;
  element root;
  if (!Parse(body, parser, root)) return std::nullopt;
  double seconds = 0;
  if (root["retry_after"].get(seconds) == simdjson::SUCCESS) return WaitOfSeconds(seconds);
  return GoogleDelay(root);
}

}  // namespace sluice
