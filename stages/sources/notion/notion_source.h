// Notion as a source: pages become Markdown, databases CSV.
#pragma once

#include "stages/sources/notion/notion_options.h"
#include "stages/sources/source.h"

namespace sluice::notion {

// Thread-safe: constant after construction. Holds the token; only ToHttp() shows it, in a header.
class NotionSource final : public Source {
 public:
  explicit NotionSource(NotionOptions options);

  std::string_view name() const override { return "notion"; }
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
  const NotionOptions options_;
};

// The parts of NotionSource that are neither reading nor rendering.
SourceLimits NotionLimits();
HttpRequest NotionHttpRequest(const Request& request, const NotionOptions& options);

}  // namespace sluice::notion
