// What a refusal's body says about a limit, as some APIs say it there and in no header. Pure.
#pragma once

#include <optional>
#include <string_view>

#include "storage/base/clock.h"

namespace sluice {

// Discord: {"retry_after": 64.57}, in seconds. Google (google.rpc.RetryInfo):
// {"error": {"details": [{"@type": ".../google.rpc.RetryInfo", "retryDelay": "3.5s"}]}}.
// nullopt for every other body, and for a time that is negative or further ahead than a year.
std::optional<Duration> WaitInBody(std::string_view body);

enum class LimitKind {
  kRate,       // too much for a time
  kSecondary,  // GitHub's limit against abuse, which wants a minute or more of silence
};

// Whether an error says that it is a limit that refuses, and not a permission: by the reason or
// code that it gives (Google's userRateLimitExceeded, RATE_LIMIT_EXCEEDED) or the words of its
// message. Only where these stand in an error's JSON; nullopt for every other body.
std::optional<LimitKind> LimitInBody(std::string_view body);

}  // namespace sluice
