// The token and the API.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <future>

#include "pipeline/doctor.h"
#include "pipeline/sources.h"
#include "pipeline/token_reference.h"
#include "stages/http/curl_transport.h"
#include "stages/http/secrets.h"

namespace sluice {
namespace {

using Level = Finding::Level;

// Shorter than that of a run: somebody waits for it.
constexpr std::chrono::milliseconds kTimeout{20'000};

Finding Found(const SecretReference& reference) {
  const std::string name = reference.key.substr(reference.key.rfind('.') + 1);
  Finding finding{.check = name, .what = ShowTokenReference(reference.value)};
  // No other thread is there. NOLINTNEXTLINE(concurrency-mt-unsafe)
  const auto found =
      CheckTokenReference(reference.value, [](const char* name_) { return std::getenv(name_); });
  if (found) {
    finding.what += ": " + *found;
  } else {
    finding.level = Level::kFail;
    finding.what = found.error().message;
    finding.code = found.error().code;
  }
  return finding;
}

TransportResult SendOne(const Job& job, HttpRequest request) {
  request.timeout = kTimeout;
  CurlTransport transport(
      {.in_flight_max = 1,
       .plain_http = AllowsPlainHttp(job) ? PlainHttp::kAllowed : PlainHttp::kLoopbackOnly,
       .connect_timeout = kTimeout / 2});
  std::promise<TransportResult> result;
  transport.Post([&] {
    transport.Start(std::move(request),
                    [&](TransportResult answer) { result.set_value(std::move(answer)); });
  });
  return result.get_future().get();
}

Finding Judged(const Job& job, const Source& source, const Request& request,
               const HttpResponse& response) {
  const AnswerView answer{response.status, response.body, response.headers};
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(response.elapsed);
  Finding finding{.check = "API", .what = fmt::format("HTTP {}", response.status)};
  if (response.status / 100 == 2) {
    if (const auto read = source.Read(request, answer, 0); read) {
      finding.what = fmt::format("it answers in {} ms and takes the token", took.count());
      return finding;
    }
    finding.level = Level::kFail;
    finding.what = "it answers with something that is not its API's";
    finding.next = fmt::format("see that {} is the address of the API", BaseUrlKey(job));
    finding.code = Code::kInvalid;
    return finding;
  }
  const Verdict verdict = source.Judge(request, answer);
  finding.what = KnownSecrets().Redact(verdict.message);
  finding.code = verdict.code;
  finding.level = Level::kFail;
  switch (verdict.code) {
    case Code::kUnauthorized:
      finding.next = "see that the token is right and not revoked";
      break;
    case Code::kRateLimited:
      finding.level = Level::kWarn;  // a run waits
      finding.next = "the limit is used up for now; a run waits for it";
      break;
    case Code::kTransient:
      finding.level = Level::kWarn;
      finding.next = "a run tries again; see whether the API has an outage if it lasts";
      break;
    default:
      finding.next =
          fmt::format("see that {} and what the job asks for are right", BaseUrlKey(job));
  }
  return finding;
}

Finding Api(const Job& job) {
  const auto setup = MakeSource(job, Secrets::kResolve);
  if (!setup) {
    return {.level = Level::kFail,
            .check = "API",
            .what = "not asked: " + setup.error().message,
            .code = setup.error().code};
  }
  // To fetch one would spend a refresh token that may work once.
  if (setup->credential && setup->credential->Expired(SystemClock().WallNow())) {
    return {.check = "API", .what = "not asked: a run fetches a new access token first"};
  }
  const Source* const source = setup->source.get();
  const std::vector<Request> requests = FirstRequests(*source);
  if (requests.empty()) return {.check = "API", .what = "the job asks for nothing"};
  const Request& request = requests.front();
  const TransportResult answer = SendOne(job, source->ToHttp(request));
  if (answer) return Judged(job, *source, request, *answer);
  return {.level = Level::kFail,
          .check = "API",
          .what = KnownSecrets().Redact(answer.error().message),
          .next = fmt::format("see that {} and the network are right", BaseUrlKey(job)),
          .code = Code::kNetwork};
}

}  // namespace

Findings CheckSource(const Job& job, Reach reach) {
  Findings findings;
  for (const SecretReference& reference : SecretReferences(job)) {
    findings.push_back(Found(reference));
  }
  const bool all_found = std::ranges::none_of(
      findings, [](const Finding& finding) { return finding.level == Level::kFail; });
  if (reach == Reach::kOffline) {
    findings.push_back(
        {.check = "API", .what = fmt::format("{}: not asked (--offline)", BaseUrl(job))});
  } else if (all_found) {
    findings.push_back(Api(job));
  }
  return findings;
}

}  // namespace sluice
