#include "stages/sources/notion/reading.h"

#include <fmt/format.h>

#include "stages/http/secrets.h"
#include "stages/sources/notion/asked.h"
#include "stages/sources/notion/json.h"
#include "stages/sources/notion/judge.h"
#include "stages/sources/notion/read_list.h"
#include "stages/sources/notion/read_object.h"
#include "stages/sources/notion/references.h"
#include "stages/sources/notion/trail.h"

namespace sluice::notion {
namespace {

// 409 and 529 inside a 200 are as transient as outside; an error that states no status, or that of
// a success, is none of the API's.
Error ReadErrorObject(const Request& request, Json answer, std::string_view body) {
  std::int64_t status = 0;
  const auto field = Get(answer, "status");
  const bool stated = field && field->get_int64().get(status) == simdjson::SUCCESS;
  if (!stated || status < 400 || status > 599) {
    return {Code::kInvalid,
            Describe(request) + ": answer is an error object without a status from 400 to 599"};
  }
  const Verdict verdict = JudgeAnswer(request, static_cast<int>(status), body);
  return {verdict.code, Describe(request) + ": " + verdict.message};
}

bool IsExpected(Subject subject, std::string_view object) {
  switch (subject) {
    case Subject::kPage:
      return object == "page";
    case Subject::kDatabase:
    case Subject::kDataSource:
      return object == "database" || object == "data_source";
    case Subject::kUser:
      return object == "user";
    default:
      return false;
  }
}

// A container answers for its data sources, which hold the rows and must be asked for.
void AskForDataSources(const Request& request, Reading& reading) {
  for (const DocumentUpdate& document : reading.documents) {
    if (!document.object.empty() || document.aliases.empty()) continue;
    reading.requests.push_back(DataSourceRequest(document.id.value));
    reading.requests.back().listing = request.listing;
    reading.requests.back().context = request.context;
  }
}

// What hangs on an optional reference may be refused without harm, too.
void MarkOptional(Reading& reading) {
  for (DocumentUpdate& document : reading.documents) {
    for (Request& request : document.content) request.context = EncodeTrail({.optional = true});
  }
}

Result<Reading> ReadSingle(const Request& request, const Asked& asked, Json answer,
                           const NotionOptions& options, WallMs now_ms) {
  const std::string_view object = GetString(answer, "object");
  if (!IsExpected(asked.subject, object)) {
    return Fail(
        Code::kInvalid,
        fmt::format("{}: answer is something else: its `object` is \"{}\"", Describe(request),
                    KnownSecrets().Redact(std::string(object)).substr(0, 40)));
  }
  Reading reading;
  if (!ReadObject(answer, options, now_ms, reading)) {
    return Fail(Code::kInvalid, Describe(request) + ": answer has no valid `id`");
  }
  AskForDataSources(request, reading);
  if (DecodeTrail(request.context).optional) MarkOptional(reading);
  Tidy(reading);
  return reading;
}

bool IsList(Subject subject) {
  return subject == Subject::kSearch || subject == Subject::kQuery ||
         subject == Subject::kChildren || subject == Subject::kComments ||
         subject == Subject::kProperty;
}

}  // namespace

Result<Reading> ReadAnswer(const Request& request, BodyView body, const NotionOptions& options,
                           WallMs now_ms) {
  const auto document = ParsedAnswer::Parse(body);
  if (!document) {
    return Fail(document.error().code, Describe(request) + ": " + document.error().message);
  }
  const Json answer = document->root();
  if (GetString(answer, "object") == "error") return Fail(ReadErrorObject(request, answer, body));
  const Asked asked = ParseRequest(request);
  if (asked.subject == Subject::kUnknown) {
    return Fail(Code::kFatal, Describe(request) + ": no request that this source makes");
  }
  return IsList(asked.subject) ? ReadList(request, asked, *document, options, now_ms)
                               : ReadSingle(request, asked, answer, options, now_ms);
}

std::vector<Request> OpeningRequests(const NotionOptions& options) {
  if (options.roots.empty()) return {SearchRequest("")};
  std::vector<Request> requests;
  for (const std::string& root : options.roots) {
    const std::string id = DashedId(root);
    // What is no id is the API's to refuse: its answer then names the root.
    Request request = PageRequest(id.empty() ? root : id);
    request.listing = true;
    request.context = EncodeTrail({.root = true});
    requests.push_back(std::move(request));
  }
  return requests;
}

std::vector<Request> RequestsFor(const DocumentRow& document) {
  constexpr std::string_view kUserPrefix = "user:";
  Request request;
  if (document.kind == "user" && document.id.value.size() > kUserPrefix.size()) {
    request = UserRequest(document.id.value.substr(kUserPrefix.size()));
  } else if (document.kind == "database") {
    request = DatabaseRequest(document.id.value);
  } else if (document.kind == "page") {
    request = PageRequest(document.id.value);
  } else {
    return {};
  }
  request.context = EncodeTrail({.optional = document.optional});
  request.depth = 1;  // ahead of what is at the top: a whole page may hang from the answer
  return {std::move(request)};
}

}  // namespace sluice::notion
