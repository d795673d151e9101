// A credential that can be renewed: an OAuth access token that expires. Requests carry what is in
// force when they are sent; when the API says 401, or the token is known to have expired, fetch
// renews it once for all requests and sends them again.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "stages/http/transport.h"
#include "storage/base/clock.h"
#include "storage/base/result.h"

namespace sluice {

// Thread-safe: Headers(), version() and Expired(). Renewals are one thread's, fetch's; they may
// write a small file there. Implementations hold secrets; nothing of them is logged.
class Credential {
 public:
  virtual ~Credential() = default;

  // The headers that authorise a request now (none before the first renewal of a credential that
  // begins without a token).
  virtual std::vector<HttpHeader> Headers() const = 0;
  // Rises with every renewal: tells an answer to an old token from one to the new.
  virtual std::int64_t version() const = 0;
  // Whether the token should be renewed before the next request is sent.
  virtual bool Expired(WallMs now_ms) const = 0;

  // What a renewal begins with. kAsk: send RenewalRequest(). kRenewedElsewhere: another process
  // has renewed the token that both use; Headers() and version() have changed. kWait: another
  // process is at it; begin again a little later. Fails where a new token could not be stored or
  // what is stored cannot be used: nothing has been sent, so nothing is lost.
  // kAsk reserves the stored token until Renewed() succeeds or AbandonRenewal().
  enum class Turn { kAsk, kRenewedElsewhere, kWait };
  virtual Result<Turn> BeginRenewal(WallMs /*now_ms*/) { return Turn::kAsk; }
  // The renewal that has begun ends without a new token.
  virtual void AbandonRenewal() {}

  // The request that renews it. nullopt: it cannot be renewed (a 401 then ends the run).
  virtual std::optional<HttpRequest> RenewalRequest() const = 0;
  // Takes the answer to it. On success the new token is durable (where it is stored at all) and
  // Headers() gives it: a single-use refresh token must never be lost between the two.
  // Code::kUnauthorized: the server refuses for good, with what the user should do;
  // Code::kTransient: try again; Code::kDisk: the new token could not be stored.
  virtual Status Renewed(const HttpResponse& response, WallMs now_ms) = 0;
};

}  // namespace sluice
