// What the frontier costs an item (take, finish, commit in groups of 256).
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <stdexcept>
#include <string>

#include "storage/frontier.h"
#include "storage/schema.h"
#include "tests/support/temp_dir.h"

namespace sluice {
namespace {

constexpr int kGroup = 256;

Request RequestNumber(int number) {
  return {.operation = "blocks",
          .target = fmt::format("/v1/blocks/5f1d3a52-0000-4000-8000-{:012x}/children", number),
          .document = DocumentId(fmt::format("0b3c7c1e-2f6a-4c4d-9d57-{:012x}", number)),
          .revision = Revision("2024-01-01T00:00:00.000Z")};
}

class State {
 public:
  State() : database_(folder_ / "state.db", Database::Mode::kReadWrite) {
    if (!PrepareSchema(database_, file())) throw std::runtime_error("no schema");
  }
  std::filesystem::path file() const { return folder_ / "state.db"; }
  Database& database() { return database_; }

 private:
  TempDir folder_;
  Database database_;
};

// One transaction adds a group, the next takes it and finishes it: two fsyncs for 256 items, so the
// wall clock shows the disk, and the CPU column what an item costs.
void FrontierItemLife(benchmark::State& state) {
  State file;
  Frontier frontier(file.database());
  int next = 0;
  for (auto _ : state) {
    file.database().Begin();
    for (int i = 0; i < kGroup; ++i) {
      frontier.AddRequest(RequestNumber(next++), Frontier::Repeat::kOnce);
    }
    file.database().Commit();
    file.database().Begin();
    for (const FrontierItem& item : frontier.Take(kGroup, 0)) frontier.Finish(item);
    file.database().Commit();
    if (frontier.counts().queued() != 0) return state.SkipWithError("items are left");
  }
  state.counters["items/s"] = benchmark::Counter(static_cast<double>(state.iterations() * kGroup),
                                                 benchmark::Counter::kIsRate);
}
BENCHMARK(FrontierItemLife)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace sluice
