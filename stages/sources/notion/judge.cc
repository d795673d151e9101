#include "stages/sources/notion/judge.h"

#include <fmt/format.h>

#include <algorithm>

#include "stages/http/secrets.h"
#include "stages/sinks/utf8.h"
#include "stages/sources/notion/asked.h"
#include "stages/sources/notion/json.h"
#include "stages/sources/notion/trail.h"

namespace sluice::notion {
namespace {

constexpr std::size_t kMessageBytesMax = 200;
// So much of it is looked at: enough for what is cut here never to come into the first
// kMessageBytesMax bytes.
constexpr std::size_t kWordsReadMax = std::size_t{64} << 10;

struct ApiError {
  std::string code;  // "object_not_found"; empty: the body is none of the API's
  std::string message;
};

ApiError ReadError(std::string_view body) {
  const auto document = JsonDocument::Parse(body);
  if (!document) return {};
  const Json json = document->root();
  return {.code = std::string(GetString(json, "code")),
          .message = std::string(GetString(json, "message"))};
}

// Of a 400 the words decide what it means (a cursor that has ended, a database that wants a newer
// version), so one without them is an answer that has not arrived.
Code CodeOf(int status, const ApiError& error) {
  switch (status) {
    case 400:
      return error.code.empty() ? Code::kTransient : Code::kInvalid;
    case 401:
      return Code::kUnauthorized;
    case 404:
      return Code::kNotFound;
    case 408:
    case 409:
      return Code::kTransient;
    case 429:
    case 529:
      return Code::kRateLimited;
    default:
      return status >= 500 || status < 200 ? Code::kTransient : Code::kInvalid;
  }
}

// A refusal, with all that is needed to say what it means.
struct Refusal {
  const Request& request;
  const NotionOptions& options;
  Asked asked;
  Trail trail;
  ApiError error;
  int status;

  // Not there under this name; 400 is what an endpoint answers to an id of another kind.
  bool Absent() const { return status == 404 || status == 400; }
  std::string Words() const {
    return error.code.empty() ? fmt::format("HTTP {}", status)
                              : fmt::format("HTTP {} {}", status, error.code);
  }
};

Request WithTrail(Request request, const Trail& trail) {
  request.context = EncodeTrail(trail);
  request.listing = trail.root;
  return request;
}

Reading Ask(Request request) { return {.requests = {std::move(request)}}; }

Reading Keep(const Refusal& refusal, std::string kind, std::string text) {
  return {.notes = {{refusal.request.document, std::move(kind), std::move(text)}}, .keep = true};
}

// A cursor ends with the API's patience (an hour or a day later, after a resume); the list itself
// can be read again from its beginning.
std::optional<Reading> RestartList(const Refusal& refusal) {
  if (refusal.trail.restarted) return std::nullopt;
  Trail trail = refusal.trail;
  trail.cursors.clear();
  trail.created_last.clear();
  trail.restarted = true;
  Request first = ListRequest(refusal.request, refusal.asked, "", trail.created_from);
  first.context = EncodeTrail(trail);
  return Ask(std::move(first));
}

std::optional<Reading> RefusedChildren(const Refusal& refusal) {
  const Request& request = refusal.request;
  if (refusal.asked.id == request.document.value) {
    return refusal.trail.optional ? std::optional(Reading{.keep = true}) : std::nullopt;
  }
  if (refusal.status == 403) return std::nullopt;
  Reading reading = Keep(refusal, "unreadable",
                         fmt::format("{} cannot be listed ({}); a comment stands in their place",
                                     Describe(request), refusal.Words()));
  const std::string& original = refusal.trail.synced_from;
  if (!original.empty() && original != refusal.asked.id) {
    reading.notes[0].text =
        fmt::format("{} cannot be listed ({}); those of the original {} are asked for",
                    Describe(request), refusal.Words(), original);
    reading.requests.push_back(
        ChildrenRequest(request.document, request.revision, original, "", request.depth));
  }
  return reading;
}

std::optional<Reading> RefusedDatabase(const Refusal& refusal) {
  // The one refusal that hides rows: the database is there and wants a newer version.
  const bool too_new = refusal.error.message.find("multiple data sources") != std::string::npos;
  // A mention or a root may name a data source; a child_database block never does.
  const bool may_be_source = refusal.trail.optional || refusal.trail.root;
  if (refusal.Absent() && !too_new && may_be_source && HasDataSources(refusal.options)) {
    return Ask(WithTrail(DataSourceRequest(refusal.asked.id), refusal.trail));
  }
  if (refusal.trail.root) return std::nullopt;
  if (refusal.trail.optional) return Reading{};
  if (!refusal.Absent() || too_new) return std::nullopt;
  return Reading{.notes = {{refusal.request.document, "linked view",
                            fmt::format("{} is a view of another database or not shared ({})",
                                        Describe(refusal.request), refusal.Words())}}};
}

std::optional<Reading> RefusedPage(const Refusal& refusal) {
  if (refusal.trail.root && refusal.Absent()) {
    return Ask(WithTrail(DatabaseRequest(refusal.asked.id), refusal.trail));
  }
  return refusal.trail.optional ? std::optional(Reading{}) : std::nullopt;
}

std::optional<Reading> RefusedDataSource(const Refusal& refusal) {
  if (refusal.trail.root) return std::nullopt;
  if (refusal.trail.optional) return Reading{};
  if (!refusal.Absent()) return std::nullopt;
  return Reading{.notes = {{refusal.request.document, "linked view",
                            fmt::format("database {} is a view of another database or not shared "
                                        "({})",
                                        refusal.asked.id, refusal.Words())}}};
}

// Closed to the integration as a whole: one note for all pages.
Reading RefusedComments(const Refusal& refusal) {
  if (refusal.status == 403) {
    return {.notes = {{{},
                       "comments",
                       "the integration may not read comments (HTTP 403): give it "
                       "the capability, or take \"comments\" out of `include`"}},
            .keep = true};
  }
  return Keep(refusal, "unreadable",
              fmt::format("{} cannot be read ({})", Describe(refusal.request), refusal.Words()));
}

std::optional<Reading> ReadPermanent(const Refusal& refusal) {
  const bool stale_cursor = refusal.status == 400 && refusal.asked.continued &&
                            refusal.error.code == "validation_error" &&
                            refusal.error.message.find("start_cursor") != std::string::npos;
  if (stale_cursor) return RestartList(refusal);
  switch (refusal.asked.subject) {
    case Subject::kChildren:
      return RefusedChildren(refusal);
    case Subject::kComments:
      return RefusedComments(refusal);
    case Subject::kProperty:
      return Keep(refusal, "truncated",
                  fmt::format("{} cannot be read in full ({}); the values that came with the page "
                              "are exported",
                              Describe(refusal.request), refusal.Words()));
    case Subject::kPage:
      return RefusedPage(refusal);
    case Subject::kDatabase:
      return RefusedDatabase(refusal);
    case Subject::kDataSource:
      return RefusedDataSource(refusal);
    case Subject::kUser:
      return Reading{};
    case Subject::kSearch:
    case Subject::kQuery:
    case Subject::kUnknown:
      break;
  }
  return std::nullopt;
}

}  // namespace

Verdict JudgeAnswer(const Request& request, int status, std::string_view body) {
  const ApiError error = ReadError(body);
  std::string words = fmt::format("HTTP {}", status);
  if (!error.code.empty()) words += " " + error.code;
  if (!error.message.empty()) words += ": " + error.message;
  if (DecodeTrail(request.context).root) {
    words = fmt::format("root {}: {}", ParseRequest(request).id, words);
  }
  words.resize(std::min(words.size(), kWordsReadMax));
  words = KnownSecrets().Redact(std::move(words));
  return {.code = CodeOf(status, error), .message = Shorten(std::move(words), kMessageBytesMax)};
}

std::optional<Reading> ReadRefusedAnswer(const Request& request, int status, std::string_view body,
                                         const NotionOptions& options) {
  const ApiError error = ReadError(body);
  const Code code = CodeOf(status, error);
  if (code != Code::kNotFound && code != Code::kInvalid) return std::nullopt;
  return ReadPermanent({.request = request,
                        .options = options,
                        .asked = ParseRequest(request),
                        .trail = DecodeTrail(request.context),
                        .error = error,
                        .status = status});
}

}  // namespace sluice::notion
