#include "pipeline/sources.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>

#include "pipeline/did_you_mean.h"
#include "pipeline/rest_setup.h"
#include "pipeline/trakt_credential.h"
#include "stages/http/fixed_credential.h"
#include "stages/http/secrets.h"
#include "stages/sources/notion/notion_source.h"
#include "stages/sources/rest/rest_source.h"
#include "stages/sources/trakt/trakt_source.h"
#include "storage/base/hash.h"

namespace sluice {
namespace {

// Raised when a rendering changes, so that what is stored is rendered anew.
constexpr int kNotionRenderVersion = 1;
constexpr int kTraktRenderVersion = 1;

bool Includes(const std::vector<std::string>& include, std::string_view what) {
  return std::find(include.begin(), include.end(), what) != include.end();
}

Result<std::string> Secret(const std::string& reference, Secrets secrets) {
  return secrets == Secrets::kMask ? Result<std::string>("***") : ResolveSecret(reference);
}

Result<SourceSetup> MakeNotion(const Job& job, Secrets secrets) {
  const Job::Notion& notion = job.notion;
  auto token = Secret(notion.token, secrets);
  if (!token) return Fail(token.error());
  SourceSetup setup;
  setup.source = std::make_unique<notion::NotionSource>(
      notion::NotionOptions{.base_url = notion.base_url,
                            .token = std::move(*token),
                            .version = notion.version,
                            .comments = Includes(notion.include, "comments"),
                            .users = Includes(notion.include, "users"),
                            .roots = notion.roots});
  setup.fingerprint =
      fmt::format("notion {} render {} include {} roots {}", notion.version, kNotionRenderVersion,
                  fmt::join(notion.include, ","), fmt::join(notion.roots, ","));
  return setup;
}

// No other thread is there. NOLINTNEXTLINE(concurrency-mt-unsafe)
const char* Variable(const char* name) { return std::getenv(name); }

Result<std::shared_ptr<Credential>> TraktCredential(const Job& job, const std::string& client_id,
                                                    Secrets secrets) {
  if (secrets == Secrets::kMask) return std::make_shared<BearerCredential>("***");
  return MakeTraktCredential(job.trakt, client_id, Variable, SystemClock().WallNow());
}

Result<SourceSetup> MakeTrakt(const Job& job, Secrets secrets) {
  const Job::Trakt& trakt = job.trakt;
  auto client_id = Secret(trakt.client_id, secrets);
  if (!client_id) {
    return Fail(client_id.error().code, "trakt.client_id: " + client_id.error().message);
  }
  auto credential = TraktCredential(job, *client_id, secrets);
  if (!credential) return Fail(credential.error());
  SourceSetup setup;
  setup.source = std::make_unique<trakt::TraktSource>(TraktOptionsOf(trakt, std::move(*client_id)),
                                                      *credential);
  setup.credential = std::move(*credential);
  setup.fingerprint =
      fmt::format("trakt render {} include {} history {} rows {} timezone {} tags {} reviews {}",
                  kTraktRenderVersion, fmt::join(trakt.include, ","), trakt.history_mode,
                  trakt.rows, trakt.timezone, fmt::join(trakt.tags, ","), trakt.reviews);
  return setup;
}

Result<SourceSetup> MakeRest(const Job& job, Secrets secrets) {
  auto setup = SetUpRest(job.rest, secrets, job.output / ".sluice");
  if (!setup) return Fail(setup.error());
  return SourceSetup{
      .source = std::make_unique<rest::RestSource>(std::move(setup->spec), setup->credential),
      .credential = setup->credential,
      .fingerprint = fmt::format("rest {}", Sha256Hex(job.rest.definition))};
}

Result<SourceSetup> Make(const Job& job, Secrets secrets) {
  switch (job.source) {
    case SourceKind::kNotion:
      return MakeNotion(job, secrets);
    case SourceKind::kTrakt:
      return MakeTrakt(job, secrets);
    case SourceKind::kRest:
      return MakeRest(job, secrets);
  }
  return Fail(Code::kUsage, "the job names no source");
}

// A limit for an operation that no request names would have no effect.
Status CheckOperations(const Job& job, const Source& source) {
  const SourceLimits limits = source.Limits();
  std::vector<std::string_view> names;
  for (const auto& operation : limits.operations) names.push_back(operation.name);
  for (const auto& [name, limit] : job.stages.fetch.operations) {
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    const std::string key = "stages.fetch." + name;
    const auto origin = job.origins.find(key);
    return Fail(Code::kUsage, fmt::format("{}{}: this job has no such operation{}; it has {}",
                                          origin == job.origins.end() ? "" : origin->second + ": ",
                                          key, DidYouMean(name, names), fmt::join(names, ", ")));
  }
  return {};
}

}  // namespace

Result<SourceSetup> MakeSource(const Job& job, Secrets secrets) {
  auto setup = Make(job, secrets);
  if (!setup) return setup;
  if (auto status = CheckOperations(job, *setup->source); !status) return Fail(status.error());
  return setup;
}

trakt::TraktOptions TraktOptionsOf(const Job::Trakt& trakt, std::string client_id) {
  using Options = trakt::TraktOptions;
  return {.client_id = std::move(client_id),
          .base_url = trakt.base_url,
          .include = trakt.include,
          .history_mode = trakt.history_mode == "aggregated" ? Options::HistoryMode::kAggregated
                                                             : Options::HistoryMode::kIndividual,
          .rows = trakt.rows == "new_only" ? Options::Rows::kNewOnly : Options::Rows::kFull,
          .timezone = trakt.timezone,
          .tags = trakt.tags,
          .reviews = trakt.reviews};
}

Opening FirstOpening(const Source& source) {
  const LastRun nothing{.generation = 1, .find = [](const DocumentId&) { return std::nullopt; }};
  return source.Open(nothing);
}

std::vector<Request> FirstRequests(const Source& source) {
  Opening opening = FirstOpening(source);
  std::vector<Request> requests = std::move(opening.requests);
  for (const DocumentUpdate& document : opening.documents) {
    requests.insert(requests.end(), document.content.begin(), document.content.end());
  }
  return requests;
}

std::vector<SecretReference> SecretReferences(const Job& job) {
  switch (job.source) {
    case SourceKind::kNotion:
      return {{"notion.token", job.notion.token}};
    case SourceKind::kTrakt:
      if (job.trakt.token.empty()) return {{"trakt.client_id", job.trakt.client_id}};
      return {{"trakt.client_id", job.trakt.client_id}, {"trakt.token", job.trakt.token}};
    case SourceKind::kRest:
      return RestReferences(job.rest);
  }
  return {};
}

const std::string& BaseUrl(const Job& job) {
  if (job.source == SourceKind::kRest) return job.rest.spec.base_url;
  return job.source == SourceKind::kTrakt ? job.trakt.base_url : job.notion.base_url;
}

std::string BaseUrlKey(const Job& job) {
  return job.source == SourceKind::kRest ? "client.base_url"
                                         : fmt::format("{}.base_url", SourceName(job.source));
}

std::string CredentialAdvice(const Job& job) {
  switch (job.source) {
    case SourceKind::kNotion:
      return "check what notion.token refers to";
    case SourceKind::kTrakt:
      return job.trakt.token.empty() ? "authorise again with `sluice auth trakt`"
                                     : "check what trakt.token and trakt.client_id refer to";
    case SourceKind::kRest:
      return "check what client.auth refers to";
  }
  return "";
}

bool AllowsPlainHttp(const Job& job) {
  switch (job.source) {
    case SourceKind::kNotion:
      return job.notion.allow_http;
    case SourceKind::kTrakt:
      return job.trakt.allow_http;
    case SourceKind::kRest:
      return job.rest.allow_http;
  }
  return false;
}

}  // namespace sluice
