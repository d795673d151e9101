// The device flow of OAuth (RFC 8628) as Trakt speaks it: the user types a code into a page, and we
// ask again and again whether that has happened. Answers in, the next step out; pure.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "stages/http/token_answer.h"
#include "stages/http/transport.h"
#include "storage/base/clock.h"

namespace sluice {

// What the server gives to begin with.
struct DeviceCode {
  std::string device_code;  // secret
  std::string user_code;    // for the user to type
  std::string verification_url;
  Duration expires_in{0};
  Duration interval{0};  // between two questions
};

// kInvalid: not what a device endpoint answers. kUnauthorized: it knows no such client id.
// kTransient: try again.
Result<DeviceCode> ReadDeviceCode(const HttpResponse& response);

// One authorisation. Not thread-safe.
class DeviceFlow {
 public:
  struct AskAt {
    SteadyTime time;
  };
  struct Granted {
    TokenPair pair;
  };
  struct Ended {
    Error error;  // kUnauthorized, with the next step
  };
  using Step = std::variant<AskAt, Granted, Ended>;

  // `now` is when the code came.
  DeviceFlow(DeviceCode code, SteadyTime now);

  Step Begin() const;
  // 200: the token. 400: not yet. 404: no such code. 409: used before. 410: expired. 418: denied.
  // 429: asked too fast; every later pause is a second longer. Anything else: asked again.
  Step OnAnswer(const HttpResponse& response, SteadyTime now, WallMs wall_ms);
  // The question got no answer; asked again until the code ends.
  Step OnNoAnswer(SteadyTime now) { return AskAgain(now); }

  const DeviceCode& code() const { return code_; }

 private:
  Step AskAgain(SteadyTime now) const;

  const DeviceCode code_;
  const SteadyTime ends_;
  Duration interval_;
};

}  // namespace sluice
