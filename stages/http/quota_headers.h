// What an answer's headers say about the server's limits: Retry-After and its variants, the
// X-RateLimit family, the IETF RateLimit fields of every draft, and vendors' own. Pure.
#pragma once

#include <optional>
#include <vector>

#include "stages/http/transport.h"
#include "storage/base/clock.h"

namespace sluice {

// A hint at most: every part is optional, and what was malformed is left out. Where an answer
// describes several limits, this is the tightest: of those used up the one that waits longest, else
// the one with the fewest requests left for its time.
struct QuotaHint {
  std::optional<Duration> retry_after;  // the server's own word on when to come back; >= 0
  std::optional<double> limit;          // requests per `window`
  std::optional<double> remaining;
  std::optional<Duration> reset_after;  // until `remaining` is restored; >= 0
  std::optional<Duration> window;
};

// `wall_now_ms` stands in where the response carries no Date: a server's instants are read against
// the server's own clock, so that a skewed local one does no harm. Counters of an answer that comes
// from a cache on the way (Age > 0) are stale and left out.
QuotaHint ParseQuota(const std::vector<HttpHeader>& headers, WallMs wall_now_ms);

// What an answer asks for by itself, whatever its status: retry_after, else the reset where nothing
// remains. A 403 or 503 that does is a refusal for the rate.
std::optional<Duration> WaitAskedFor(const QuotaHint& hint);

// How long to stay away after what is known to be such a refusal. The reset counts here in any
// case, but for one more than a minute ahead where the server says that two or more remain: then it
// was another limit that refused, as GitHub's secondary one does with 4,990 of 5,000 left for the
// hour.
std::optional<Duration> WaitAfterRefusal(const QuotaHint& hint);

}  // namespace sluice
