#include "stages/fetch_loop.h"

#include <utility>

#include "stages/http/redirect.h"

namespace sluice {
namespace {

void AddValidators(const Validators& validators, HttpRequest& http) {
  if (!validators.etag.empty()) http.headers.push_back({"If-None-Match", validators.etag});
  if (!validators.last_modified.empty()) {
    http.headers.push_back({"If-Modified-Since", validators.last_modified});
  }
}

}  // namespace

FetchLoop::FetchLoop(const Source& source, Transport& transport, const Clock& clock,
                     FetchOptions options, std::uint64_t seed)
    : source_(source),
      transport_(transport),
      clock_(clock),
      options_(std::move(options)),
      rng_(seed) {
  for (const auto& operation : options_.operations) {
    limits_.emplace(operation.name, ConcurrencyLimit(operation.in_flight_max, options_.autotune));
  }
  const std::string base_url = source_.Limits().base_url;
  if (!base_url.empty()) HostOf(base_url);
}

void FetchLoop::ImportState(const FetchState& state) {
  imported_ = state;
  if (api_host_ != nullptr) api_host_->limiter.ImportState(state);
  state_.With([&](FetchState& s) { s = state; });
}

// The configured rate belongs to the API's own host; files kept elsewhere are paced by what their
// host says.
FetchLoop::Host& FetchLoop::HostOf(const std::string& url) {
  const Result<Origin> origin = OriginOf(url);
  const std::string name = origin ? origin->scheme + "://" + origin->host + ":" + origin->port : "";
  auto& host = hosts_[name];
  if (!host) {
    const bool first = api_host_ == nullptr;
    host = std::make_unique<Host>(Host{.limiter = {clock_, first ? options_.rate : RateOptions{}},
                                       .breaker = {clock_, options_.breaker}});
    if (first) api_host_ = host.get();
  }
  return *host;
}

ConcurrencyLimit& FetchLoop::LimitOf(const std::string& operation) {
  return limits_
      .try_emplace(operation, ConcurrencyLimit(options_.in_flight_default, options_.autotune))
      .first->second;
}

void FetchLoop::Start(Request request, int attempt, Validators validators,
                      std::function<void(FetchResult)> done) {
  if (stopped_) return done(Stopped{});
  if (options_.wire == Wire::kOffline) {
    return done(GaveUp{.failure = {.code = Code::kNetwork,
                                   .message = "is not stored, and --offline sends no request; run "
                                              "without --offline to fetch it"}});
  }
  const bool first = api_host_ == nullptr;
  auto job = std::make_shared<Job>(Job{.request = std::move(request),
                                       .attempt = attempt,
                                       .validators = std::move(validators),
                                       .done = std::move(done),
                                       .order = started_++});
  job->host = &HostOf(source_.ToHttp(job->request).url);
  if (first) api_host_->limiter.ImportState(imported_);
  job->limit = &LimitOf(job->request.operation);
  Host& host = *job->host;
  host.waiting[job->request.operation].push_back(std::move(job));
  Pump(host);
  Publish();
}

// While the credential is renewed nothing is answered: the run must not end before the new token is
// stored, since the old one may be spent.
void FetchLoop::Stop() {
  stopped_ = true;
  if (renewal_.step == Renewal::Step::kOnWire) return;
  if (renewal_.step == Renewal::Step::kDue) options_.credential->AbandonRenewal();
  renewal_.step = Renewal::Step::kNone;
  for (auto& [name, host] : hosts_) AnswerWaiting(*host, Stopped{});
  Publish();
}

void FetchLoop::AnswerWaiting(Host& host, const FetchResult& result) {
  for (auto& [operation, queue] : std::exchange(host.waiting, {})) {
    for (const JobPtr& job : queue) job->done(result);
  }
}

// Sends what may go now; otherwise sees to it that it is called again when it may.
void FetchLoop::Pump(Host& host) {
  while (std::deque<JobPtr>* queue = NextQueue(host)) {
    const SteadyTime now = clock_.Now();
    if (&host == api_host_) {
      if (const SteadyTime ready = CredentialReadyAt(); ready > now) {
        WaitUntil(host, ready);
        break;
      }
    }
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
}

// An operation's limit counts over all hosts, so an end at one may let another go on.
void FetchLoop::PumpAll() {
  for (auto& [name, host] : hosts_) Pump(*host);
  Publish();
}

// Of the operations that may start one more, the one whose first request came earliest.
std::deque<FetchLoop::JobPtr>* FetchLoop::NextQueue(Host& host) {
  std::deque<JobPtr>* next = nullptr;
  for (auto& [operation, queue] : host.waiting) {
    if (queue.empty() || !queue.front()->limit->MayStart()) continue;
    if (next == nullptr || queue.front()->order < next->front()->order) next = &queue;
  }
  return next;
}

void FetchLoop::WaitUntil(Host& host, SteadyTime time) {
  if (time == SteadyTime::max()) return;  // an answer that is under way will pump
  const SteadyTime now = clock_.Now();
  if (time - now > kWaitHereMax) return HandBackAll(host, time - now);
  if (host.timer_due <= time && host.timer_due > now) return;
  host.timer_due = time;
  // One that was set since then counts instead; otherwise each would set another, for ever.
  transport_.After(time - now, [self = shared_from_this(), &host, time] {
    if (host.timer_due != time) return;
    host.timer_due = SteadyTime::max();
    if (self->stopped_) return;
    self->Pump(host);
    self->Publish();
  });
}

void FetchLoop::HandBackAll(Host& host, Duration wait) {
  const FetchResult result =
      wait > options_.max_wait
          ? FetchResult(WaitTooLong(wait))
          : Again{.failure = {.code = Code::kRateLimited, .message = "waits for the rate limit"},
                  .delay = wait,
                  .counts = false};
  if (&host == api_host_ && renewal_.step == Renewal::Step::kDue) {
    options_.credential->AbandonRenewal();
  }
  AnswerWaiting(host, result);
}

// The request is made now and not when it was queued: its credential may be another one since then.
HttpRequest FetchLoop::ToWire(Job& job) {
  if (options_.credential) job.version = options_.credential->version();
  renewal_.unused = false;
  HttpRequest http = source_.ToHttp(job.request);
  AddValidators(job.validators, http);
  http.body_bytes_max = options_.body_bytes_max;
  http.timeout = TimeoutFor(job.attempt, options_.retry);
  return http;
}

void FetchLoop::Send(Host& host, JobPtr job, Permit permit) {
  const Ticket ticket{
      .permit = permit, .generation = host.breaker.Admit(), .start = job->limit->OnStart()};
  stats_.With([&](FetchStats& stats) {
    if (job->attempt > 1 || job->sent_before) ++stats.retried;
  });
  job->sent_before = true;
  HttpRequest http = ToWire(*job);
  transport_.Start(std::move(http),
                   [self = shared_from_this(), job = std::move(job), ticket](
                       TransportResult result) { self->OnDone(job, ticket, std::move(result)); });
  CountSent(1);
}

void FetchLoop::CountSent(int requests) {
  sent_ += requests;
  stats_.With([&](FetchStats& stats) { stats.sent = sent_; });
  if (options_.requests_max && sent_ >= *options_.requests_max) Stop();
}

void FetchLoop::OnDone(const JobPtr& job, const Ticket& ticket, TransportResult result) {
  const int followed = result ? result->redirects : result.error().redirects;
  if (followed > 0) {
    job->host->limiter.OnFollowed(followed);
    CountSent(followed);
  }
  std::optional<FetchResult> outcome = result ? OnResponse(job, ticket, std::move(*result))
                                              : OnError(*job, ticket, std::move(result.error()));
  if (outcome) job->done(std::move(*outcome));
  if (!stopped_) PumpAll();
}

void FetchLoop::Publish() {
  if (api_host_ == nullptr) return;
  const RateLimiter& limiter = api_host_->limiter;
  const FetchState state = limiter.ExportState();
  state_.With([&](FetchState& s) { s = state; });
  stats_.With([&](FetchStats& stats) {
    stats.requests_per_second = limiter.pace();
    stats.wait_until_ms = state.not_before_ms;
    stats.operations.resize(limits_.size());
    auto slot = stats.operations.begin();
    for (const auto& [name, limit] : limits_) {
      slot->name = name;
      slot->limit = limit.limit();
      slot->limit_max = limit.max();
      slot->in_flight = limit.in_flight();
      slot->waiting = 0;
      for (const auto& [origin, host] : hosts_) {
        const auto queue = host->waiting.find(name);
        if (queue != host->waiting.end()) slot->waiting += static_cast<int>(queue->second.size());
      }
      ++slot;
    }
  });
}

}  // namespace sluice
