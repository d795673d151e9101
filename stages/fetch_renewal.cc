// The renewal of the credential: one for all requests to the API, which wait for it.
//
// It passes the circuit breaker and the rate limiter of the token's host, which may be another than
// the API's, and is tried again as a request is. Pump() asks CredentialReadyAt() before it sends
// anything, and that takes the next step.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "stages/fetch_loop.h"
#include "stages/http/curl_error.h"
#include "stages/http/secrets.h"

namespace sluice {
namespace {

constexpr SteadyTime kNow = SteadyTime::min();
constexpr SteadyTime kAfterAnswer = SteadyTime::max();

// Between two looks at a token that another process renews, and how long that may take: longer than
// its attempts do, with their timeouts.
constexpr Duration kOtherLookInterval = std::chrono::milliseconds(200);
constexpr Duration kOtherWaitMax = std::chrono::minutes(2);

}  // namespace

// An answer to an old token says nothing about the new one. The request goes again at the head of
// its queue; refused a second time, it is not the token's age.
std::optional<FetchResult> FetchLoop::OnUnauthorized(const JobPtr& job, const Failure& failure) {
  Credential* const credential = options_.credential;
  const Fatal fatal{.error = {Code::kUnauthorized, failure.message}};
  if (credential == nullptr || job->host != api_host_) return fatal;
  if (renewal_.failed) return *renewal_.failed;
  if (job->unauthorized) {
    return Fatal{
        .error = {Code::kUnauthorized, failure.message + " (also with a new access token)"}};
  }
  if (stopped_ && renewal_.step != Renewal::Step::kOnWire) return Stopped{};
  if (job->version == credential->version() && renewal_.step == Renewal::Step::kNone) {
    if (!credential->RenewalRequest()) return fatal;
    renewal_.step = Renewal::Step::kDue;
  }
  job->unauthorized = true;
  job->host->waiting[job->request.operation].push_front(job);
  return std::nullopt;
}

// When a request may go with what the credential gives: kNow, or a time in the future.
SteadyTime FetchLoop::CredentialReadyAt() {
  Credential* const credential = options_.credential;
  if (credential == nullptr) return kNow;
  if (renewal_.failed) {
    AnswerWaiting(*api_host_, *renewal_.failed);
    return kAfterAnswer;
  }
  if (renewal_.step == Renewal::Step::kOnWire) return kAfterAnswer;
  if (renewal_.step == Renewal::Step::kNone) {
    // A token that is no sooner here than it ends is used all the same, or nothing would ever go.
    if (renewal_.unused || !credential->Expired(clock_.WallNow())) return kNow;
    renewal_.step = Renewal::Step::kDue;
  }
  return TakeRenewalStep();
}

SteadyTime FetchLoop::TakeRenewalStep() {
  Credential& credential = *options_.credential;
  const SteadyTime now = clock_.Now();
  if (renewal_.not_before > now) return renewal_.not_before;
  const auto turn = credential.BeginRenewal(clock_.WallNow());
  if (!turn) {
    FailRenewal({.error = turn.error()});
    return kAfterAnswer;
  }
  if (*turn == Credential::Turn::kRenewedElsewhere) {
    EndRenewal();
    return kNow;
  }
  if (*turn == Credential::Turn::kWait) {
    if (!renewal_.waits_for_other_since) renewal_.waits_for_other_since = now;
    if (now - *renewal_.waits_for_other_since < kOtherWaitMax) return now + kOtherLookInterval;
    FailRenewal({.error = {Code::kLocked,
                           fmt::format("another process has been renewing the access token for {} "
                                       "s; run the same command again when it has ended",
                                       kOtherWaitMax / std::chrono::seconds(1))}});
    return kAfterAnswer;
  }
  std::optional<HttpRequest> http = credential.RenewalRequest();
  if (!http) {
    FailRenewal({.error = {Code::kUnauthorized,
                           "the access token has ended and cannot be renewed; authorise again"}});
    return kAfterAnswer;
  }
  Host& host = HostOf(http->url);
  if (const SteadyTime allowed = host.breaker.AllowedAt(); allowed > now) return allowed;
  const auto permit = host.limiter.TryAcquire();
  if (const auto* refused = std::get_if<NotUntil>(&permit)) return refused->time;
  SendRenewal(host, std::get<Permit>(permit), std::move(*http));
  return kAfterAnswer;
}

void FetchLoop::SendRenewal(Host& host, Permit permit, HttpRequest http) {
  renewal_.step = Renewal::Step::kOnWire;
  http.timeout = TimeoutFor(renewal_.attempt, options_.retry);
  stats_.With([&](FetchStats& stats) {
    if (renewal_.attempt > 1) ++stats.retried;
  });
  transport_.Start(std::move(http), [self = shared_from_this(), &host, permit,
                                     generation = host.breaker.Admit()](TransportResult result) {
    self->OnRenewalDone(host, permit, generation, std::move(result));
  });
  CountSent(1);
}

void FetchLoop::OnRenewalDone(Host& host, const Permit& permit,
                              CircuitBreaker::Generation generation, TransportResult result) {
  renewal_.step = Renewal::Step::kDue;
  if (!result) {
    host.limiter.OnOther(permit);
    if (result.error().code == Code::kCancelled) {
      host.breaker.OnAbandoned(generation);
    } else {
      host.breaker.OnFailure(generation);
    }
    OnRenewalError(result.error());
  } else {
    if (result->status >= 500 && result->status != 529) {
      host.breaker.OnFailure(generation);
    } else {
      host.breaker.OnAnswer(generation);
    }
    OnRenewalResponse(host, permit, *result);
  }
  if (stopped_) return Stop();
  PumpAll();
}

void FetchLoop::OnRenewalError(const TransportError& error) {
  if (error.code == Code::kCancelled) {  // the transport has stopped
    stopped_ = true;
    return;
  }
  if (IsCertificateError(error.curl_code) || error.code == Code::kInvalid) {
    return FailRenewal(
        {.error = {Code::kNetwork, "the access token cannot be renewed: " + error.message}});
  }
  RetryRenewal({.code = error.code, .message = error.message}, std::nullopt);
}

void FetchLoop::OnRenewalResponse(Host& host, const Permit& permit, const HttpResponse& response) {
  const int status = response.status;
  const QuotaHint hint = ParseQuota(response.headers, clock_.WallNow());
  const std::optional<Duration> wait = WaitAskedFor(hint);
  if (status == 429 || status == 529 || (status == 503 && wait)) {
    return OnRenewalRefused(host, permit, WaitAfterRefusal(hint));
  }
  if (status >= 500) {
    host.limiter.OnOther(permit);
  } else {
    host.refused_since.reset();
    host.limiter.OnAccepted(permit);
  }
  const Status renewed = options_.credential->Renewed(response, clock_.WallNow());
  if (renewed) return EndRenewal();
  if (renewed.error().code != Code::kTransient) return FailRenewal({.error = renewed.error()});
  RetryRenewal(
      {.code = Code::kTransient, .http_status = status, .message = renewed.error().message}, wait);
}

// As a request that is refused for the rate: not counted, bounded by max_wait.
void FetchLoop::OnRenewalRefused(Host& host, const Permit& permit,
                                 std::optional<Duration> retry_after) {
  const SteadyTime now = clock_.Now();
  host.limiter.OnRefused(permit, retry_after);
  stats_.With([](FetchStats& stats) { ++stats.rate_limited; });
  options_.credential->AbandonRenewal();
  if (!host.refused_since) host.refused_since = now;
  const Duration wait = std::max(Duration::zero(), host.limiter.held_until() - now);
  if (now + wait - *host.refused_since > options_.max_wait) FailRenewal(WaitTooLong(wait));
}

void FetchLoop::RetryRenewal(const Failure& failure, std::optional<Duration> retry_after) {
  options_.credential->AbandonRenewal();
  Remember({.at_ms = clock_.WallNow(),
            .item = "renewal of the access token",
            .operation = "renewal",
            .status = failure.http_status,
            .code = failure.code,
            .attempt = renewal_.attempt,
            .message = KnownSecrets().Redact(failure.message)});
  const RetryDecision decision =
      Decide(renewal_.attempt, failure.code, retry_after, options_.retry, rng_);
  if (decision.kind != RetryDecision::Kind::kAgain) {
    return FailRenewal(
        {.error = {Code::kNetwork,
                   fmt::format("the access token cannot be renewed: {} ({} attempts)",
                               failure.message, renewal_.attempt)}});
  }
  ++renewal_.attempt;
  renewal_.not_before = clock_.Now() + decision.delay;
}

void FetchLoop::EndRenewal() { renewal_ = {.unused = true}; }

void FetchLoop::FailRenewal(Fatal fatal) {
  fatal.error.message = KnownSecrets().Redact(std::move(fatal.error.message));
  options_.credential->AbandonRenewal();
  AnswerWaiting(*api_host_, fatal);
  renewal_ = {.failed = std::move(fatal)};
}

}  // namespace sluice
