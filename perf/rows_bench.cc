// What a row of a collection costs the state: added for the first time, given again as it was, and
// read back in order.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <stdexcept>
#include <string>

#include "storage/store.h"
#include "storage/store_reader.h"
#include "tests/support/fake_clock.h"
#include "tests/support/temp_dir.h"

namespace sluice {
namespace {

constexpr int kRowsOfPage = 100;
constexpr int kPagesOfCommit = 64;

const DocumentId kRecords("records");

std::string Position(std::int64_t number) { return fmt::format("{:012x}", number); }

Row RowNumber(std::int64_t number) {
  return {.key = std::to_string(number),
          .position = Position(number),
          .body = fmt::format(R"({{"id":{0},"name":"record number {0}","updated_at":)"
                              R"("2024-05-01T10:00:00Z","value":{0}.25,"tags":["a","b"],)"
                              R"("owner":{{"id":{1},"login":"user{1}"}}}})",
                              number, number % 1000)};
}

Request Page(std::int64_t number) {
  return {.operation = "records",
          .target = fmt::format("/records?page={}", number),
          .document = kRecords,
          .listing = true};
}

// A state into which pages of rows are committed as a run does it.
class State {
 public:
  State() {
    auto store =
        Store::Open(file(), {.fingerprint = "job"}, clock_, [](const OutputRow&) { return true; });
    if (!store) throw std::runtime_error(store.error().message);
    store_ = std::move(*store);
  }

  std::filesystem::path file() const { return folder_ / "state.db"; }

  void Begin() {
    const auto begun = store_->BeginRun([&](const LastRun&) {
      return Opening{.documents = {{.id = kRecords,
                                    .kind = "resource",
                                    .place = Place::kTop,
                                    .revision = Revision("1"),
                                    .object = "{}",
                                    .content = {Page(0)},
                                    .collection = CollectionSpec{}}}};
    });
    if (!begun) throw std::runtime_error(begun.error().message);
    next_page_ = 0;
  }

  // Pages come one by one; a commit takes many of them.
  void Commit(std::int64_t first_row) {
    for (int i = 0; i < kPagesOfCommit; ++i) {
      auto items = store_->Take(1);
      CommitRecord record;
      record.item = items->front();
      record.rows = RowBatch{};
      for (int row = 0; row < kRowsOfPage; ++row) {
        record.rows->rows.Add(RowNumber(first_row + i * kRowsOfPage + row));
      }
      if (!record.rows->rows.Finish()) throw std::runtime_error("rows");
      record.requests = {Page(++next_page_)};
      records_.push_back(std::move(record));
      // The next page is known when this one is committed.
      if (!store_->Commit(records_)) throw std::runtime_error("commit");
      records_.clear();
    }
  }

 private:
  TempDir folder_;
  FakeClock clock_;
  std::unique_ptr<Store> store_;
  std::vector<CommitRecord> records_;
  std::int64_t next_page_ = 0;
};

constexpr int kRowsOfStep = kRowsOfPage * kPagesOfCommit;

void CountRows(benchmark::State& state) {
  state.counters["rows/s"] = benchmark::Counter(
      static_cast<double>(state.iterations() * kRowsOfStep), benchmark::Counter::kIsRate);
}

void RowsAdded(benchmark::State& state) {
  State file;
  file.Begin();
  std::int64_t next = 0;
  for (auto _ : state) {
    file.Commit(next);
    next += kRowsOfStep;
  }
  CountRows(state);
}
BENCHMARK(RowsAdded)->Unit(benchmark::kMillisecond)->Iterations(50);

void RowsGivenAgain(benchmark::State& state) {
  State file;
  file.Begin();
  for (int i = 0; i < 50; ++i) file.Commit(i * kRowsOfStep);
  std::int64_t next = 0;
  for (auto _ : state) {
    file.Commit(next);
    next += kRowsOfStep;
  }
  CountRows(state);
}
BENCHMARK(RowsGivenAgain)->Unit(benchmark::kMillisecond)->Iterations(50);

void RowsRead(benchmark::State& state) {
  State file;
  file.Begin();
  for (int i = 0; i < 20; ++i) file.Commit(i * kRowsOfStep);
  auto reader = StoreReader::Open(file.file());
  std::int64_t count = 0;
  for (auto _ : state) {
    const Status status = (*reader)->ForEachRow(kRecords, [&](const Row& row) {
      benchmark::DoNotOptimize(row.body.data());
      ++count;
      return true;
    });
    if (!status) return state.SkipWithError(status.error().message.c_str());
  }
  state.counters["rows/s"] =
      benchmark::Counter(static_cast<double>(count), benchmark::Counter::kIsRate);
}
BENCHMARK(RowsRead)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace sluice
