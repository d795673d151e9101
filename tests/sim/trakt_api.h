// The read side of the Trakt API over a generated account, as it is since 2026: lists are bare
// arrays of 100 items, at most 250, and say where they are in X-Pagination-* headers.
//
// Thread-safe.
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/sim/api.h"
#include "tests/sim/trakt_oauth.h"
#include "tests/sim/trakt_recordings.h"
#include "tests/sim/trakt_world.h"

namespace sluice::sim {

class TraktApi : public Api {
 public:
  TraktApi(const TraktOptions& options, const TokenOptions& tokens, const DeviceOptions& device)
      : world_(options), oauth_(tokens, device) {}
  // Recorded answers; what was not recorded is that of an account without anything.
  TraktApi(const TraktRecordings& recordings, const TokenOptions& tokens);

  HttpResponse Answer(const HttpRequest& request, const ListFaults& faults) override;
  HttpResponse Refuse(const HttpRequest& request, Refusal reason, int retry_after_s) const override;
  std::string ListOf(std::string_view items) const override;

 private:
  // A list as numbered places.
  struct Source {
    std::uint32_t size = 0;
    std::function<void(JsonOut& out, std::uint32_t place)> write;
    std::uint32_t page_default = 100;
    std::vector<std::pair<std::string, std::string>> headers;  // besides those of the paging
  };
  struct Call {
    const HttpRequest& request;
    std::string section;  // "history"
    std::string kind;     // "movies"
    std::string id;       // of one thing, or a filter: what stands behind the kind
  };

  std::optional<HttpResponse> CheckHeaders(const HttpRequest& request);
  std::optional<HttpResponse> RecordedAnswer(const HttpRequest& request,
                                             const ListFaults& faults) const;
  std::optional<Source> SyncSource(const Call& call);
  std::optional<Source> HistorySource(const Call& call);
  // Counts a request for the movies' history; the play that came in late, if it has by now.
  std::optional<Play> CountedLatePlay();
  std::optional<Source> WatchedSource(const Call& call) const;
  std::optional<Source> RatingsSource(const Call& call) const;
  std::optional<Source> UserSource(const std::vector<std::string_view>& segments) const;
  HttpResponse Page(const HttpRequest& request, const ListFaults& faults,
                    const Source& source) const;

  // Constant after construction.
  TraktWorld world_;
  std::optional<TraktRecordings> recordings_;
  // Own synchronisation.
  TraktOAuth oauth_;
  std::atomic<std::uint32_t> history_requests_{0};
  std::atomic<UnixMs> late_play_ms_{0};  // 0: not yet
};

}  // namespace sluice::sim
