#include "stages/sources/rest/rest_source.h"

#include <fmt/format.h>

#include <utility>

#include "stages/sources/rest/http_request.h"
#include "stages/sources/rest/judge.h"
#include "stages/sources/rest/open.h"
#include "stages/sources/rest/read_page.h"

namespace sluice::rest {
namespace {

std::string Unknown(const Request& request) {
  return fmt::format("the job has no resource '{}'", request.document.value);
}

}  // namespace

RestSource::RestSource(RestSpec spec, std::shared_ptr<const Credential> credential)
    : plan_(MakePlan(std::move(spec))), credential_(std::move(credential)) {}

SourceLimits RestSource::Limits() const {
  SourceLimits limits{.base_url = plan_.spec.base_url,
                      .requests_per_second = plan_.spec.requests_per_second,
                      .burst = plan_.spec.burst};
  for (const PlannedResource& resource : plan_.resources) {
    limits.operations.push_back({resource.spec.name, resource.spec.concurrency});
  }
  return limits;
}

Opening RestSource::Open(const LastRun& last) const { return OpenPlan(plan_, last); }

std::vector<Request> RestSource::RequestsForUnlisted(const DocumentRow& /*document*/) const {
  return {};
}

HttpRequest RestSource::ToHttp(const Request& request) const {
  return ToHttpRequest(plan_, request, credential_.get());
}

Result<Reading> RestSource::Read(const Request& request, const AnswerView& answer,
                                 WallMs /*now_ms*/) const {
  const PlannedResource* resource = plan_.Find(request.document);
  if (resource == nullptr) return Fail(Code::kInvalid, Unknown(request));
  const ResponseFilter* rule = FindRule(resource->spec.error_handler, answer);
  if (rule != nullptr && rule->action == Action::kIgnore) {
    return IgnoredPage(*resource, request, answer);
  }
  if (auto error = JudgeAccepted(resource->spec, rule, answer)) return Fail(std::move(*error));
  return ReadPage(plan_, *resource, request, answer, rule);
}

Verdict RestSource::Judge(const Request& request, const AnswerView& answer) const {
  const PlannedResource* resource = plan_.Find(request.document);
  if (resource == nullptr) return {.code = Code::kInvalid, .message = Unknown(request)};
  return JudgeRefusal(resource->spec, answer);
}

std::optional<Reading> RestSource::ReadRefusal(const Request& request,
                                               const AnswerView& answer) const {
  const PlannedResource* resource = plan_.Find(request.document);
  if (resource == nullptr) return std::nullopt;
  if (const ResponseFilter* rule = FindRule(resource->spec.error_handler, answer)) {
    if (rule->action == Action::kIgnore) return IgnoredPage(*resource, request, answer);
    if (rule->action != Action::kSuccess) return std::nullopt;
    auto reading = ReadPage(plan_, *resource, request, answer, rule);
    return reading ? std::optional(std::move(*reading)) : std::nullopt;
  }
  return RefusedPage(plan_, *resource, request, answer.status);
}

}  // namespace sluice::rest
