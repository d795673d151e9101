#include "stages/sources/trakt/trakt_source.h"

#include <utility>

#include "stages/sources/trakt/csv_files.h"
#include "stages/sources/trakt/judge.h"
#include "stages/sources/trakt/reading.h"

namespace sluice::trakt {

TraktSource::TraktSource(TraktOptions options, std::shared_ptr<const Credential> credential)
    : options_(std::move(options)), credential_(std::move(credential)) {}

// Trakt allows 1000 GETs in any five minutes (AUTHED_API_GET_LIMIT). 100 at once and 3 a second
// from then on are never more than that, and most accounts are read within the first 100.
SourceLimits TraktSource::Limits() const {
  return {.base_url = options_.base_url,
          .requests_per_second = 3,
          .burst = 100,
          .operations = {{"account", 1},
                         {"history", 4},
                         {"ratings", 2},
                         {"watchlist", 2},
                         {"collection", 2},
                         {"shows", 4},
                         {"lists", 4},
                         {"comments", 2}}};
}

Opening TraktSource::Open(const LastRun& last) const { return OpenTrakt(last, options_); }

// Whatever the account or the job has no more is gone: nothing refers to what was not listed.
std::vector<Request> TraktSource::RequestsForUnlisted(const DocumentRow& /*document*/) const {
  return {};
}

HttpRequest TraktSource::ToHttp(const Request& request) const {
  HttpRequest http{.method = request.method,
                   .url = options_.base_url + request.target,
                   .headers = {{"Content-Type", "application/json"},
                               {"Accept", "application/json"},
                               {"User-Agent", "sluice/" SLUICE_VERSION},
                               {"trakt-api-key", options_.client_id},
                               {"trakt-api-version", "2"}},
                   .body = request.body};
  if (credential_ == nullptr) return http;
  for (HttpHeader& header : credential_->Headers()) http.headers.push_back(std::move(header));
  return http;
}

Result<Reading> TraktSource::Read(const Request& request, const AnswerView& answer,
                                  WallMs now_ms) const {
  return ReadAnswer(request, answer, options_, now_ms);
}

Verdict TraktSource::Judge(const Request& request, const AnswerView& answer) const {
  return JudgeAnswer(request, answer);
}

std::optional<Reading> TraktSource::ReadRefusal(const Request& request,
                                                const AnswerView& answer) const {
  return ReadRefusedAnswer(request, answer);
}

Result<Rendering> TraktSource::Render(const DocumentRow& document, DocumentInputs& inputs,
                                      TextSink& out) const {
  return RenderFile(document, options_, inputs, out);
}

}  // namespace sluice::trakt
