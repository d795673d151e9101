#include "stages/sources/notion/notion_source.h"

#include <utility>

#include "stages/sources/notion/judge.h"
#include "stages/sources/notion/reading.h"

namespace sluice::notion {

NotionSource::NotionSource(NotionOptions options) : options_(std::move(options)) {}

SourceLimits NotionSource::Limits() const { return NotionLimits(); }

std::vector<Request> NotionSource::FirstRequests() const { return OpeningRequests(options_); }

std::vector<Request> NotionSource::RequestsForUnlisted(const DocumentRow& document) const {
  return RequestsFor(document);
}

HttpRequest NotionSource::ToHttp(const Request& request) const {
  return NotionHttpRequest(request, options_);
}

Result<Reading> NotionSource::Read(const Request& request, std::string_view body,
                                   WallMs now_ms) const {
  return ReadAnswer(request, body, options_, now_ms);
}

Verdict NotionSource::Judge(const Request& request, int status, std::string_view body) const {
  return JudgeAnswer(request, status, body);
}

std::optional<Reading> NotionSource::ReadRefusal(const Request& request, int status,
                                                 std::string_view body) const {
  return ReadRefusedAnswer(request, status, body, options_);
}

}  // namespace sluice::notion
