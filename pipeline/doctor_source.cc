// The token and the API.
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <future>

#include "pipeline/doctor.h"
#include "pipeline/token_reference.h"
#include "stages/http/curl_transport.h"
#include "stages/http/secrets.h"

namespace sluice {
namespace {

using Level = Finding::Level;

// Shorter than that of a run: somebody waits for it.
constexpr std::chrono::milliseconds kTimeout{20'000};

Finding Token(const Job& job) {
  Finding finding{.check = "token", .what = ShowTokenReference(job.notion.token)};
  // No other thread is there. NOLINTNEXTLINE(concurrency-mt-unsafe)
  const auto found =
      CheckTokenReference(job.notion.token, [](const char* name) { return std::getenv(name); });
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
       .plain_http = job.notion.allow_http ? PlainHttp::kAllowed : PlainHttp::kLoopbackOnly,
       .connect_timeout = kTimeout / 2});
  std::promise<TransportResult> result;
  transport.Post([&] {
    transport.Start(std::move(request),
                    [&](TransportResult answer) { result.set_value(std::move(answer)); });
  });
  return result.get_future().get();
}

AnswerView View(const HttpResponse& response) {
  return {.status = response.status, .body = response.body, .headers = response.headers};
}

// What a first run begins with.
std::optional<Request> FirstRequest(const Source& source) {
  const Opening opening =
      source.Open({.generation = 1, .find = [](const DocumentId&) { return std::nullopt; }});
  if (!opening.requests.empty()) return opening.requests.front();
  for (const DocumentUpdate& document : opening.documents) {
    if (!document.content.empty()) return document.content.front();
  }
  return std::nullopt;
}

Finding Judged(const Source& source, const Request& request, const HttpResponse& response) {
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(response.elapsed);
  Finding finding{.check = "API", .what = fmt::format("HTTP {}", response.status)};
  if (response.status / 100 == 2) {
    if (const auto read = source.Read(request, View(response), 0); read) {
      finding.what = fmt::format("it answers in {} ms and takes the token", took.count());
      return finding;
    }
    finding.level = Level::kFail;
    finding.what = "it answers with something that is not its API's";
    finding.next = "see that notion.base_url is the address of the API";
    finding.code = Code::kInvalid;
    return finding;
  }
  const Verdict verdict = source.Judge(request, View(response));
  finding.what = verdict.message;
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
      finding.next = "see that notion.base_url and notion.roots are right";
  }
  return finding;
}

Finding Api(const Job& job, const MakeSource& make_source) {
  auto token = ResolveSecret(job.notion.token);
  if (!token) {
    return {.level = Level::kFail,
            .check = "API",
            .what = "not asked: " + token.error().message,
            .code = token.error().code};
  }
  const auto source = make_source(job, std::move(*token));
  const auto request = FirstRequest(*source);
  if (!request) return {.check = "API", .what = "the job asks for nothing"};
  const TransportResult answer = SendOne(job, source->ToHttp(*request));
  if (answer) return Judged(*source, *request, *answer);
  return {.level = Level::kFail,
          .check = "API",
          .what = answer.error().message,
          .next = "see that notion.base_url and the network are right",
          .code = Code::kNetwork};
}

}  // namespace

Findings CheckSource(const Job& job, const MakeSource& make_source, Reach reach) {
  Findings findings{Token(job)};
  if (reach == Reach::kOffline) {
    findings.push_back(
        {.check = "API", .what = fmt::format("{}: not asked (--offline)", job.notion.base_url)});
  } else if (findings.back().level != Level::kFail) {
    findings.push_back(Api(job, make_source));
  }
  return findings;
}

}  // namespace sluice
