#include "pipeline/cache_command.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "pipeline/run.h"
#include "pipeline/status.h"
#include "storage/base/bytes.h"
#include "storage/run_lock.h"

namespace sluice {

std::string CacheStatsText(const StateReport& report) {
  const StateReport::CacheSize& cache = report.cache;
  std::string text = fmt::format(
      "entries    {}\nbytes      {} ({})\nhits       {}\nmisses     {}\nhit ratio  {}\n"
      "evictions  {}\n",
      cache.entries, cache.bytes, FormatBytes(cache.bytes), cache.hits, cache.misses,
      HitRatioText(cache), cache.evictions);
  if (cache.rebuilds > 0) {
    text += fmt::format("rebuilds   {} (the size counters were wrong and were counted anew)\n",
                        cache.rebuilds);
  }
  return text;
}

std::string CacheStatsJson(const StateReport& report) {
  const StateReport::CacheSize& cache = report.cache;
  nlohmann::ordered_json json = {{"entries", cache.entries},     {"bytes", cache.bytes},
                                 {"hits", cache.hits},           {"misses", cache.misses},
                                 {"evictions", cache.evictions}, {"rebuilds", cache.rebuilds}};
  const auto ratio = cache.HitRatio();
  json["hit_ratio"] = ratio ? nlohmann::ordered_json(*ratio) : nlohmann::ordered_json(nullptr);
  return json.dump(2) + "\n";
}

Result<std::string> ShrinkCache(const Command& command, const Clock& clock) {
  const std::filesystem::path file = StateFile(command.folder);
  // Nothing is created where there is no export.
  if (auto report = ReadStateReport(file, 0); !report) return Fail(report.error());
  auto lock = RunLock::Acquire(command.folder / ".sluice", clock, std::chrono::milliseconds(0));
  if (!lock) return Fail(lock.error());
  auto store = Store::Open(file, {}, clock, [](const OutputRow&) { return true; });
  if (!store) return Fail(store.error());
  auto gone = command.verb == Verb::kCacheClear ? (*store)->ClearCache()
                                                : (*store)->TrimCache(command.cache_limits);
  if (!gone) return Fail(gone.error());
  return fmt::format("{} stored responses dropped\n", *gone);
}

}  // namespace sluice
