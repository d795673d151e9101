// The response cache: a hit in memory and on disk, its size, eviction, a batch of writes. The
// figure of each row is the counter p50_us (of single operations) or the time of one iteration.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

#include "storage/base/compress.h"
#include "storage/cache.h"
#include "storage/schema.h"
#include "storage/store_reader.h"
#include "tests/support/temp_dir.h"

namespace sluice {
namespace {

constexpr int kRequests = 10'000;
constexpr WallMs kNow = 1'700'000'000'000;

Request RequestNumber(int number) {
  return {.operation = "blocks",
          .target = fmt::format("/v1/blocks/5f1d3a52-0000-4000-8000-{:012x}/children", number),
          .document = DocumentId(fmt::format("0b3c7c1e-2f6a-4c4d-9d57-{:012x}", number)),
          .revision = Revision("2024-01-01T00:00:00.000Z")};
}

// About 16 KB of repeating text, which is how JSON of an API compresses.
std::string Body(int number) {
  std::string body;
  for (int i = 0; i < 200; ++i) {
    body += fmt::format(R"({{"object":"block","id":"{:032x}","has_children":false,"type":"p"}})",
                        number * 200 + i);
  }
  return body;
}

// As transform hands it to the commit.
StoredResponse Packed(int number) {
  return {.revision = RequestNumber(number).revision,
          .body = Compress(Body(number)),
          .encoding = StoredResponse::Encoding::kZstd};
}

// Times of single operations; their median is what one of them costs when nothing disturbs it.
class Latencies {
 public:
  template <class Operation>
  void Time(Operation operation) {
    const auto start = std::chrono::steady_clock::now();
    operation();
    const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - start;
    if (us_.size() < kMost) us_.push_back(took.count());
  }
  void Report(benchmark::State& state) {
    std::ranges::sort(us_);
    if (us_.empty()) return;
    state.counters["p50_us"] = us_[us_.size() / 2];
    state.counters["p99_us"] = us_[us_.size() * 99 / 100];
  }

 private:
  static constexpr std::size_t kMost = 1'000'000;
  std::vector<double> us_;
};

class Cache {
 public:
  explicit Cache(CacheLimits limits = {.bytes_max = 0})
      : database_(folder_ / "state.db", Database::Mode::kReadWrite) {
    if (!PrepareSchema(database_, file())) throw std::runtime_error("no schema");
    writer_ = std::make_unique<CacheWriter>(database_, limits, CacheWriter::Size{});
  }
  // `from` to `to` - 1, in one transaction, durable on return.
  void Put(const std::vector<StoredResponse>& responses, int from) {
    database_.Begin();
    for (std::size_t i = 0; i < responses.size(); ++i) {
      const int number = from + static_cast<int>(i);
      writer_->Put(RequestNumber(number), responses[i], kNow + number);
    }
    database_.Commit();
  }
  void Fill(int count) {
    std::vector<StoredResponse> responses;
    for (int i = 0; i < count; ++i) responses.push_back(Packed(i));
    Put(responses, 0);
  }
  // Small ones, fast.
  void FillSmall(int count) {
    database_.Begin();
    StoredResponse response = Packed(0);
    response.body = std::string(response.body.view().text().substr(0, 40));
    for (int i = 0; i < count; ++i) writer_->Put(RequestNumber(i), response, kNow + i);
    database_.Commit();
  }

  std::filesystem::path file() const { return folder_ / "state.db"; }
  Database& database() { return database_; }
  CacheWriter& writer() { return *writer_; }

 private:
  TempDir folder_;
  Database database_;
  std::unique_ptr<CacheWriter> writer_;
};

// The way lookup takes; `memory` null: from the disk.
void Hits(benchmark::State& state, ResponseMemory* memory) {
  Cache cache;
  cache.Fill(kRequests);
  auto reader = StoreReader::Open(cache.file());
  if (memory != nullptr) (*reader)->UseMemory(*memory);
  std::vector<Request> requests;
  for (int i = 0; i < kRequests; ++i) requests.push_back(RequestNumber(i));
  for (const Request& request : requests) (void)(*reader)->FindStored(request);
  Latencies latencies;
  std::size_t next = 0;
  for (auto _ : state) {
    next = (next + 7919) % requests.size();  // a prime step: no two hits in a row share a page
    latencies.Time([&] {
      auto hit = (*reader)->FindStored(requests[next]);
      if (!hit || !*hit) state.SkipWithError("a miss");
      benchmark::DoNotOptimize(hit);
    });
  }
  latencies.Report(state);
}

void PersistentHit(benchmark::State& state) { Hits(state, nullptr); }
BENCHMARK(PersistentHit);

ResponseMemory MemoryTier(const Clock& clock) {
  return {{.entries_max = kRequests, .bytes_max = 1'000'000'000, .ttl = std::nullopt}, clock};
}

// Key and lookup.
void MemoryTierHit(benchmark::State& state) {
  const SystemClock clock;
  ResponseMemory memory = MemoryTier(clock);
  std::vector<Request> requests;
  for (int i = 0; i < kRequests; ++i) {
    requests.push_back(RequestNumber(i));
    memory.Replace(RequestKey(requests.back()), Packed(i));
  }
  Latencies latencies;
  std::size_t next = 0;
  for (auto _ : state) {
    next = (next + 7919) % requests.size();
    latencies.Time([&] {
      auto hit = memory.Find(RequestKey(requests[next]));
      if (!hit) state.SkipWithError("a miss");
      benchmark::DoNotOptimize(hit);
    });
  }
  latencies.Report(state);
}
BENCHMARK(MemoryTierHit);

// And the 16 KB unpacked for the item.
void MemoryTierHitUnpacked(benchmark::State& state) {
  const SystemClock clock;
  ResponseMemory memory = MemoryTier(clock);
  Hits(state, &memory);
}
BENCHMARK(MemoryTierHitUnpacked);

// What the run asks after every commit, over so many entries.
void SizeQuery(benchmark::State& state) {
  Cache cache;
  cache.FillSmall(static_cast<int>(state.range(0)));
  for (auto _ : state) {
    benchmark::DoNotOptimize(cache.writer().entries());
    benchmark::DoNotOptimize(cache.writer().bytes());
  }
}
BENCHMARK(SizeQuery)->Arg(1)->Arg(1'000'000);

// A statement of its own takes and gives back the lock of a reader: two calls of the kernel,
// whatever it reads. Within a transaction it only reads.
enum class Each { kItsOwn, kWithinOne };

void TimeQuery(benchmark::State& state, Cache& cache, const char* sql, std::int64_t expected,
               Each each) {
  Statement query(cache.database(), sql);
  if (each == Each::kWithinOne) cache.database().Exec("BEGIN; SELECT 1 FROM meta");
  Latencies latencies;
  for (auto _ : state) {
    latencies.Time([&] {
      auto run = query.Use();
      if (!run.Next() || run.Int(0) != expected) state.SkipWithError("a wrong value");
    });
  }
  latencies.Report(state);
  if (each == Each::kWithinOne) cache.database().Exec("COMMIT");
}

// What `sluice cache stats` and the sqlite3 shell ask: the counters that each commit leaves.
void SizeQueryInSql(benchmark::State& state, Each each) {
  Cache cache;
  cache.FillSmall(static_cast<int>(state.range(0)));
  for (const char* counter : {"cache_entries", "cache_bytes"}) {
    cache.database().Exec(
        fmt::format("INSERT INTO counters(name, value) VALUES('{}', {})", counter, state.range(0))
            .c_str());
  }
  TimeQuery(state, cache, "SELECT entries, bytes FROM v_cache", state.range(0), each);
}
BENCHMARK_CAPTURE(SizeQueryInSql, own, Each::kItsOwn)->Arg(1)->Arg(1'000'000);
BENCHMARK_CAPTURE(SizeQueryInSql, in_transaction, Each::kWithinOne)->Arg(1)->Arg(1'000'000);

// The least that a statement costs that reads anything: one row of a table of one row.
void OneRow(benchmark::State& state, Each each) {
  Cache cache;
  cache.database().Exec("CREATE TABLE one(value INTEGER) STRICT; INSERT INTO one VALUES(7)");
  TimeQuery(state, cache, "SELECT value FROM one", 7, each);
}
BENCHMARK_CAPTURE(OneRow, own, Each::kItsOwn);
BENCHMARK_CAPTURE(OneRow, in_transaction, Each::kWithinOne);

// 10,000 of 20,000 entries, with the commit.
void Evict10000(benchmark::State& state) {
  for (auto _ : state) {
    state.PauseTiming();
    auto cache = std::make_unique<Cache>();
    cache->Fill(2 * kRequests);
    state.ResumeTiming();
    cache->database().Begin();
    cache->writer().Trim({.bytes_max = 0, .entries_max = kRequests}, kNow);
    cache->database().Commit();
    state.PauseTiming();
    if (cache->writer().TakeEvictions() < kRequests) state.SkipWithError("too few went");
    cache.reset();
    state.ResumeTiming();
  }
}
BENCHMARK(Evict10000)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(9);

// 1,000 new answers of 16 KB, durable.
void Write1000(benchmark::State& state) {
  Cache cache;
  std::vector<StoredResponse> responses;
  for (int i = 0; i < 1000; ++i) responses.push_back(Packed(i));
  int from = 0;
  for (auto _ : state) {
    cache.Put(responses, from);
    from += 1000;
  }
}
BENCHMARK(Write1000)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(30);

}  // namespace
}  // namespace sluice
