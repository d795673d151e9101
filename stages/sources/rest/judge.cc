#include "stages/sources/rest/judge.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "stages/http/quota_values.h"
#include "stages/http/secrets.h"
#include "stages/json/json_path.h"
#include "stages/sinks/utf8.h"

namespace sluice::rest {
namespace {

// What an answer says about itself stands at its beginning; a long one is no error.
constexpr std::size_t kJudgedBytesMax = std::size_t{256} << 10;

constexpr int kAccepted = 202;
constexpr std::size_t kWordsMax = 200;
// So much of an API's words is looked at; what is cut here does not come into the first kWordsMax.
constexpr std::size_t kWordsReadMax = std::size_t{64} << 10;
constexpr double kSecondsMax = 365.0 * 86'400;  // a server that says more is broken

constexpr std::array kMessagePaths = {"error.message", "message", "error_description", "detail",
                                      "error",         "title",   "errors[0].message", "errors[0]"};

// What an API says may quote what it was sent.
std::string OneLine(std::string_view text) {
  std::string line;
  for (const char c : KnownSecrets().Redact(std::string(text.substr(0, kWordsReadMax)))) {
    const bool blank = static_cast<unsigned char>(c) <= ' ';
    if (!blank) line += c;
    if (blank && !line.empty() && line.back() != ' ') line += ' ';
  }
  if (line.ends_with(' ')) line.pop_back();
  // Nearly all of it was blank, so its end would be shown.
  if (text.size() > kWordsReadMax && line.size() <= kWordsMax) return {};
  return Shorten(std::move(line), kWordsMax);
}

std::string TitleOf(std::string_view html) {
  const std::size_t begin = html.find("<title");
  const std::size_t text = begin == std::string_view::npos ? begin : html.find('>', begin);
  const std::size_t end = text == std::string_view::npos ? text : html.find("</", text);
  if (end == std::string_view::npos) return "an HTML page";
  return std::string(html.substr(text + 1, end - text - 1));
}

Code CodeOf(int status) {
  switch (status) {
    case 401:
      return Code::kUnauthorized;
    case 404:
      return Code::kNotFound;
    case 408:
    case 409:
    case 425:
      return Code::kTransient;
    case 429:
    case 529:
      return Code::kRateLimited;
    default:
      return status >= 500 || status < 200 ? Code::kTransient : Code::kInvalid;
  }
}

Code CodeOf(Action action) {
  switch (action) {
    case Action::kRetry:
      return Code::kTransient;
    case Action::kRateLimited:
      return Code::kRateLimited;
    case Action::kRefreshTokenThenRetry:
      return Code::kUnauthorized;
    case Action::kSuccess:
    case Action::kIgnore:
    case Action::kFail:
      break;
  }
  return Code::kInvalid;
}

std::string MessageOf(const ResponseFilter* rule, const AnswerView& answer) {
  std::string words = rule != nullptr ? rule->error_message : "";
  if (words.empty()) words = WordsOf(answer.body);
  return words.empty() ? fmt::format("HTTP {}", answer.status)
                       : fmt::format("HTTP {}: {}", answer.status, words);
}

bool Matches(const ResponseFilter& rule, const AnswerView& answer) {
  const auto& codes = rule.http_codes;
  if (!codes.empty() && std::find(codes.begin(), codes.end(), answer.status) == codes.end()) {
    return false;
  }
  const bool bare = rule.error_message_contains.empty() && rule.header.empty();
  if (codes.empty() && bare && answer.status / 100 == 2) return false;
  if (answer.body.text().substr(0, kJudgedBytesMax).find(rule.error_message_contains) ==
      std::string_view::npos)
    return false;
  if (rule.header.empty()) return true;
  const std::string* value = answer.Header(rule.header);
  return value != nullptr && value->find(rule.header_contains) != std::string::npos;
}

// A server's instants are read against its own clock; without one they say nothing.
std::optional<Duration> WaitIn(const Backoff& backoff, const AnswerView& answer) {
  const std::string* value = answer.Header(backoff.header);
  if (value == nullptr) return std::nullopt;
  if (backoff.type == Backoff::Type::kWaitTimeFromHeader) {
    if (const auto seconds = ParseHeaderNumber(*value); seconds && *seconds < kSecondsMax) {
      return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(*seconds));
    }
  }
  const std::string* date = answer.Header("Date");
  const auto now = date != nullptr ? ParseInstant(*date, 0) : std::nullopt;
  return now ? ParseWait(*value, WaitUnit::kSeconds, *now) : std::nullopt;
}

// The first strategy that has something to say.
std::optional<Duration> DelayBy(const ErrorHandler& handler, const AnswerView& answer,
                                const Backoff*& used) {
  for (const Backoff& backoff : handler.backoff_strategies) {
    used = &backoff;
    switch (backoff.type) {
      case Backoff::Type::kConstant:
        return backoff.time;
      case Backoff::Type::kExponential:
        return std::nullopt;
      case Backoff::Type::kWaitTimeFromHeader:
      case Backoff::Type::kWaitUntilTimeFromHeader:
        if (const auto wait = WaitIn(backoff, answer)) return wait;
    }
  }
  return std::nullopt;
}

}  // namespace

const ResponseFilter* FindRule(const ErrorHandler& handler, const AnswerView& answer) {
  const auto found =
      std::find_if(handler.response_filters.begin(), handler.response_filters.end(),
                   [&](const ResponseFilter& rule) { return Matches(rule, answer); });
  return found == handler.response_filters.end() ? nullptr : &*found;
}

Verdict JudgeRefusal(const Resource& resource, const AnswerView& answer) {
  const ResponseFilter* rule = FindRule(resource.error_handler, answer);
  Verdict verdict{.code = rule != nullptr ? CodeOf(rule->action) : CodeOf(answer.status),
                  .message = fmt::format("{}: {}", resource.name, MessageOf(rule, answer))};
  if (verdict.code != Code::kTransient && verdict.code != Code::kRateLimited) return verdict;
  const Backoff* used = nullptr;
  verdict.delay = DelayBy(resource.error_handler, answer, used);
  if (verdict.delay && used->max_waiting_time && *verdict.delay > *used->max_waiting_time) {
    verdict.code = Code::kInvalid;
    verdict.message +=
        fmt::format("; the API wants {} s of waiting, more than max_waiting_time_in_seconds",
                    std::chrono::ceil<std::chrono::seconds>(*verdict.delay).count());
    verdict.delay.reset();
  }
  return verdict;
}

std::optional<Error> JudgeAccepted(const Resource& resource, const ResponseFilter* rule,
                                   const AnswerView& answer) {
  if (rule == nullptr && answer.status == kAccepted) {
    return Error{Code::kTransient,
                 fmt::format("{}: HTTP 202: the API is still making the answer", resource.name)};
  }
  if (rule == nullptr || rule->action == Action::kSuccess) return std::nullopt;
  return Error{CodeOf(rule->action), fmt::format("{}: {}", resource.name, MessageOf(rule, answer))};
}

std::string WordsOf(std::string_view body) {
  const std::size_t begin = body.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  if (body[begin] == '<') return OneLine(TitleOf(body));
  const auto json = RawJson::Parse(body);
  return json ? WordsOf(json->root()) : "";
}

std::string WordsOf(const JsonValue& body) {
  if (body.type() == JsonValue::Type::kString) return OneLine(body.text());
  for (const char* path : kMessagePaths) {
    const auto words = JsonPath::Parse(path)->Find(body);
    if (words && words->type() == JsonValue::Type::kString) return OneLine(words->text());
  }
  return {};
}

}  // namespace sluice::rest
