#include "pipeline/descriptors.h"

#include <sys/resource.h>

#include <algorithm>
#include <thread>

namespace sluice {
namespace {

// Standard streams, log, signals, event loop, output folder, the writer of the state, a resolver.
constexpr rlim_t kFixed = 24;

// What works beside the wire: a reader of the state has two files, a rendering one.
rlim_t OfWorkers() { return 3 * (std::clamp(std::thread::hardware_concurrency(), 1U, 8U) + 2); }

}  // namespace

int InFlightWithinDescriptors(int wanted) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return wanted;
  const rlim_t needed = kFixed + OfWorkers() + static_cast<rlim_t>(std::max(wanted, 1));
  if (limit.rlim_cur >= needed) return wanted;
  const rlim_t usual = limit.rlim_cur;
  limit.rlim_cur = std::min(needed, limit.rlim_max);
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) limit.rlim_cur = usual;
  const rlim_t others = kFixed + OfWorkers();
  return limit.rlim_cur > others ? static_cast<int>(limit.rlim_cur - others) : 1;
}

}  // namespace sluice
