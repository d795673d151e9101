// Who may ask the rest service: nothing at all, a bearer token, a password, a key, or tokens that
// the service gives out itself (RFC 6749: client_credentials, and refresh_token with rotation).
//
// Thread-safe.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "tests/sim/http_message.h"
#include "tests/sim/oauth.h"

namespace sluice::sim {

class RestAuth {
 public:
  // `text`: "", "bearer:TOKEN", "basic:USER:PASSWORD", "api_key:NAME:VALUE" (in a header, the query
  // or a cookie), "oauth2" or "oauth2:CLIENT_ID:CLIENT_SECRET". Throws std::invalid_argument.
  RestAuth(const std::string& text, const TokenOptions& tokens);

  // The 401 of a request that may not pass. Counts a request of an OAuth access token.
  std::optional<HttpResponse> Check(const HttpRequest& request);
  // POST /oauth/token; nothing when the service gives out no tokens.
  std::optional<HttpResponse> TokenAnswer(const HttpRequest& request);

 private:
  enum class Kind { kNone, kHeader, kApiKey, kOAuth };
  bool HasApiKey(const HttpRequest& request) const;
  bool KnowsClient(const HttpRequest& request) const;
  HttpResponse Grant(const TokenIssuer::Pair& pair, bool with_refresh) const;

  // Constant after construction.
  Kind kind_ = Kind::kNone;
  std::string expected_;    // kHeader: the value of Authorization
  std::string key_name_;    // kApiKey
  std::string key_header_;  // the same in lower case
  std::string key_;
  std::string client_id_;  // kOAuth; empty: any client is known
  std::string client_secret_;
  // Own synchronisation.
  std::unique_ptr<TokenIssuer> tokens_;
};

}  // namespace sluice::sim
