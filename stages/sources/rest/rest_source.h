// Any REST API as a source, as a job file describes it: its resources become JSONL, CSV or SQLite.
//
// A resource is a document without a file that owns rows; a file is a document that is made from
// them. See rest_spec.h for what can be said, stages/README.md for what is guaranteed.
#pragma once

#include <memory>

#include "stages/http/credential.h"
#include "stages/sources/rest/plan.h"
#include "stages/sources/rest/validate.h"
#include "stages/sources/source.h"

namespace sluice::rest {

// Thread-safe: constant after construction; the credential has its own lock. Secrets (the
// credential, RestSpec::query) appear in ToHttp() alone.
class RestSource final : public Source {
 public:
  // REQUIRES: ValidateSpec(spec). `credential` may be null.
  RestSource(RestSpec spec, std::shared_ptr<const Credential> credential);

  std::string_view name() const override { return "rest"; }
  SourceLimits Limits() const override;

  Opening Open(const LastRun& last) const override;
  // Nothing: what a resource gives is known by its list alone.
  std::vector<Request> RequestsForUnlisted(const DocumentRow& document) const override;
  HttpRequest ToHttp(const Request& request) const override;

  Result<Reading> Read(const Request& request, const AnswerView& answer,
                       WallMs now_ms) const override;
  Verdict Judge(const Request& request, const AnswerView& answer) const override;
  std::optional<Reading> ReadRefusal(const Request& request,
                                     const AnswerView& answer) const override;

  Result<Rendering> Render(const DocumentRow& document, DocumentInputs& inputs,
                           TextSink& out) const override;

 private:
  const Plan plan_;
  const std::shared_ptr<const Credential> credential_;
};

}  // namespace sluice::rest
