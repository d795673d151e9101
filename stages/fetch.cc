#include "stages/fetch.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <map>
#include <string_view>
#include <utility>

#include "stages/http/curl_error.h"
#include "stages/http/quota_headers.h"
#include "stages/http/redirect.h"
#include "storage/base/guarded.h"

namespace sluice {
namespace {

// A longer wait is handed back, so that a waiting item does not hold its credit.
constexpr Duration kWaitHereMax = std::chrono::seconds(5);
constexpr std::size_t kErrorsKept = 100;

std::chrono::milliseconds Ceil(Duration wait) {
  return std::chrono::ceil<std::chrono::milliseconds>(wait);
}

void AddValidators(const Validators& validators, HttpRequest& http) {
  if (!validators.etag.empty()) http.headers.push_back({"If-None-Match", validators.etag});
  if (!validators.last_modified.empty()) {
    http.headers.push_back({"If-Modified-Since", validators.last_modified});
  }
}

bool IsServerError(int status) { return status >= 500 && status != 529; }

}  // namespace

// Everything below runs on the loop thread, but for what is Guarded. Held by every callback that it
// starts, so none outlives it.
class Fetch::Loop : public std::enable_shared_from_this<Fetch::Loop> {
 public:
  Loop(const Source& source, Transport& transport, const Clock& clock, FetchOptions options,
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
    HttpRequest http;
    Host* host = nullptr;
    ConcurrencyLimit* limit = nullptr;
  };
  using JobPtr = std::shared_ptr<Job>;
  struct Host {
    RateLimiter limiter;
    CircuitBreaker breaker;
    std::map<std::string, std::deque<JobPtr>, std::less<>> waiting;  // by operation
    std::optional<SteadyTime> refused_since;                         // no acceptance since then
    SteadyTime timer_due = SteadyTime::max();
  };
  struct Ticket {
    Permit permit;
    CircuitBreaker::Generation generation;
    ConcurrencyLimit::Start start;
  };

  Host& HostOf(const std::string& url);
  ConcurrencyLimit& LimitOf(const std::string& operation);
  void Pump(Host& host);
  std::deque<JobPtr>* NextQueue(Host& host);
  void WaitUntil(Host& host, SteadyTime time);
  void HandBackAll(Host& host, SteadyTime time);
  void Send(Host& host, JobPtr job, Permit permit);
  void OnDone(const JobPtr& job, const Ticket& ticket, TransportResult result);
  FetchResult OnError(Job& job, const Ticket& ticket, TransportError error);
  std::optional<FetchResult> OnResponse(const JobPtr& job, const Ticket& ticket,
                                        HttpResponse response);
  std::optional<FetchResult> OnRefused(const JobPtr& job, const Ticket& ticket, Failure failure,
                                       std::optional<Duration> retry_after);
  FetchResult AfterFailure(Job& job, Failure failure, std::optional<Duration> retry_after);
  void Remember(const Job& job, const Failure& failure);
  void Publish(const Host& host);

  const Source& source_;
  Transport& transport_;
  const Clock& clock_;
  const FetchOptions options_;
  Rng rng_;
  std::map<std::string, std::unique_ptr<Host>> hosts_;  // by origin
  std::map<std::string, ConcurrencyLimit> limits_;      // by operation
  RateState imported_;
  std::uint64_t started_ = 0;
  bool stopped_ = false;
  // Own synchronisation.
  Guarded<FetchStats> stats_;
  Guarded<FetchState> state_;
};

Fetch::Loop::Loop(const Source& source, Transport& transport, const Clock& clock,
                  FetchOptions options, std::uint64_t seed)
    : source_(source),
      transport_(transport),
      clock_(clock),
      options_(std::move(options)),
      rng_(seed) {
  for (const auto& operation : options_.operations) {
    limits_.emplace(operation.name, ConcurrencyLimit(operation.in_flight_max, options_.autotune));
  }
}

void Fetch::Loop::ImportState(const FetchState& state) {
  imported_ = state;
  state_.With([&](FetchState& s) { s = state; });
}

// The configured rate belongs to the API's own host, which comes first; files kept elsewhere are
// paced by what their host says.
Fetch::Loop::Host& Fetch::Loop::HostOf(const std::string& url) {
  const Result<Origin> origin = OriginOf(url);
  const std::string name = origin ? origin->scheme + "://" + origin->host + ":" + origin->port : "";
  auto& host = hosts_[name];
  if (!host) {
    const bool first = hosts_.size() == 1;
    host = std::make_unique<Host>(Host{.limiter = {clock_, first ? options_.rate : RateOptions{}},
                                       .breaker = {clock_, options_.breaker}});
    if (first) host->limiter.ImportState(imported_);
  }
  return *host;
}

ConcurrencyLimit& Fetch::Loop::LimitOf(const std::string& operation) {
  return limits_
      .try_emplace(operation, ConcurrencyLimit(options_.in_flight_default, options_.autotune))
      .first->second;
}

void Fetch::Loop::Start(Request request, int attempt, Validators validators,
                        std::function<void(FetchResult)> done) {
  if (stopped_) return done(Stopped{});
  if (options_.wire == Wire::kOffline) {
    return done(GaveUp{.failure = {.code = Code::kNetwork,
                                   .message = "is not stored, and --offline sends no request; run "
                                              "without --offline to fetch it"}});
  }
  auto job = std::make_shared<Job>(Job{.request = std::move(request),
                                       .attempt = attempt,
                                       .validators = std::move(validators),
                                       .done = std::move(done),
                                       .order = started_++});
  job->http = source_.ToHttp(job->request);
  AddValidators(job->validators, job->http);
  job->http.body_bytes_max = std::min(job->http.body_bytes_max, options_.body_bytes_max);
  job->http.timeout = TimeoutFor(attempt, options_.retry);
  job->host = &HostOf(job->http.url);
  job->limit = &LimitOf(job->request.operation);
  Host& host = *job->host;
  host.waiting[job->request.operation].push_back(std::move(job));
  Pump(host);
}

void Fetch::Loop::Stop() {
  stopped_ = true;
  for (auto& [name, host] : hosts_) {
    for (auto& [operation, queue] : std::exchange(host->waiting, {})) {
      for (const JobPtr& job : queue) job->done(Stopped{});
    }
    Publish(*host);
  }
}

// Sends what may go now; otherwise sees to it that it is called again when it may.
void Fetch::Loop::Pump(Host& host) {
  while (std::deque<JobPtr>* queue = NextQueue(host)) {
    const SteadyTime now = clock_.Now();
    if (const SteadyTime allowed = host.breaker.AllowedAt(); allowed > now) {
      WaitUntil(host, allowed);
      break;
    }
    const auto permit = host.limiter.TryAcquire();
    if (const auto* refused = std::get_if<NotUntil>(&permit)) {
      WaitUntil(host, refused->time);
      break;
    }
    JobPtr job = std::move(queue->front());
    queue->pop_front();
    Send(host, std::move(job), std::get<Permit>(permit));
  }
  Publish(host);
}

// Of the operations that may start one more, the one whose first request came earliest.
std::deque<Fetch::Loop::JobPtr>* Fetch::Loop::NextQueue(Host& host) {
  std::deque<JobPtr>* next = nullptr;
  for (auto& [operation, queue] : host.waiting) {
    if (queue.empty() || !queue.front()->limit->MayStart()) continue;
    if (next == nullptr || queue.front()->order < next->front()->order) next = &queue;
  }
  return next;
}

void Fetch::Loop::WaitUntil(Host& host, SteadyTime time) {
  if (time == SteadyTime::max()) return;  // an answer that is under way will pump
  const SteadyTime now = clock_.Now();
  if (time - now > kWaitHereMax) return HandBackAll(host, time);
  if (host.timer_due <= time && host.timer_due > now) return;
  host.timer_due = time;
  transport_.After(time - now, [self = shared_from_this(), &host] {
    host.timer_due = SteadyTime::max();
    if (!self->stopped_) self->Pump(host);
  });
}

void Fetch::Loop::HandBackAll(Host& host, SteadyTime time) {
  const Duration delay = time - clock_.Now();
  for (auto& [operation, queue] : std::exchange(host.waiting, {})) {
    for (const JobPtr& job : queue) {
      job->done(
          Again{.failure = {.code = Code::kRateLimited, .message = "waits for the rate limit"},
                .delay = delay,
                .counts = false});
    }
  }
}

void Fetch::Loop::Send(Host& host, JobPtr job, Permit permit) {
  const Ticket ticket{
      .permit = permit, .generation = host.breaker.Admit(), .start = job->limit->OnStart()};
  stats_.With([&](FetchStats& stats) {
    ++stats.sent;
    if (job->attempt > 1) ++stats.retried;
  });
  HttpRequest http = job->http;
  transport_.Start(std::move(http),
                   [self = shared_from_this(), job = std::move(job), ticket](
                       TransportResult result) { self->OnDone(job, ticket, std::move(result)); });
}

void Fetch::Loop::OnDone(const JobPtr& job, const Ticket& ticket, TransportResult result) {
  Host& host = *job->host;
  std::optional<FetchResult> outcome = result ? OnResponse(job, ticket, std::move(*result))
                                              : OnError(*job, ticket, std::move(result.error()));
  if (outcome) job->done(std::move(*outcome));
  if (!stopped_) Pump(host);
}

FetchResult Fetch::Loop::OnError(Job& job, const Ticket& ticket, TransportError error) {
  Host& host = *job.host;
  host.limiter.OnOther(ticket.permit);
  if (error.code == Code::kCancelled) {
    host.breaker.OnAbandoned(ticket.generation);
    job.limit->OnEnd(ticket.start, ConcurrencyLimit::Outcome::kAbandoned, Duration::zero());
    return Stopped{};
  }
  host.breaker.OnFailure(ticket.generation);
  job.limit->OnEnd(ticket.start, ConcurrencyLimit::Outcome::kOverloaded, Duration::zero());
  Failure failure{.code = error.code, .message = std::move(error.message)};
  Remember(job, failure);
  if (IsCertificateError(error.curl_code)) {
    return Fatal{.error = {Code::kNetwork, failure.message + "; nothing was sent"}};
  }
  return AfterFailure(job, std::move(failure), std::nullopt);
}

std::optional<FetchResult> Fetch::Loop::OnResponse(const JobPtr& job, const Ticket& ticket,
                                                   HttpResponse response) {
  using Outcome = ConcurrencyLimit::Outcome;
  Host& host = *job->host;
  const int status = response.status;
  if (IsServerError(status)) {
    host.breaker.OnFailure(ticket.generation);
  } else {
    host.breaker.OnAnswer(ticket.generation);
  }
  const bool not_modified = status == 304 && !job->validators.empty();
  if (not_modified || (status >= 200 && status < 300)) {
    job->limit->OnEnd(ticket.start, Outcome::kAnswered, response.elapsed);
    host.limiter.OnAccepted(ticket.permit);
    host.refused_since.reset();
    if (not_modified) return NotModified{};
    return Answer{.status = status,
                  .headers = std::move(response.headers),
                  .body = std::move(response.body),
                  .elapsed = response.elapsed};
  }
  const QuotaHint hint = ParseQuota(response.headers, clock_.WallNow());
  const std::optional<Duration> wait = WaitAfterRefusal(hint);
  Verdict verdict = source_.Judge(job->request, status, response.body);
  const bool refused = status == 429 || status == 529 || verdict.code == Code::kRateLimited ||
                       ((status == 503 || status == 403) && wait.has_value());
  Failure failure{.code = refused ? Code::kRateLimited : verdict.code,
                  .http_status = status,
                  .message = verdict.message};
  Remember(*job, failure);
  job->limit->OnEnd(ticket.start,
                    refused || IsServerError(status) ? Outcome::kOverloaded : Outcome::kAnswered,
                    response.elapsed);
  if (refused) return OnRefused(job, ticket, std::move(failure), wait);
  host.limiter.OnOther(ticket.permit);
  if (verdict.code == Code::kUnauthorized) return Fatal{.error = {verdict.code, verdict.message}};
  if (verdict.code == Code::kTransient) return AfterFailure(*job, std::move(failure), wait);
  return Refusal{.status = status, .body = std::move(response.body), .verdict = std::move(verdict)};
}

// A refused request goes back to the head of its queue and waits there for the limiter, unless that
// takes long; then it is handed back.
std::optional<FetchResult> Fetch::Loop::OnRefused(const JobPtr& job, const Ticket& ticket,
                                                  Failure failure,
                                                  std::optional<Duration> retry_after) {
  Host& host = *job->host;
  const SteadyTime now = clock_.Now();
  host.limiter.OnRefused(ticket.permit, retry_after);
  stats_.With([](FetchStats& stats) { ++stats.rate_limited; });
  if (!host.refused_since) host.refused_since = now;
  const Duration wait = std::max(Duration::zero(), host.limiter.held_until() - now);
  if (now + wait - *host.refused_since > options_.max_wait) {
    return Fatal{
        .error = {Code::kRateLimited,
                  fmt::format("the API refuses requests for {} s more, longer than max_wait "
                              "allows ({} s); run the same command again then",
                              Ceil(wait).count() / 1000,
                              options_.max_wait / std::chrono::seconds(1))},
        .resume_at_ms = clock_.WallNow() + Ceil(wait).count()};
  }
  if (stopped_) return Stopped{};
  if (wait > kWaitHereMax) {
    return Again{.failure = std::move(failure), .delay = wait, .counts = false};
  }
  host.waiting[job->request.operation].push_front(job);
  stats_.With([](FetchStats& stats) { ++stats.retried; });
  return std::nullopt;
}

FetchResult Fetch::Loop::AfterFailure(Job& job, Failure failure,
                                      std::optional<Duration> retry_after) {
  const RetryDecision decision =
      Decide(job.attempt, failure.code, retry_after, options_.retry, rng_);
  if (decision.kind == RetryDecision::Kind::kAgain) {
    return Again{.failure = std::move(failure), .delay = decision.delay, .counts = decision.counts};
  }
  if (failure.code == Code::kNetwork) return Fatal{.error = {Code::kNetwork, failure.message}};
  return GaveUp{.failure = std::move(failure)};
}

void Fetch::Loop::Remember(const Job& job, const Failure& failure) {
  stats_.With([&](FetchStats& stats) {
    if (stats.errors.size() == kErrorsKept) stats.errors.erase(stats.errors.begin());
    stats.errors.push_back({.at_ms = clock_.WallNow(),
                            .item = RequestText(job.request),
                            .operation = job.request.operation,
                            .status = failure.http_status,
                            .code = failure.code,
                            .attempt = job.attempt,
                            .message = failure.message});
  });
}

void Fetch::Loop::Publish(const Host& host) {
  const FetchState state = host.limiter.ExportState();
  state_.With([&](FetchState& s) { s = state; });
  stats_.With([&](FetchStats& stats) {
    stats.requests_per_second = std::isfinite(host.limiter.pace()) ? host.limiter.pace() : 0;
    stats.wait_until_ms = state.not_before_ms;
    stats.operations.resize(limits_.size());
    auto slot = stats.operations.begin();
    for (const auto& [name, limit] : limits_) {
      const auto queue = host.waiting.find(name);
      slot->name = name;
      slot->limit = limit.limit();
      slot->limit_max = limit.max();
      slot->in_flight = limit.in_flight();
      slot->waiting = queue == host.waiting.end() ? 0 : static_cast<int>(queue->second.size());
      ++slot;
    }
  });
}

Fetch::Fetch(const Source& source, Transport& transport, const Clock& clock, FetchOptions options,
             std::uint64_t seed)
    : loop_(std::make_shared<Loop>(source, transport, clock, std::move(options), seed)) {}
Fetch::~Fetch() = default;

void Fetch::Start(const Request& request, int attempt, std::function<void(FetchResult)> done) {
  Start(request, attempt, Validators{}, std::move(done));
}

void Fetch::Start(const Request& request, int attempt, Validators validators,
                  std::function<void(FetchResult)> done) {
  loop_->transport().Post([loop = loop_, request, attempt, validators = std::move(validators),
                           done = std::move(done)]() mutable {
    loop->Start(std::move(request), attempt, std::move(validators), std::move(done));
  });
}

void Fetch::Stop() {
  loop_->transport().Post([loop = loop_] { loop->Stop(); });
}

FetchStats Fetch::Snapshot() const { return loop_->Snapshot(); }
void Fetch::ImportState(const FetchState& state) { loop_->ImportState(state); }
FetchState Fetch::ExportState() const { return loop_->ExportState(); }

}  // namespace sluice
