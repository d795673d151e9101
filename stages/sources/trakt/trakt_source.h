// Trakt as a source: what was watched, rated and listed becomes CSV files that Letterboxd imports.
#pragma once

#include <memory>

#include "stages/http/credential.h"
#include "stages/sources/source.h"
#include "stages/sources/trakt/trakt_options.h"

namespace sluice::trakt {

// Thread-safe: constant after construction. Beside bytes in and values out it reads the system's
// tz database, since dates are those of the account's time zone.
class TraktSource final : public Source {
 public:
  TraktSource(TraktOptions options, std::shared_ptr<const Credential> credential);

  std::string_view name() const override { return "trakt"; }
  SourceLimits Limits() const override;

  Opening Open(const LastRun& last) const override;
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
  const TraktOptions options_;
  const std::shared_ptr<const Credential> credential_;
};

}  // namespace sluice::trakt
