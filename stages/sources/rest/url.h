// Targets: path and query of a request, as they stand in the state. Pure; libcurl parses the URLs.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stages/http/percent.h"
#include "stages/http/secrets.h"
#include "storage/base/result.h"

namespace sluice::rest {

// "https://api.example.com:8443" and "/v1" of "https://api.example.com:8443/v1".
struct BaseUrl {
  std::string origin;
  std::string path;  // without a slash at its end
};
BaseUrl SplitBaseUrl(std::string_view base_url);

// The value of a query parameter, decoded. nullopt: there is none of that name.
std::optional<std::string> GetParam(std::string_view target, std::string_view name);
// Puts it in the place of the parameter of that name, or at the end. Encodes both.
std::string WithParam(std::string_view target, std::string_view name, std::string_view value);
// Puts it at the end, beside others of that name.
std::string PlusParam(std::string_view target, std::string_view name, std::string_view value);
// Without the parameters of these names.
std::string WithoutParams(std::string_view target, const std::vector<std::string>& names);
// Without the parameters that are secret ones, and those whose whole value is a secret, as where a
// server puts the token that it was sent into its links. What stands in `asked`, the target that
// the link was given for, is the job's own and stays: it may be a user name.
std::string WithoutSecretParams(std::string_view target, std::string_view asked,
                                const SecretSet& secrets);

// The target that a link in the answer to `target` leads to; relative links are resolved against
// it. Code::kInvalid: it is no URL, or leads to another host, which must not see our credentials.
// One that differs in the scheme alone (a proxy that speaks https for a server behind it) is taken,
// and asked for at our own origin.
Result<std::string> FollowLink(std::string_view base_url, std::string_view target,
                               std::string_view link);

}  // namespace sluice::rest
