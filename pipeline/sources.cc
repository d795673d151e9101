#include "pipeline/sources.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "pipeline/did_you_mean.h"
#include "stages/http/secrets.h"
#include "stages/sources/notion/notion_source.h"

namespace sluice {
namespace {

// Raised when a rendering changes, so that what is stored is rendered anew.
constexpr int kNotionRenderVersion = 1;

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

Result<SourceSetup> Make(const Job& job, Secrets secrets) {
  if (job.source == SourceKind::kNotion) return MakeNotion(job, secrets);
  return Fail(Code::kUsage,
              fmt::format("source '{}' is not in this build", SourceName(job.source)));
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

std::vector<SecretReference> SecretReferences(const Job& job) {
  switch (job.source) {
    case SourceKind::kNotion:
      return {{"notion.token", job.notion.token}};
    case SourceKind::kTrakt:
      if (job.trakt.token.empty()) return {{"trakt.client_id", job.trakt.client_id}};
      return {{"trakt.client_id", job.trakt.client_id}, {"trakt.token", job.trakt.token}};
    case SourceKind::kRest:
      return {};
  }
  return {};
}

const std::string& BaseUrl(const Job& job) {
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
      return false;
  }
  return false;
}

}  // namespace sluice
