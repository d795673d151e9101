// OAuth 2.0 (RFC 6749): an access token that is renewed with a refresh token (section 6) or with
// the client's own credentials (section 4.4).
//
// Refresh tokens that work once are safe: the file that keeps them is held while one is spent, room
// for its successor is reserved before, and the successor is durable before it is used.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "stages/http/credential.h"
#include "stages/http/token_answer.h"
#include "stages/http/token_file.h"
#include "storage/base/guarded.h"

namespace sluice {

struct OAuthOptions {
  enum class Grant { kRefreshToken, kClientCredentials };
  enum class Body { kForm, kJson };

  Grant grant = Grant::kRefreshToken;
  std::string token_url;      // token_refresh_endpoint, access_token_url
  std::string client_id;      // empty: not sent
  std::string client_secret;  // empty: not sent
  std::vector<std::string> scopes;
  // access_token_request_data: more parameters; one of the same name replaces ours.
  std::vector<std::pair<std::string, std::string>> request_data;
  Body body = Body::kForm;
  TokenAnswerFormat answer;  // expires_in_name, default_token_expiration
  std::string next_step;     // what to do when the server refuses: "run `sluice auth trakt`";
                             // empty: whoever shows the error says it
};

class OAuthCredential final : public Credential {
 public:
  // Whose a file is that was made for something else (TokenPair::belongs_to).
  enum class Foreign {
    kRefuse,   // the user's: left alone
    kReplace,  // the export's own: from an older setting
  };
  struct Store {
    TokenFile file;
    Foreign foreign = Foreign::kRefuse;
  };

  // `pair` as it was read from `store`, or where it begins; `pair.belongs_to` stays. Without a
  // store, tokens live as long as the process.
  OAuthCredential(OAuthOptions options, TokenPair pair, std::optional<Store> store);

  std::vector<HttpHeader> Headers() const override;
  std::int64_t version() const override;
  // From a tenth of its life, a minute at most, before its end; without a token at once.
  bool Expired(WallMs now_ms) const override;
  Result<Turn> BeginRenewal(WallMs now_ms) override;
  void AbandonRenewal() override { hold_.reset(); }
  std::optional<HttpRequest> RenewalRequest() const override;
  Status Renewed(const HttpResponse& response, WallMs now_ms) override;

 private:
  struct State {
    TokenPair pair;
    std::int64_t version = 0;
  };
  void Adopt(TokenPair pair);
  Error Refused(const std::string& what) const;

  // Constant after construction.
  const OAuthOptions options_;
  const std::optional<Store> store_;
  const std::string belongs_to_;
  // Own synchronisation.
  Guarded<State> state_;
  // Only on the thread of renewals.
  std::optional<TokenFile::Hold> hold_;
};

// With the pair that `file` keeps. `belongs_to`, where not empty, is what it must have been made
// for. Errors as of TokenFile::Read(), with `options.next_step`; kNotFound becomes kUnauthorized.
Result<std::shared_ptr<OAuthCredential>> OpenStoredTokens(OAuthOptions options,
                                                          const TokenFile& file,
                                                          std::string_view belongs_to);

// With the refresh token that a job names.
// - "file:PATH": new refresh tokens replace the one in that file.
// - "env:NAME", "cmd:COMMAND": the pair is kept in `state_folder`/token.json, for as long as the
//   reference gives the same token as when it was made (known by its hash).
// kUsage as of ResolveSecret().
Result<std::shared_ptr<OAuthCredential>> OpenRefreshToken(
    OAuthOptions options, std::string_view reference, const std::filesystem::path& state_folder);

}  // namespace sluice
