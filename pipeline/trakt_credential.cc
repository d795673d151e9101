#include "pipeline/trakt_credential.h"

#include <fmt/format.h>

#include "stages/http/fixed_credential.h"
#include "stages/http/secrets.h"
#include "storage/base/hash.h"

namespace sluice {
namespace {

constexpr const char* kNextStep = "run `sluice auth trakt`";

const char* Variable(const GetEnv& get_env, const char* name) {
  const char* const value = get_env(name);
  return value != nullptr && *value != '\0' ? value : nullptr;
}

}  // namespace

Result<std::filesystem::path> TraktTokenFile(const std::string& token_file, const GetEnv& get_env) {
  const char* const config = Variable(get_env, "XDG_CONFIG_HOME");
  if (config != nullptr && token_file == Job::Trakt().token_file) {
    return std::filesystem::path(config) / "sluice" / "trakt.json";
  }
  if (!token_file.starts_with("~/")) return std::filesystem::path(token_file);
  const char* const home = Variable(get_env, "HOME");
  if (home == nullptr) {
    return Fail(Code::kUsage, fmt::format("the token file {} needs $HOME, which is not set; set "
                                          "it, or name another file",
                                          token_file));
  }
  return std::filesystem::path(home) / token_file.substr(2);
}

std::string TraktTokenOwner(const std::string& client_id) {
  return Sha256Hex("trakt client " + client_id);
}

OAuthOptions TraktOAuth(const std::string& auth_url, std::string client_id,
                        std::string client_secret) {
  return {.token_url = auth_url + "/oauth/token",
          .client_id = std::move(client_id),
          .client_secret = std::move(client_secret),
          .request_data = {{"redirect_uri", "urn:ietf:wg:oauth:2.0:oob"}},
          .body = OAuthOptions::Body::kJson,
          .answer = {.default_expires_in = 86'400},
          .next_step = kNextStep};
}

Result<std::shared_ptr<Credential>> MakeTraktCredential(const Job::Trakt& trakt,
                                                        const std::string& client_id,
                                                        const GetEnv& get_env, WallMs now_ms) {
  if (!trakt.token.empty()) {
    const auto token = ResolveSecret(trakt.token);
    if (!token) return Fail(token.error());
    return std::make_shared<BearerCredential>(*token);
  }
  const auto path = TraktTokenFile(trakt.token_file, get_env);
  if (!path) return Fail(path.error());
  const auto secret = ResolveSecret(trakt.client_secret);
  auto stored = OpenStoredTokens(TraktOAuth(trakt.auth_url, client_id, secret.value_or("")),
                                 TokenFile(*path), TraktTokenOwner(client_id));
  if (!stored) return Fail(stored.error());
  if (secret) return *stored;
  if ((*stored)->Expired(now_ms)) {
    return Fail(Code::kUsage,
                fmt::format("the stored token has expired, and trakt.client_secret is needed to "
                            "renew it: {}",
                            secret.error().message));
  }
  const auto headers = (*stored)->Headers();
  constexpr std::string_view kBearer = "Bearer ";
  return std::make_shared<BearerCredential>(headers.front().value.substr(kBearer.size()));
}

}  // namespace sluice
