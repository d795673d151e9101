// OAuth as Trakt does it: the device flow, refresh tokens that work once, revocation.
//
// Thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "tests/sim/http_message.h"
#include "tests/sim/oauth.h"

namespace sluice::sim {

struct DeviceOptions {
  std::uint32_t polls = 1;       // so many polls are answered as pending
  int answer = 200;              // what comes then; 429 comes once, before everything else
  std::uint32_t interval_s = 5;  // what the code answer says
  std::uint32_t expires_in_s = 600;
};

class TraktOAuth {
 public:
  TraktOAuth(const TokenOptions& tokens, const DeviceOptions& device)
      : tokens_(tokens), device_(device) {}

  // A request whose path begins with /oauth/.
  HttpResponse Answer(const HttpRequest& request);
  // Counts a request with the access token; false when it does not work (any more). A token from
  // elsewhere works, but for "bad".
  bool Admit(std::string_view access);

 private:
  HttpResponse DeviceCode(const HttpRequest& request);
  HttpResponse DeviceToken(const HttpRequest& request);
  HttpResponse Token(const HttpRequest& request);
  HttpResponse Grant(const TokenIssuer::Pair& pair) const;

  // Own synchronisation.
  TokenIssuer tokens_;
  // Constant after construction.
  const DeviceOptions device_;
  // Guarded by mutex_.
  struct Device {
    std::uint32_t polls = 0;
    bool slowed = false;
    bool used = false;
  };
  std::mutex mutex_;
  std::map<std::string, Device> devices_;  // by device code
};

}  // namespace sluice::sim
