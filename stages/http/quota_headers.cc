#include "stages/http/quota_headers.h"

#include <simdjson.h>

#include <algorithm>
#include <limits>
#include <map>
#include <string>
#include <string_view>

#include "stages/http/quota_values.h"

namespace sluice {
namespace {

// One limit among those that an answer describes.
struct Bucket {
  std::optional<double> limit;
  std::optional<double> remaining;
  std::optional<Duration> reset_after;
  std::optional<Duration> window;
};

// The last one may have been too few for the request, or been taken meanwhile.
constexpr double kLeftOverMax = 1;
constexpr Duration kSoon = std::chrono::minutes(1);

// By what follows the family's name: "" for the only one, "minute", "requests", a policy's name.
using Buckets = std::map<std::string, Bucket, std::less<>>;

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

// One spelling for all: "X-Rate-Limit-Remaining" -> "ratelimit-remaining".
std::string FamilyName(std::string_view header_name) {
  std::string name = Lower(header_name);
  if (name.starts_with("x-")) name.erase(0, 2);
  if (name.starts_with("rate-limit")) name.erase(4, 1);
  return name;
}

// Removes `prefix` ("ratelimit-limit") and the hyphen behind it; false where `name` is another.
bool TakePrefix(std::string_view& name, std::string_view prefix) {
  if (!name.starts_with(prefix)) return false;
  name.remove_prefix(prefix.size());
  if (name.empty()) return true;
  if (name.front() != '-') return false;
  name.remove_prefix(1);
  return true;
}

std::optional<Duration> WindowOfSuffix(std::string_view suffix) {
  if (suffix == "second") return std::chrono::seconds(1);
  if (suffix == "minute") return std::chrono::minutes(1);
  if (suffix == "hour") return std::chrono::hours(1);
  if (suffix == "day") return std::chrono::hours(24);
  return std::nullopt;
}

// Pieces of `text` between separators that stand outside quoted strings. Empty where a quote is
// left open: such a field is malformed and ignored as a whole (RFC 9651 section 4.2).
std::vector<std::string_view> SplitOutsideQuotes(std::string_view text, char separator) {
  std::vector<std::string_view> pieces;
  bool quoted = false;
  std::size_t start = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (quoted && text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      quoted = !quoted;
    } else if (text[i] == separator && !quoted) {
      pieces.push_back(TrimSpace(text.substr(start, i - start)));
      start = i + 1;
    }
  }
  if (quoted) return {};
  pieces.push_back(TrimSpace(text.substr(start)));
  return pieces;
}

// `key=value` of any draft: l, q, limit, total; r, remaining; t, reset, resets; w.
void SetParameter(Bucket& bucket, std::string_view parameter, WallMs now_ms) {
  const auto equals = parameter.find('=');
  if (equals == std::string_view::npos) return;
  const std::string key = Lower(TrimSpace(parameter.substr(0, equals)));
  const std::string_view value = parameter.substr(equals + 1);
  if (key == "q" || key == "l" || key == "limit" || key == "total") {
    bucket.limit = ParseHeaderNumber(value);
  } else if (key == "r" || key == "remaining") {
    bucket.remaining = ParseHeaderNumber(value);
  } else if (key == "t" || key == "reset" || key == "resets") {
    bucket.reset_after = ParseWait(value, WaitUnit::kSeconds, now_ms);
  } else if (key == "w") {
    bucket.window = ParseWait(value, WaitUnit::kSeconds, now_ms);
  }
}

// RateLimit and RateLimit-Policy: `"default";r=50;t=30`, `default;r=0, t=10` (a comma by mistake,
// as met in the wild), `limit=100, remaining=50, reset=30`, `100;w=60, 10000;w=86400`.
void ParseItems(std::string_view text, Buckets& buckets, WallMs now_ms) {
  Bucket* bucket = &buckets[""];
  for (const std::string_view item : SplitOutsideQuotes(text, ',')) {
    const auto parts = SplitOutsideQuotes(item, ';');
    std::size_t first_parameter = 0;
    if (!parts.empty() &&
        (parts[0].starts_with('"') || parts[0].find('=') == std::string_view::npos)) {
      first_parameter = 1;
      const auto number = ParseHeaderNumber(parts[0]);
      bucket = &buckets[number ? "quota " + std::string(parts[0]) : std::string(parts[0])];
      if (number) bucket->limit = number;
    }
    for (std::size_t i = first_parameter; i < parts.size(); ++i) {
      SetParameter(*bucket, parts[i], now_ms);
    }
  }
}

// Trakt: {"name":"...","period":300,"limit":1000,"remaining":0,"until":"2020-10-10T00:24:00Z"}
void ParseTrakt(std::string_view text, Bucket& bucket, WallMs now_ms) {
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  if (parser.allocate(std::max<std::size_t>(text.size(), 64), 16) != simdjson::SUCCESS) return;
  if (parser.parse(text.data(), text.size()).get(object) != simdjson::SUCCESS) return;
  double number = 0;
  std::string_view until;
  if (object["limit"].get(number) == simdjson::SUCCESS && number >= 0) bucket.limit = number;
  if (object["remaining"].get(number) == simdjson::SUCCESS && number >= 0)
    bucket.remaining = number;
  if (object["period"].get(number) == simdjson::SUCCESS && number >= 0 && number < 1e8) {
    bucket.window = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(number));
  }
  if (object["until"].get(until) == simdjson::SUCCESS) {
    bucket.reset_after = ParseWait(until, WaitUnit::kSeconds, now_ms);
  }
}

// Shopify: "32/40" is 32 of 40 used.
void ParseUsedOfSize(std::string_view text, Bucket& bucket) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return;
  const auto used = ParseHeaderNumber(text.substr(0, slash));
  const auto size = ParseHeaderNumber(text.substr(slash + 1));
  if (!used || !size) return;
  bucket.limit = size;
  bucket.remaining = std::max(0.0, *size - *used);
}

// Old three-field form: `100`, or `100, 100;w=60` where the first is the limit in force.
void ParseLimit(std::string_view value, Bucket& bucket, WallMs now_ms) {
  const auto items = SplitOutsideQuotes(value, ',');
  if (items.empty()) return;
  for (const std::string_view item : items) {
    const auto parts = SplitOutsideQuotes(item, ';');
    const auto quota = parts.empty() ? std::nullopt : ParseHeaderNumber(parts[0]);
    if (!quota || (bucket.limit && bucket.limit != quota)) continue;
    bucket.limit = quota;
    for (std::size_t i = 1; i < parts.size(); ++i) SetParameter(bucket, parts[i], now_ms);
  }
}

// `76` or `76;w=21600` (Docker Hub).
std::string_view BeforeParameters(std::string_view value) {
  return value.substr(0, value.find(';'));
}

void ParseCounter(std::string_view name, std::string_view value, Buckets& buckets, WallMs now_ms) {
  if (name == "ratelimit") {
    if (value.starts_with('{')) return ParseTrakt(value, buckets[""], now_ms);
    if (const auto number = ParseHeaderNumber(value))
      buckets[""].limit = number;
    else
      ParseItems(value, buckets, now_ms);
  } else if (name == "ratelimit-policy") {
    ParseItems(value, buckets, now_ms);
  } else if (TakePrefix(name, "ratelimit-limit")) {
    Bucket& bucket = buckets[std::string(name)];
    if (const auto window = WindowOfSuffix(name)) bucket.window = window;
    ParseLimit(value, bucket, now_ms);
  } else if (TakePrefix(name, "ratelimit-remaining")) {
    Bucket& bucket = buckets[std::string(name)];
    if (const auto window = WindowOfSuffix(name)) bucket.window = window;
    bucket.remaining = ParseHeaderNumber(BeforeParameters(value));
  } else if (name == "ratelimit-resettime" || TakePrefix(name, "ratelimit-reset-after")) {
    const bool absolute = name == "ratelimit-resettime";
    // Named more exactly than a plain reset, so it replaces one that came before.
    buckets[absolute ? "" : std::string(name)].reset_after =
        ParseWait(value, WaitUnit::kSeconds, now_ms);
  } else if (TakePrefix(name, "ratelimit-reset")) {
    Bucket& bucket = buckets[std::string(name)];
    if (!bucket.reset_after) {
      bucket.reset_after = ParseWait(BeforeParameters(value), WaitUnit::kSeconds, now_ms);
    }
  } else if (TakePrefix(name, "zendesk-ratelimit")) {
    for (const auto part : SplitOutsideQuotes(value, ';')) {
      SetParameter(buckets["zendesk " + std::string(name)], part, now_ms);
    }
  } else if (name == "hubspot-ratelimit-max") {
    buckets["hubspot"].limit = ParseHeaderNumber(value);
  } else if (name == "hubspot-ratelimit-remaining") {
    buckets["hubspot"].remaining = ParseHeaderNumber(value);
  } else if (name == "hubspot-ratelimit-interval-milliseconds") {
    buckets["hubspot"].window = ParseWait(value, WaitUnit::kMilliseconds, now_ms);
  } else if (name == "shopify-shop-api-call-limit") {
    ParseUsedOfSize(value, buckets["shopify"]);
  }
}

// Requests left per second of waiting; fewer is tighter.
double Ease(const Bucket& bucket) {
  if (!bucket.remaining) return std::numeric_limits<double>::infinity();
  const Duration time =
      bucket.reset_after.value_or(bucket.window.value_or(std::chrono::seconds(1)));
  return *bucket.remaining / std::max(1e-3, std::chrono::duration<double>(time).count());
}

bool IsTighter(const Bucket& a, const Bucket& b) {
  const bool a_spent = a.remaining == 0.0;
  const bool b_spent = b.remaining == 0.0;
  if (a_spent != b_spent) return a_spent;
  if (a_spent) return a.reset_after.value_or(Duration(0)) > b.reset_after.value_or(Duration(0));
  if (Ease(a) != Ease(b)) return Ease(a) < Ease(b);
  if (a.limit.has_value() != b.limit.has_value()) return a.limit.has_value();
  return a.reset_after.has_value() && !b.reset_after.has_value();
}

// The old three-field form names the window in RateLimit-Policy alone: `100;w=60, 10000;w=86400`.
std::optional<Duration> WindowOfPolicy(const Buckets& buckets, double limit) {
  for (const auto& [name, bucket] : buckets) {
    if (name.starts_with("quota ") && bucket.limit == limit) return bucket.window;
  }
  return std::nullopt;
}

// "5, 7" is what two header lines become on the way; whoever wrote them meant the later one too.
std::optional<Duration> ParseRetryAfter(std::string_view text, WaitUnit unit, WallMs now_ms) {
  if (const auto wait = ParseWait(text, unit, now_ms)) return wait;
  std::optional<Duration> longest;
  for (const auto part : SplitOutsideQuotes(text, ',')) {
    const auto number = ParseHeaderNumber(part);
    const auto wait = number ? ParseWait(part, unit, now_ms) : std::nullopt;
    if (!wait) return std::nullopt;
    longest = std::max(longest, wait);
  }
  return longest;
}

const std::string* Find(const std::vector<HttpHeader>& headers, std::string_view lower_name) {
  const auto found = std::find_if(headers.begin(), headers.end(), [&](const HttpHeader& header) {
    return Lower(header.name) == lower_name;
  });
  return found == headers.end() ? nullptr : &found->value;
}

}  // namespace

QuotaHint ParseQuota(const std::vector<HttpHeader>& headers, WallMs wall_now_ms) {
  const std::string* const date = Find(headers, "date");
  const WallMs now_ms =
      date == nullptr ? wall_now_ms : ParseInstant(*date, wall_now_ms).value_or(wall_now_ms);
  const std::string* const age = Find(headers, "age");
  const bool stale = age != nullptr && ParseHeaderNumber(*age).value_or(0) > 0;

  std::optional<Duration> after_ms;
  std::optional<Duration> after;
  Buckets buckets;
  for (const HttpHeader& header : headers) {
    const std::string name = FamilyName(header.name);
    const std::string_view value = TrimSpace(header.value);
    if (name == "retry-after-ms" || name == "ms-retry-after-ms") {
      after_ms = std::max(after_ms, ParseRetryAfter(value, WaitUnit::kMilliseconds, now_ms));
    } else if (name == "retry-after") {
      after = std::max(after, ParseRetryAfter(value, WaitUnit::kSeconds, now_ms));
    } else if (!stale) {
      ParseCounter(name, value, buckets, now_ms);
    }
  }
  Bucket tightest;
  for (const auto& [name, bucket] : buckets) {
    if (IsTighter(bucket, tightest)) tightest = bucket;
  }
  if (!tightest.window && tightest.limit)
    tightest.window = WindowOfPolicy(buckets, *tightest.limit);
  return {.retry_after = after_ms ? after_ms : after,
          .limit = tightest.limit,
          .remaining = tightest.remaining,
          .reset_after = tightest.reset_after,
          .window = tightest.window};
}

std::optional<Duration> WaitAskedFor(const QuotaHint& hint) {
  if (hint.retry_after) return hint.retry_after;
  return hint.remaining == 0.0 ? hint.reset_after : std::nullopt;
}

std::optional<Duration> WaitAfterRefusal(const QuotaHint& hint) {
  if (hint.retry_after) return hint.retry_after;
  const bool another = hint.remaining.value_or(0) > kLeftOverMax && hint.reset_after > kSoon;
  return another ? std::nullopt : hint.reset_after;
}

}  // namespace sluice
