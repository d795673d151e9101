// What an answer, or the lack of one, means for its item and for the limits.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "stages/fetch_loop.h"
#include "stages/http/curl_error.h"
#include "stages/http/quota_body.h"
#include "stages/http/redirect.h"
#include "stages/http/secrets.h"
#include "stages/json/raw_json.h"

namespace sluice {
namespace {

constexpr std::size_t kErrorsKept = 100;

// So often a request may be refused by bad luck while others are accepted.
constexpr int kRefusedAloneMax = 3;

// What a refusal says stands at its beginning; this thread has others to serve.
constexpr std::size_t kJudgedBytesMax = 256u << 10;

constexpr Duration kSecondaryWait = std::chrono::minutes(1);
constexpr int kSecondaryDoublings = 5;

std::chrono::milliseconds Ceil(Duration wait) {
  return std::chrono::ceil<std::chrono::milliseconds>(wait);
}

// 529 says that the server is overloaded, and when to come back: a limit, not a fault.
bool IsServerError(int status) { return status >= 500 && status != 529; }

// A refusal for good whose words have not all arrived is not taken for one: what it means may stand
// in the rest. (An answer that is accepted is read to its end in any case.)
bool IsCutJson(std::string_view body) {
  const auto begin = body.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos || body[begin] != '{') return false;
  const auto json = RawJson::Parse(body);
  return !json && json.error().code == Code::kTransient;
}

}  // namespace

Fatal WaitTooLong(Duration wait, Duration max_wait, WallMs now_ms) {
  return {
      .error = {Code::kRateLimited,
                fmt::format("the API takes no request for {} s more and max_wait ({} s) does not "
                            "allow that; run the same command again then, or raise max_wait",
                            Ceil(wait).count() / 1000, max_wait / std::chrono::seconds(1))},
      .resume_at_ms = now_ms + Ceil(wait).count()};
}

FetchResult FetchLoop::OnError(Job& job, const Ticket& ticket, TransportError error) {
  Host& host = *job.host;
  error.message = KnownSecrets().Redact(std::move(error.message));
  host.limiter.OnOther(ticket.permit);
  if (error.code == Code::kCancelled) {
    host.breaker.OnAbandoned(ticket.generation);
    job.limit->OnEnd(ticket.start, ConcurrencyLimit::Outcome::kAbandoned, Duration::zero());
    return Stopped{};
  }
  if (error.code == Code::kDisk) {  // no fault of the server's
    host.breaker.OnAnswer(ticket.generation);
    job.limit->OnEnd(ticket.start, ConcurrencyLimit::Outcome::kAbandoned, Duration::zero());
    return Fatal{.error = {Code::kDisk, std::move(error.message)}};
  }
  if (error.code == Code::kInvalid) {  // it answered, with something that we do not take
    host.breaker.OnAnswer(ticket.generation);
    job.limit->OnEnd(ticket.start, ConcurrencyLimit::Outcome::kAbandoned, Duration::zero());
  } else {
    host.breaker.OnFailure(ticket.generation);
    job.limit->OnEnd(ticket.start,
                     error.calm ? ConcurrencyLimit::Outcome::kToldToCalm
                                : ConcurrencyLimit::Outcome::kOverloaded,
                     Duration::zero());
  }
  Failure failure{.code = error.code, .message = std::move(error.message)};
  Remember(job, failure);
  if (IsCertificateError(error.curl_code)) {
    return Fatal{.error = {Code::kNetwork, failure.message + "; nothing was sent"}};
  }
  return AfterFailure(job, std::move(failure), std::nullopt);
}

std::optional<FetchResult> FetchLoop::OnResponse(const JobPtr& job, const Ticket& ticket,
                                                 HttpResponse response) {
  using Outcome = ConcurrencyLimit::Outcome;
  Host& host = *job->host;
  const int status = response.status;
  if (IsServerError(status)) {
    host.breaker.OnFailure(ticket.generation);
  } else {
    host.breaker.OnAnswer(ticket.generation);
  }
  const QuotaHint hint = ParseQuota(response.headers, clock_.WallNow());
  const bool not_modified = status == 304 && !job->validators.empty();
  if (not_modified || (status >= 200 && status < 300)) {
    job->limit->OnEnd(ticket.start, Outcome::kAnswered, response.elapsed);
    OnAccepted(host, ticket, hint);
    if (not_modified) return NotModified{};
    return Answer{.status = status,
                  .headers = std::move(response.headers),
                  .body = std::move(response.body),
                  .elapsed = response.elapsed};
  }
  std::optional<Duration> wait = WaitAskedFor(hint);
  const std::string_view words = response.body.view().text().substr(0, kJudgedBytesMax);
  const bool may_be_limit = status == 429 || status == 403;
  const auto limit = may_be_limit ? LimitInBody(words) : std::nullopt;
  if (!wait && (status == 429 || status == 503 || status == 529 || limit)) wait = WaitInBody(words);
  Verdict verdict =
      source_.Judge(job->request, {.status = status, .body = words, .headers = response.headers});
  if (IsRedirect(status)) verdict.message += "; " + DescribeRedirect(response);
  verdict.message = KnownSecrets().Redact(std::move(verdict.message));
  const bool for_good = verdict.code == Code::kInvalid || verdict.code == Code::kNotFound;
  if (for_good && words.size() == response.body.size() && IsCutJson(words)) {
    verdict = {.code = Code::kTransient, .message = verdict.message + " (its body is cut)"};
  }
  const bool asks_to_wait = wait.has_value();
  const bool refused = status == 429 || status == 529 || verdict.code == Code::kRateLimited ||
                       ((status == 503 || status == 403) && asks_to_wait) ||
                       (status == 403 && limit);
  if (refused && !wait) wait = WaitAfterRefusal(hint);
  if (limit == LimitKind::kSecondary && !wait) wait = WaitForSecondaryLimit(host);
  if (verdict.delay) wait = std::max(*verdict.delay, wait.value_or(Duration::zero()));
  Failure failure{.code = refused ? Code::kRateLimited : verdict.code,
                  .http_status = status,
                  .message = verdict.message};
  Remember(*job, failure);
  job->limit->OnEnd(ticket.start,
                    refused || IsServerError(status) ? Outcome::kOverloaded : Outcome::kAnswered,
                    response.elapsed);
  if (refused) return OnRefused(job, ticket, std::move(failure), wait);
  if (IsServerError(status)) {
    host.limiter.OnOther(ticket.permit);
  } else {
    OnAccepted(host, ticket, hint);  // a 404 has been let through as well
  }
  if (verdict.code == Code::kUnauthorized) {
    if (!verdict.renewable) return Fatal{.error = {verdict.code, verdict.message}};
    return OnUnauthorized(job, failure);
  }
  if (verdict.code == Code::kTransient) return AfterFailure(*job, std::move(failure), wait);
  return Refusal{.status = status,
                 .headers = std::move(response.headers),
                 .body = std::move(response.body),
                 .verdict = std::move(verdict)};
}

// An answer that says nothing is left spares us the refusal. Whether a short wait is meant the
// limiter finds out: a server without a burst says "0 left, 1 s" with every single answer.
void FetchLoop::OnAccepted(Host& host, const Ticket& ticket, const QuotaHint& hint) {
  host.refused_since.reset();
  ++host.accepted;
  host.secondary_refusals = 0;
  host.limiter.OnAccepted(ticket.permit);
  const std::optional<Duration> wait = WaitAskedFor(hint);
  if (hint.remaining == 0.0 && wait) host.limiter.OnSpent(*wait);
}

// A refused request goes back to the head of its queue and waits there for the limiter, unless that
// takes long; then it is handed back. Refused again it goes to the end: another one shows whether
// it is the server that refuses, or this request that is.
std::optional<FetchResult> FetchLoop::OnRefused(const JobPtr& job, const Ticket& ticket,
                                                Failure failure,
                                                std::optional<Duration> retry_after) {
  Host& host = *job->host;
  const SteadyTime now = clock_.Now();
  host.limiter.OnRefused(ticket.permit, retry_after);
  stats_.With([](FetchStats& stats) { ++stats.rate_limited; });
  if (!host.refused_since) host.refused_since = now;
  const Duration wait = std::max(Duration::zero(), host.limiter.held_until() - now);
  if (now + wait - *host.refused_since > options_.max_wait) {
    return WaitTooLong(wait);
  }
  if (stopped_) return Stopped{};
  if (wait > kWaitHereMax) {
    return Again{.failure = std::move(failure), .delay = wait, .counts = false};
  }
  const bool again = job->accepted_at_refusal.has_value();
  if (auto later = AskLater(*job, failure, retry_after)) return later;
  auto& queue = host.waiting[job->request.operation];
  again ? queue.push_back(job) : queue.push_front(job);
  return std::nullopt;
}

// GitHub wants a minute at least, and more each time. Its other refusals come as fast as ours go
// out, and are of the same event.
Duration FetchLoop::WaitForSecondaryLimit(Host& host) const {
  const bool same = host.secondary_refusals > 0 && clock_.Now() < host.limiter.held_until();
  if (!same) ++host.secondary_refusals;
  return kSecondaryWait * (1 << std::min(host.secondary_refusals - 1, kSecondaryDoublings));
}

// A request that is refused time and again while others are accepted would hold those up, and
// teach the limiter what is not so. It waits on its own, and that counts. nullopt: it is none.
std::optional<FetchResult> FetchLoop::AskLater(Job& job, Failure failure,
                                               std::optional<Duration> retry_after) {
  const auto before = std::exchange(job.accepted_at_refusal, job.host->accepted);
  if (!before || *before == job.host->accepted || ++job.refused_alone < kRefusedAloneMax) {
    return std::nullopt;
  }
  const RetryDecision decision =
      Decide(job.attempt, Code::kTransient, retry_after, options_.retry, rng_);
  if (decision.kind == RetryDecision::Kind::kGaveUp) return GaveUp{.failure = std::move(failure)};
  return Again{.failure = std::move(failure), .delay = decision.delay, .counts = true};
}

Fatal FetchLoop::WaitTooLong(Duration wait) const {
  return sluice::WaitTooLong(wait, options_.max_wait, clock_.WallNow());
}

FetchResult FetchLoop::AfterFailure(Job& job, Failure failure,
                                    std::optional<Duration> retry_after) {
  // Said of one item, so it fails alone, unless nobody else gets an answer either.
  if (retry_after && *retry_after > options_.max_wait) {
    if (job.host->breaker.state() != CircuitBreaker::State::kClosed) {
      return WaitTooLong(*retry_after);
    }
    failure.message +=
        fmt::format("; it asks to wait {} s, longer than max_wait ({} s)",
                    Ceil(*retry_after).count() / 1000, options_.max_wait / std::chrono::seconds(1));
    return GaveUp{.failure = std::move(failure)};
  }
  const RetryDecision decision =
      Decide(job.attempt, failure.code, retry_after, options_.retry, rng_);
  if (decision.kind == RetryDecision::Kind::kAgain) {
    return Again{.failure = std::move(failure), .delay = decision.delay, .counts = decision.counts};
  }
  if (failure.code == Code::kNetwork) return Fatal{.error = {Code::kNetwork, failure.message}};
  return GaveUp{.failure = std::move(failure)};
}

void FetchLoop::Remember(const Job& job, const Failure& failure) {
  Remember({.at_ms = clock_.WallNow(),
            .item = RequestText(job.request),
            .operation = job.request.operation,
            .status = failure.http_status,
            .code = failure.code,
            .attempt = job.attempt,
            .message = failure.message});
}

void FetchLoop::Remember(FetchStats::ErrorEntry entry) {
  stats_.With([&](FetchStats& stats) {
    if (stats.errors.size() == kErrorsKept) stats.errors.erase(stats.errors.begin());
    stats.errors.push_back(std::move(entry));
  });
}

}  // namespace sluice
