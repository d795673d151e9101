// Access and refresh tokens that carry their number, so that a simulator which is started again
// with the same seed knows those it gave out before. Refresh tokens work once.
//
// Thread-safe. Memory: a few bytes per token.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "tests/sim/http_message.h"

namespace sluice::sim {

struct TokenOptions {
  std::uint64_t seed = 1;
  std::uint64_t requests = 0;                         // an access token serves so many; 0: no end
  std::uint32_t expires_in_s = 86'400;                // what the token answer says
  std::string first_refresh = "first-refresh-token";  // works as if it had been given out
};

class TokenIssuer {
 public:
  enum class Standing { kGood, kExpired, kForeign };
  struct Pair {
    std::string access;
    std::string refresh;
  };

  explicit TokenIssuer(TokenOptions options) : options_(std::move(options)) {}

  Pair Issue();
  // The code of the device flow with this number.
  std::string DeviceCode(std::uint64_t number) const { return Text(Kind::kDevice, number); }
  // A new pair; nothing when the token is unknown or was used before.
  std::optional<Pair> Refresh(std::string_view refresh);
  // Counts one request with the token. A token that was not made here is kForeign until its
  // requests are used up.
  Standing Use(std::string_view access);
  void Revoke(std::string_view access);

  const TokenOptions& options() const { return options_; }

 private:
  enum class Kind : std::uint64_t { kAccess = 0xacce55, kRefresh = 0x2ef2e5, kDevice = 0xdec0de };
  std::string Text(Kind kind, std::uint64_t number) const;
  // The number of a token that was made here.
  std::optional<std::uint64_t> Number(Kind kind, std::string_view token) const;
  Pair IssueLocked();

  // Constant after construction.
  const TokenOptions options_;
  // Guarded by mutex_.
  std::mutex mutex_;
  std::uint64_t issued_ = 0;
  std::map<std::string, std::uint64_t, std::less<>> uses_;  // by access token
  std::set<std::string, std::less<>> revoked_;
  std::set<std::string, std::less<>> spent_;  // refresh tokens
};

// A parameter of a token request, whose body is a form or a JSON object; empty when absent.
std::string BodyValue(const HttpRequest& request, std::string_view name);

// RFC 6749, section 5.2.
HttpResponse OAuthError(int status, std::string_view error, std::string_view description);

}  // namespace sluice::sim
