#include "stages/sources/notion/notion_source.h"

#include <utility>

#include "stages/sources/notion/judge.h"
#include "stages/sources/notion/reading.h"

namespace sluice::notion {

NotionSource::NotionSource(NotionOptions options) : options_(std::move(options)) {}

SourceLimits NotionSource::Limits() const {
  SourceLimits limits = NotionLimits();
  limits.base_url = options_.base_url;
  return limits;
}

Opening NotionSource::Open(const LastRun& /*last*/) const {
  return {.requests = OpeningRequests(options_)};
}

std::vector<Request> NotionSource::RequestsForUnlisted(const DocumentRow& document) const {
  return RequestsFor(document);
}

HttpRequest NotionSource::ToHttp(const Request& request) const {
  return NotionHttpRequest(request, options_);
}

Result<Reading> NotionSource::Read(const Request& request, const AnswerView& answer,
                                   WallMs now_ms) const {
  return ReadAnswer(request, answer.body, options_, now_ms);
}

Verdict NotionSource::Judge(const Request& request, const AnswerView& answer) const {
  return JudgeAnswer(request, answer.status, answer.body);
}

std::optional<Reading> NotionSource::ReadRefusal(const Request& request,
                                                 const AnswerView& answer) const {
  return ReadRefusedAnswer(request, answer.status, answer.body, options_);
}

}  // namespace sluice::notion
