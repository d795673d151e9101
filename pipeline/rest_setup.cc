#include "pipeline/rest_setup.h"

#include <fmt/format.h>

#include "stages/http/fixed_credential.h"
#include "stages/http/oauth_credential.h"
#include "stages/http/secrets.h"

namespace sluice {
namespace {

using Type = RestAuth::Type;

constexpr const char* kMask = "***";

class SetUp {
 public:
  SetUp(const RestJob& job, Secrets secrets, const std::filesystem::path& state_folder)
      : auth_(job.auth),
        secrets_(secrets),
        state_folder_(state_folder),
        result_{job.spec, nullptr} {}

  Result<RestSetup> operator()() && {
    for (auto& header : result_.spec.headers)
      Resolve("client.headers." + header.name, header.value);
    for (auto& param : result_.spec.query) ResolveParam(param);
    for (auto& resource : result_.spec.resources) {
      for (auto& header : resource.headers) {
        Resolve(fmt::format("resources.{}.endpoint.headers.{}", resource.name, header.name),
                header.value);
      }
    }
    Authorise();
    if (error_) return tl::unexpected(std::move(*error_));
    return std::move(result_);
  }

 private:
  // A value that is no reference stays.
  void Resolve(const std::string& key, std::string& value) {
    if (IsReference(value)) value = Secret(key, value);
  }

  void ResolveParam(rest::NamedValue& param) {
    if (IsReference(param.value)) KnownSecrets().AddParameter(param.name);
    Resolve("params." + param.name, param.value);
  }

  // The first failure stands.
  std::string Secret(const std::string& key, const std::string& reference) {
    if (secrets_ == Secrets::kMask) return kMask;
    auto secret = ResolveSecret(reference);
    if (secret) return std::move(*secret);
    if (!error_) error_ = Error{secret.error().code, key + ": " + secret.error().message};
    return "";
  }
  // What may stand there itself.
  std::string NameOrSecret(const std::string& key, const std::string& value) {
    return IsReference(value) ? Secret(key, value) : value;
  }

  void Authorise() {
    switch (auth_.type) {
      case Type::kNone:
        return;
      case Type::kBearer:
        result_.credential =
            std::make_shared<BearerCredential>(Secret("client.auth.token", auth_.token));
        return;
      case Type::kApiKey:
        return PlaceKey(Secret("client.auth.api_key", auth_.api_key));
      case Type::kHttpBasic:
        return UseBasic();
      case Type::kOauth2ClientCredentials:
      case Type::kOauth2Refresh:
        return UseOauth();
    }
  }

  void PlaceKey(const std::string& key) {
    switch (auth_.location) {
      case RestAuth::Location::kHeader:
        result_.credential = std::make_shared<ApiKeyCredential>(auth_.name, key);
        return;
      case RestAuth::Location::kQuery:
        KnownSecrets().AddParameter(auth_.name);
        result_.spec.query.push_back({auth_.name, key});
        return;
      case RestAuth::Location::kCookie:
        result_.credential = std::make_shared<ApiKeyCredential>("Cookie", auth_.name + "=" + key);
        return;
    }
  }

  void UseBasic() {
    const std::string username = NameOrSecret("client.auth.username", auth_.username);
    const std::string password =
        auth_.password.empty() ? "" : Secret("client.auth.password", auth_.password);
    if (secrets_ == Secrets::kMask) {
      result_.credential = std::make_shared<ApiKeyCredential>("Authorization", "Basic ***");
    } else {
      result_.credential = std::make_shared<BasicCredential>(username, password);
    }
  }

  void UseOauth() {
    if (secrets_ == Secrets::kMask) {
      result_.credential = std::make_shared<BearerCredential>(kMask);
      return;
    }
    OAuthOptions options{
        .grant = auth_.type == Type::kOauth2Refresh ? OAuthOptions::Grant::kRefreshToken
                                                    : OAuthOptions::Grant::kClientCredentials,
        .token_url = auth_.token_url,
        .client_id = NameOrSecret("client.auth.client_id", auth_.client_id),
        .client_secret = auth_.client_secret.empty()
                             ? ""
                             : Secret("client.auth.client_secret", auth_.client_secret),
        .scopes = auth_.scopes,
        .answer = {.expires_in_name = auth_.expires_in_name,
                   .default_expires_in = auth_.default_expiration.count()}};
    for (const auto& field : auth_.request_data) {
      options.request_data.emplace_back(field.name, field.value);
    }
    if (error_) return;
    if (auth_.type == Type::kOauth2ClientCredentials) {
      result_.credential =
          std::make_shared<OAuthCredential>(std::move(options), TokenPair{}, std::nullopt);
      return;
    }
    auto opened = OpenRefreshToken(std::move(options), auth_.refresh_token, state_folder_);
    if (opened) {
      result_.credential = std::move(*opened);
    } else {
      error_ = Error{opened.error().code, "client.auth.refresh_token: " + opened.error().message};
    }
  }

  const RestAuth& auth_;
  const Secrets secrets_;
  const std::filesystem::path& state_folder_;
  RestSetup result_;
  std::optional<Error> error_;
};

}  // namespace

std::vector<SecretReference> RestReferences(const RestJob& job) {
  std::vector<SecretReference> references;
  const auto add = [&](const std::string& key, const std::string& value) {
    if (IsReference(value)) references.push_back({key, value});
  };
  const RestAuth& auth = job.auth;
  add("client.auth.token", auth.token);
  add("client.auth.api_key", auth.api_key);
  add("client.auth.username", auth.username);
  add("client.auth.password", auth.password);
  add("client.auth.client_id", auth.client_id);
  add("client.auth.client_secret", auth.client_secret);
  add("client.auth.refresh_token", auth.refresh_token);
  for (const auto& header : job.spec.headers) add("client.headers." + header.name, header.value);
  for (const auto& param : job.spec.query) add("params." + param.name, param.value);
  for (const auto& resource : job.spec.resources) {
    for (const auto& header : resource.headers) {
      add(fmt::format("resources.{}.endpoint.headers.{}", resource.name, header.name),
          header.value);
    }
  }
  return references;
}

Result<RestSetup> SetUpRest(const RestJob& job, Secrets secrets,
                            const std::filesystem::path& state_folder) {
  return SetUp(job, secrets, state_folder)();
}

}  // namespace sluice
