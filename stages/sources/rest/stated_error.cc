#include "stages/sources/rest/stated_error.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "stages/json/json_path.h"
#include "stages/sinks/utf8.h"
#include "stages/sources/rest/judge.h"
#include "stages/sources/rest/paginate.h"

namespace sluice::rest {
namespace {

constexpr std::size_t kMembersNamedMax = 8;
constexpr std::size_t kNameBytesMax = 40;

constexpr std::array kErrors = {"error", "errors", "Error", "Errors", "fault", "exception"};
constexpr std::array kVerdicts = {"ok", "success", "Success", "succeeded", "isSuccess"};
constexpr std::array kWords = {"message", "Message", "msg", "detail", "error_message"};
// Where errors say of which kind they are, as a number or a word.
constexpr std::array kKinds = {"error.status",   "error.code",
                               "error.type",     "errors[0].status",
                               "errors[0].code", "errors[0].extensions.code",
                               "error",          "status",
                               "status_code",    "statusCode",
                               "code",           "error_code"};
// Parts of such words, without blanks, dashes, underscores and capitals.
constexpr std::array<std::string_view, 10> kPassing = {
    "ratelimit",   "toomanyrequests",     "throttl",       "slowdown", "timeout",
    "unavailable", "internalservererror", "internalerror", "overload", "servererror"};
constexpr std::array kCounts = {"total",           "count",         "total_count",
                                "totalCount",      "total_results", "totalResults",
                                "totalItems",      "total_items",   "resultSizeEstimate",
                                "totalSize",       "meta.total",    "meta.total_count",
                                "pagination.total"};

std::string Plain(std::string_view text) {
  std::string plain;
  for (const char c : text) {
    if (c >= 'A' && c <= 'Z') {
      plain += static_cast<char>(c - 'A' + 'a');
    } else if (c != ' ' && c != '-' && c != '_' && c != '.') {
      plain += c;
    }
  }
  return plain;
}

template <class List>
bool IsOneOf(std::string_view text, const List& list) {
  return std::find(std::begin(list), std::end(list), text) != std::end(list);
}

bool MeansWell(std::string_view text) {
  constexpr std::array<std::string_view, 8> kGood = {"",     "ok",   "success", "successful",
                                                     "none", "null", "noerror", "noerrors"};
  return IsOneOf(Plain(text), kGood);
}

bool IsNo(const std::optional<JsonValue>& value) {
  return value && value->is_scalar() && Plain(value->text()) == "false";
}

bool IsYes(const std::optional<JsonValue>& value) {
  return value && value->is_scalar() &&
         (Plain(value->text()) == "true" || Plain(value->text()) == "ok" ||
          Plain(value->text()) == "success");
}

// Whether a member called `error` holds one.
bool HoldsAnything(const std::optional<JsonValue>& value) {
  if (!value || value->is_null()) return false;
  if (!value->is_scalar()) return value->size() > 0;
  return !MeansWell(value->text()) && value->text() != "false" && value->text() != "0";
}

std::optional<int> AsStatus(std::string_view text) {
  int status = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), status);
  return parsed.ec == std::errc() && parsed.ptr == text.data() + text.size() ? std::optional(status)
                                                                             : std::nullopt;
}

bool IsPassing(std::string_view kind) {
  if (const auto status = AsStatus(kind)) {
    return *status == 408 || *status == 425 || *status == 429 || (*status >= 500 && *status < 600);
  }
  const std::string plain = Plain(kind);
  return std::any_of(kPassing.begin(), kPassing.end(),
                     [&](std::string_view part) { return plain.find(part) != std::string::npos; });
}

bool HasWords(const JsonValue& body) {
  return std::any_of(kWords.begin(), kWords.end(), [&](const char* name) {
    const auto words = body[name];
    return words && words->type() == JsonValue::Type::kString && !MeansWell(words->text());
  });
}

bool SaysError(const JsonValue& body) {
  const auto holds = [&](const char* name) { return HoldsAnything(body[name]); };
  if (std::any_of(kErrors.begin(), kErrors.end(), holds)) return true;
  if (std::any_of(kVerdicts.begin(), kVerdicts.end(),
                  [&](const char* name) { return IsNo(body[name]); })) {
    return true;
  }
  const auto object = body["object"];
  if (object && object->text() == "error") return true;
  const auto status = body["status"];
  constexpr std::array<std::string_view, 4> kFailed = {"error", "fail", "failed", "failure"};
  return status && IsOneOf(Plain(status->text()), kFailed) && HasWords(body);
}

}  // namespace

std::optional<StatedError> FindStatedError(const JsonValue& body) {
  if (!body.is_object() || !SaysError(body)) return std::nullopt;
  return StatedError{.code = KindOfFailure(body), .words = WordsOf(body)};
}

Code KindOfFailure(const JsonValue& body) {
  const bool passing = std::any_of(kKinds.begin(), kKinds.end(), [&](const char* path) {
    const auto kind = JsonPath::Parse(path)->Find(body);
    return kind && kind->is_scalar() && IsPassing(kind->text());
  });
  return passing ? Code::kTransient : Code::kInvalid;
}

bool HasComplaint(const JsonValue& body) {
  if (!body.is_object() || !HasWords(body)) return false;
  const bool well = std::any_of(kVerdicts.begin(), kVerdicts.end(),
                                [&](const char* name) { return IsYes(body[name]); });
  return !well && !IsYes(body["status"]);
}

bool IsThing(const JsonValue& body, const std::vector<JsonPathText>& primary_key) {
  const auto has = [&](std::string_view path) {
    const auto parsed = JsonPath::Parse(path);
    const auto value = parsed ? parsed->Find(body) : std::nullopt;
    return value && !value->is_null();
  };
  const bool has_key =
      !primary_key.empty() && std::all_of(primary_key.begin(), primary_key.end(), has);
  return has_key || (has("id") && !has("jsonrpc"));  // JSON-RPC's id is the request's
}

std::string DescribeContent(const JsonValue& body) {
  if (body.is_array()) return "a list itself";
  if (body.is_scalar()) return "neither an object nor a list";
  if (body.size() == 0) return "nothing";
  std::string names;
  std::size_t count = 0;
  for (auto member = body.first(); member; member = member->next()) {
    if (++count > kMembersNamedMax) return names + ", ...";
    names += fmt::format("{}'{}'", names.empty() ? "" : ", ",
                         Shorten(std::string(member->key()), kNameBytesMax));
  }
  return names;
}

bool CountsNone(const JsonValue& body, const std::vector<JsonPathText>& total_paths) {
  bool none = false;
  bool some = false;
  const auto look = [&](std::string_view path) {
    const auto parsed = JsonPath::Parse(path);
    const auto count = parsed && !path.empty() ? parsed->Find(body) : std::nullopt;
    if (!count || !count->is_scalar() || !AsCount(count->text())) return;
    (count->text() == "0" ? none : some) = true;
  };
  for (const char* path : kCounts) look(path);
  for (const JsonPathText& path : total_paths) look(path);
  return none && !some;
}

}  // namespace sluice::rest
