// When to come back, as some APIs say it in the body of a refusal and in no header. Pure.
#pragma once

#include <optional>
#include <string_view>

#include "storage/base/clock.h"

namespace sluice {

// Discord: {"retry_after": 64.57}, in seconds. Google (google.rpc.RetryInfo):
// {"error": {"details": [{"@type": ".../google.rpc.RetryInfo", "retryDelay": "3.5s"}]}}.
// nullopt for every other body, and for a time that is negative or further ahead than a year.
std::optional<Duration> WaitInBody(std::string_view body);

}  // namespace sluice
