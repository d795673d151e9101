#include "stages/http/quota_body.h"

#include <simdjson.h>

#include <algorithm>

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

}  // namespace

std::optional<Duration> WaitInBody(std::string_view body) {
  if (body.empty() || body.size() > kBodyBytesMax) return std::nullopt;
  simdjson::dom::parser parser;
  element root;
  if (parser.allocate(std::max<std::size_t>(body.size(), 64), kDepthMax) != simdjson::SUCCESS ||
      parser.parse(body.data(), body.size()).get(root) != simdjson::SUCCESS) {
    return std::nullopt;
  }
  double seconds = 0;
  if (root["retry_after"].get(seconds) == simdjson::SUCCESS) return WaitOfSeconds(seconds);
  return GoogleDelay(root);
}

}  // namespace sluice
