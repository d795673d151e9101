#include "tests/sim/iso_time.h"

#include <array>
#include <cstdio>
#include <ctime>

namespace sluice::sim {

std::string IsoTime(UnixMs time) {
  const std::time_t seconds = time / 1000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::array<char, 32> text;
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S.000Z", &utc);
  return std::string(text.data(), size);
}

std::optional<UnixMs> ParseIsoTime(std::string_view iso) {
  std::tm utc{};
  double seconds = 0;
  const std::string text(iso);
  const int fields = std::sscanf(text.c_str(), "%d-%d-%dT%d:%d:%lf", &utc.tm_year, &utc.tm_mon,
                                 &utc.tm_mday, &utc.tm_hour, &utc.tm_min, &seconds);
  if (fields != 3 && fields < 5) return std::nullopt;
  utc.tm_year -= 1900;
  utc.tm_mon -= 1;
  return timegm(&utc) * 1000LL + static_cast<std::int64_t>(seconds * 1000);
}

}  // namespace sluice::sim
