// What a job file says about a REST API: [client], [resource_defaults] and [[resources]]. The keys
// are dlt's rest_api where it has them, those of Airbyte's manifest where it has not, and our own
// beyond; pipeline/README.md lists them and says which are which.
#pragma once

#include <toml++/impl/forward_declarations.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/problems.h"
#include "stages/sources/rest/rest_spec.h"

namespace sluice {

// [client] auth. Every field but those that say otherwise is a reference or empty.
struct RestAuth {
  enum class Type {
    kNone,
    kBearer,
    kApiKey,
    kHttpBasic,
    kOauth2ClientCredentials,
    kOauth2Refresh,
  };
  enum class Location { kHeader, kQuery, kCookie };

  Type type = Type::kNone;
  std::string token;                      // bearer
  std::string name = "Authorization";     // api_key: of the header, parameter or cookie; literal
  std::string api_key;                    // api_key
  Location location = Location::kHeader;  // api_key
  std::string username;                   // http_basic: literal or reference
  std::string password;                   // http_basic
  std::string token_url;                  // both oauth2: literal
  std::string client_id;                  // both oauth2: literal or reference
  std::string client_secret;              // both oauth2
  std::string refresh_token;              // oauth2_refresh
  std::vector<std::string> scopes;        // both oauth2
  std::vector<rest::NamedValue> request_data;     // both oauth2: further fields; literal
  std::string expires_in_name = "expires_in";     // both oauth2: in the answer
  std::chrono::seconds default_expiration{3600};  // where the answer does not say
};

struct RestJob {
  // Headers may hold references (see IsReference()), and `query` holds nothing else.
  rest::RestSpec spec;
  RestAuth auth;
  bool allow_http = false;           // client.allow_http: as notion.allow_http
  std::optional<int> read_attempts;  // from error_handler.max_retries; [retry] overrides it
  std::map<std::string, std::uint32_t> lines;  // where each resource stands in the file
  std::vector<std::string> notes;              // deprecated spellings and the like, for people
  std::string definition;  // what was asked for, as text without secrets and addresses
};

// Reads the three tables of `table` into `job`; client.base_url and client.allow_http are read as
// keys of the job (job_keys.h). What is wrong goes to `problems`.
void ReadRestJob(const toml::table& table, RestJob& job, Problems& problems);

// A header's value that names a secret instead of holding it.
bool IsReference(const std::string& value);

// A header, parameter or cookie whose value is most likely a secret, by its name.
bool LooksSecret(std::string_view name);

}  // namespace sluice
