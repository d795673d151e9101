#include "stages/http/quota_headers.h"

#include <strings.h>

#include <charconv>

namespace sluice {

QuotaHint ParseQuota(const std::vector<HttpHeader>& headers, WallMs) {
  QuotaHint hint;
  for (const HttpHeader& header : headers) {
    if (strcasecmp(header.name.c_str(), "retry-after") != 0) continue;
    int seconds = 0;
    const char* const end = header.value.data() + header.value.size();
    const auto parsed = std::from_chars(header.value.data(), end, seconds);
    if (parsed.ec == std::errc() && parsed.ptr == end && seconds >= 0) {
      hint.retry_after = std::chrono::seconds(seconds);
    }
  }
  return hint;
}

std::optional<Duration> WaitAfterRefusal(const QuotaHint& hint) {
  if (hint.retry_after) return hint.retry_after;
  return hint.remaining == 0.0 ? hint.reset_after : std::nullopt;
}

}  // namespace sluice
