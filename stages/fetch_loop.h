// What runs behind Fetch on the transport's loop thread: the queues, and what an answer means.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "stages/fetch.h"
#include "stages/http/quota_headers.h"
#include "storage/base/guarded.h"

namespace sluice {

// Everything runs on the loop thread, but for Snapshot() and ExportState(). Shared with every
// callback that it starts, so that none outlives it.
class FetchLoop : public std::enable_shared_from_this<FetchLoop> {
 public:
  FetchLoop(const Source& source, Transport& transport, const Clock& clock, FetchOptions options,
            std::uint64_t seed);

  void Start(Request request, int attempt, Validators validators,
             std::function<void(FetchResult)> done);
  void Stop();
  FetchStats Snapshot() const {
    return stats_.With([](const FetchStats& s) { return s; });
  }
  FetchState ExportState() const {
    return state_.With([](const FetchState& s) { return s; });
  }
  void ImportState(const FetchState& state);

  Transport& transport() { return transport_; }

 private:
  struct Host;
  struct Job {
    Request request;
    int attempt = 1;
    Validators validators;
    std::function<void(FetchResult)> done;
    std::uint64_t order = 0;  // of arrival
    bool sent_before = false;
    std::int64_t version = 0;   // of the credential that it was last sent with
    bool unauthorized = false;  // was answered 401 before
    std::optional<std::int64_t> accepted_at_refusal;  // Host::accepted then, of the last one
    int refused_alone = 0;                            // so often while others were accepted
    Host* host = nullptr;
    ConcurrencyLimit* limit = nullptr;
  };
  using JobPtr = std::shared_ptr<Job>;
  struct Host {
    RateLimiter limiter;
    CircuitBreaker breaker;
    std::map<std::string, std::deque<JobPtr>, std::less<>> waiting;  // by operation
    std::optional<SteadyTime> refused_since;                         // no acceptance since then
    std::int64_t accepted = 0;
    int secondary_refusals = 0;  // without a time, since the last acceptance
    SteadyTime timer_due = SteadyTime::max();
  };
  // Of the credential: one for all requests, which wait meanwhile.
  struct Renewal {
    enum class Step { kNone, kDue, kOnWire };
    Step step = Step::kNone;
    int attempt = 1;
    SteadyTime not_before{};                          // of the next attempt
    std::optional<SteadyTime> waits_for_other_since;  // process, that holds the token
    bool unused = false;          // a new token with which nothing has been sent
    std::optional<Fatal> failed;  // for good
  };
  struct Ticket {
    Permit permit;
    CircuitBreaker::Generation generation;
    ConcurrencyLimit::Start start;
  };

  Host& HostOf(const std::string& url);
  ConcurrencyLimit& LimitOf(const std::string& operation);
  void PumpAll();
  void Pump(Host& host);
  std::deque<JobPtr>* NextQueue(Host& host);
  void WaitUntil(Host& host, SteadyTime time);
  void HandBackAll(Host& host, Duration wait);
  void AnswerWaiting(Host& host, const FetchResult& result);
  HttpRequest ToWire(Job& job);
  void Send(Host& host, JobPtr job, Permit permit);
  void CountSent(int requests);
  void OnDone(const JobPtr& job, const Ticket& ticket, TransportResult result);
  FetchResult OnError(Job& job, const Ticket& ticket, TransportError error);
  std::optional<FetchResult> OnResponse(const JobPtr& job, const Ticket& ticket,
                                        HttpResponse response);
  std::optional<FetchResult> OnRefused(const JobPtr& job, const Ticket& ticket, Failure failure,
                                       std::optional<Duration> retry_after);
  std::optional<FetchResult> AskLater(Job& job, Failure failure,
                                      std::optional<Duration> retry_after);
  Duration WaitForSecondaryLimit(Host& host) const;
  void OnAccepted(Host& host, const Ticket& ticket, const QuotaHint& hint);
  FetchResult AfterFailure(Job& job, Failure failure, std::optional<Duration> retry_after);
  void Remember(const Job& job, const Failure& failure);
  void Remember(FetchStats::ErrorEntry entry);
  Fatal WaitTooLong(Duration wait) const;

  // fetch_renewal.cc
  std::optional<FetchResult> OnUnauthorized(const JobPtr& job, const Failure& failure);
  SteadyTime CredentialReadyAt();
  SteadyTime TakeRenewalStep();
  void SendRenewal(Host& host, Permit permit, HttpRequest http);
  void OnRenewalDone(Host& host, const Permit& permit, CircuitBreaker::Generation generation,
                     TransportResult result);
  void OnRenewalError(const TransportError& error);
  void OnRenewalResponse(Host& host, const Permit& permit, const HttpResponse& response);
  void OnRenewalRefused(Host& host, const Permit& permit, std::optional<Duration> retry_after);
  void RetryRenewal(const Failure& failure, std::optional<Duration> retry_after);
  void EndRenewal();
  void FailRenewal(Fatal fatal);
  void Publish();

  const Source& source_;
  Transport& transport_;
  const Clock& clock_;
  const FetchOptions options_;
  Rng rng_;
  std::map<std::string, std::unique_ptr<Host>> hosts_;  // by origin
  Host* api_host_ = nullptr;                            // the one that the configured rate is for
  std::map<std::string, ConcurrencyLimit> limits_;      // by operation
  RateState imported_;
  std::uint64_t started_ = 0;
  std::int64_t sent_ = 0;
  bool stopped_ = false;
  Renewal renewal_;
  // Own synchronisation.
  Guarded<FetchStats> stats_;
  Guarded<FetchState> state_;
};

}  // namespace sluice
