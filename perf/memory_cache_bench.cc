// A hit in the memory cache must stay under 1 microsecond, with the copy of 4 KB that it hands out
// (0.21 us of CPU on 2 virtual CPUs, of memory that no cache of the processor holds).
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "storage/memory_cache.h"

namespace sluice {
namespace {

void Hit(benchmark::State& state) {
  static const SystemClock clock;
  static MemoryCache cache(
      {.entries_max = 10'000, .bytes_max = 100'000'000, .ttl = std::chrono::hours(1)}, clock);
  const std::string body(4096, 'x');
  std::vector<Hash128> keys;
  for (int i = 0; i < 10'000; ++i) keys.push_back(Xxh3_128(std::to_string(i)));
  for (const Hash128& key : keys) cache.Put(key, body);
  std::size_t next = 0;
  for (auto _ : state) benchmark::DoNotOptimize(cache.Get(keys[next++ % keys.size()]));
}
BENCHMARK(Hit)->Threads(1)->Threads(2);

}  // namespace
}  // namespace sluice
