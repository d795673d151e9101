#include "stages/sources/trakt/judge.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "stages/http/secrets.h"
#include "stages/sinks/utf8.h"
#include "stages/sources/trakt/film.h"
#include "stages/sources/trakt/reading.h"

namespace sluice::trakt {
namespace {

constexpr std::size_t kWordsBytesMax = 200;
// So much of them is looked at: enough for what is cut here never to come into the first
// kWordsBytesMax bytes.
constexpr std::size_t kWordsReadMax = std::size_t{64} << 10;
// "Service Unavailable - server overloaded (try again in 30s)": Trakt API reference, status codes.
constexpr std::chrono::seconds kOverloaded(30);

struct Meaning {
  int status;
  Code code;
  std::string_view text;  // what it means and what to do
};

constexpr Meaning kMeanings[] = {
    {400, Code::kInvalid, "Trakt does not understand the request"},
    {401, Code::kUnauthorized,
     "Trakt refuses the token: run `sluice auth trakt`, or set trakt.token to a valid one"},
    {403, Code::kUnauthorized,
     "Trakt refuses the application: check trakt.client_id against the app at "
     "https://trakt.tv/oauth/applications (a new app may wait for its approval)"},
    {404, Code::kNotFound, "is not there"},
    {408, Code::kTransient, "timed out"},
    {409, Code::kTransient, "conflicts with a change that is under way"},
    {412, Code::kInvalid,
     "Trakt misses its own headers (Content-Type, trakt-api-version): a proxy on the way may "
     "remove them"},
    {420, Code::kInvalid,
     "the account has reached a limit of Trakt: remove items there, or upgrade it"},
    {422, Code::kInvalid, "Trakt refuses the values of the request"},
    {423, Code::kUnauthorized,
     "the Trakt account is locked or deactivated: nothing can be read until Trakt's support "
     "(support@trakt.tv) has opened it"},
    {426, Code::kInvalid,
     "only VIP members may ask for this: upgrade the account, or take the section out of "
     "trakt.include"},
    {429, Code::kRateLimited, "too many requests"},
    {500, Code::kTransient, "Trakt failed"},
    {502, Code::kTransient, "Trakt is overloaded"},
    {503, Code::kTransient, "Trakt is overloaded"},
    {504, Code::kTransient, "Trakt is overloaded"},
};

constexpr Meaning kNotTrakts{
    403, Code::kTransient,
    "an HTML page, of Cloudflare or of a proxy on the way, refuses the request; if that lasts, "
    "open https://trakt.tv from this machine's network, and check trakt.client_id"};

Meaning MeaningOf(int status) {
  const auto* const found = std::ranges::find(kMeanings, status, &Meaning::status);
  if (found != std::end(kMeanings)) return *found;
  if (status == 529) return {status, Code::kRateLimited, "Trakt is overloaded"};
  if (status >= 520) return {status, Code::kTransient, "Cloudflare cannot reach Trakt"};
  return {status, status >= 500 ? Code::kTransient : Code::kInvalid, "Trakt refuses the request"};
}

// Without secrets, printable and short; cut between characters.
std::string ShortWords(std::string_view text) {
  std::string words;
  for (const char c : KnownSecrets().Redact(std::string(text.substr(0, kWordsReadMax))))
    words.push_back(static_cast<unsigned char>(c) < ' ' ? ' ' : c);
  return Shorten(std::move(words), kWordsBytesMax);
}

// "invalid_grant: The provided authorization grant is invalid"; empty where the body has no words.
std::string WordsOf(std::string_view body) {
  const auto json = RawJson::Parse(body);
  if (!json) return {};
  std::string words;
  for (const std::string_view key : {"error", "error_description", "message"}) {
    const std::string text = TextAt(json->root(), key);
    if (!text.empty()) words += (words.empty() ? "" : ": ") + text;
  }
  return ShortWords(words);
}

// What Trakt says about the account in headers.
std::string HeaderWords(const AnswerView& answer) {
  std::string words;
  for (const std::string_view name : {"X-Account-Limit", "X-VIP-User", "X-Account-Locked",
                                      "X-Account-Deactivated", "X-Upgrade-URL"}) {
    const std::string* value = answer.Header(name);
    if (value != nullptr) words += fmt::format(", {}: {}", name, ShortWords(*value));
  }
  return words;
}

// An error page of Cloudflare or of a proxy. Trakt's own word on an application is no HTML.
bool IsHtml(std::string_view body) {
  const std::size_t begin = body.find_first_not_of(" \t\r\n");
  return begin != std::string_view::npos && body[begin] == '<';
}

bool SaysOverloaded(int status) { return status == 502 || status == 503 || status == 504; }

}  // namespace

Verdict JudgeAnswer(const Request& request, const AnswerView& answer) {
  const Meaning meaning =
      answer.status == 403 && IsHtml(answer.body) ? kNotTrakts : MeaningOf(answer.status);
  std::string message =
      fmt::format("HTTP {} to {}: {}", answer.status, Describe(request), meaning.text);
  if (const std::string words = WordsOf(answer.body); !words.empty()) {
    message += fmt::format(" (it says: {})", words);
  }
  Verdict verdict{.code = meaning.code, .message = message + HeaderWords(answer)};
  verdict.renewable = answer.status == 401;
  if (SaysOverloaded(answer.status)) verdict.delay = kOverloaded;
  return verdict;
}

std::optional<Reading> ReadRefusedAnswer(const Request& request, const AnswerView& answer) {
  const bool of_list = request.document.value.starts_with(kListItems.id);
  if (!of_list || answer.status != 404) return std::nullopt;
  return Reading{
      .notes = {{request.document, "gone",
                 fmt::format("{}: the list is not there any more (HTTP 404)", Describe(request))}}};
}

}  // namespace sluice::trakt
