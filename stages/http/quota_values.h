// The values that rate-limit headers hold, in every notation that was met. Pure.
//
// Each returns nullopt for anything malformed, negative, not finite, or further ahead than a year:
// a server that says so is broken, and backing off is wiser than believing it.
#pragma once

#include <optional>
#include <string_view>

#include "storage/base/clock.h"

namespace sluice {

enum class WaitUnit { kSeconds, kMilliseconds };

// "5", "2.0", "700"; no sign, exponent, infinity or hexadecimal.
std::optional<double> ParseHeaderNumber(std::string_view text);

// "Tue, 23 May 2023 14:42:01 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"
// (RFC 9110 section 5.6.7), "2020-10-10T00:24:00Z", "2026-02-03T10:15Z", "...+00:00".
// `now_ms` settles which century a two-digit year is in.
std::optional<WallMs> ParseInstant(std::string_view text, WallMs now_ms);

// How long from `now_ms`: a number of `unit`, an epoch in s, ms, us or ns (told apart by size), an
// instant as above, or a Go duration ("6m0s", "20ms"). What lies in the past is a wait of 0.
std::optional<Duration> ParseWait(std::string_view text, WaitUnit unit, WallMs now_ms);

// The same rule for a number that is already read.
std::optional<Duration> WaitOfSeconds(double seconds);

std::string_view TrimSpace(std::string_view text);

}  // namespace sluice
