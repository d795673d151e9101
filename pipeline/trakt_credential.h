// What authorises the requests of a trakt job: an access token that it names, or the pair that
// `sluice auth trakt` has stored, which is renewed when it must be.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "pipeline/job.h"
#include "pipeline/token_reference.h"
#include "stages/http/oauth_credential.h"

namespace sluice {

// Where trakt.token_file lies. A "~/" at its beginning is $HOME; the default lies in
// $XDG_CONFIG_HOME/sluice where that is set. kUsage: HOME is needed and not set.
Result<std::filesystem::path> TraktTokenFile(const std::string& token_file, const GetEnv& get_env);

// What a stored pair says that it belongs to.
std::string TraktTokenOwner(const std::string& client_id);

OAuthOptions TraktOAuth(const std::string& auth_url, std::string client_id,
                        std::string client_secret);

// `client_id` as it was resolved. kUnauthorized: no pair is stored, or not for this client id, with
// the command that makes one. kUsage: a secret cannot be found. trakt.client_secret is needed only
// when the stored token has expired; a token that ends during the run is not renewed without it.
Result<std::shared_ptr<Credential>> MakeTraktCredential(const Job::Trakt& trakt,
                                                        const std::string& client_id,
                                                        const GetEnv& get_env, WallMs now_ms);

}  // namespace sluice
