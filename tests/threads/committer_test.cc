// The commit thread between the threads that work: the shape of the pipeline, without its graph.
#include "storage/committer.h"

#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <semaphore>
#include <thread>

#include "pipeline/admission.h"
#include "stages/reader_pool.h"
#include "storage/spill_writer.h"
#include "tests/support/fake_clock.h"
#include "tests/support/temp_dir.h"

namespace sluice {
namespace {

constexpr int kWorkers = 3;
constexpr int kPages = 60;
constexpr std::size_t kItems = 1 + kPages;  // the listing, and what it gives

// Workers take items, write documents and submit records; the commit thread alone touches the
// store, refills the admission and says when everything is durable.
class CommitterThreads : public testing::Test {
 protected:
  CommitterThreads() {
    auto output = OutputDir::Open(dir_ / "out");
    EXPECT_TRUE(output.has_value());
    output_.emplace(std::move(*output));
    auto store = Store::Open(File(), {.fingerprint = "job", .memory = &memory_}, clock_,
                             [](const OutputRow&) { return true; });
    EXPECT_TRUE(store.has_value());
    store_ = std::move(*store);
    EXPECT_TRUE(store_->BeginRun([](const LastRun&) {
      return Opening{
          .requests = {{.operation = "search", .target = "/search", .listing = true}}};
    }));
  }

  std::filesystem::path File() const { return dir_ / "state.db"; }

  void Export() {
    Committer committer(*store_, *output_, {.records_max = 7},
                        {.enough = [this] { return admission_.in_flight(); },
                         .committed = [this](std::size_t count,
                                             const Status& status) { OnCommitted(count, status); },
                         .tick = [this] { return Tick(); }});
    committer.Start();
    std::vector<std::jthread> workers;
    for (int i = 0; i < kWorkers; ++i) workers.emplace_back([&] { Work(committer); });
    workers.clear();
    committer.Stop();
  }

  // On the commit thread.
  SteadyTime Tick() {
    const auto ask = [](const DocumentRow&) { return std::vector<Request>{}; };
    for (auto more = store_->Advance(ask); more && *more;) more = store_->Advance(ask);
    auto items = store_->Take(1000);
    EXPECT_TRUE(items.has_value());
    const auto count = static_cast<std::ptrdiff_t>(items->size());
    admission_.Refill(std::move(*items));
    ready_.release(count);
    return SteadyTime::max();
  }
  void OnCommitted(std::size_t count, const Status& status) {
    EXPECT_TRUE(status.has_value()) << status.error().message;
    admission_.Return(count, 0);
    committed_ += count;
    if (committed_ == kItems || !status) ready_.release(kWorkers);  // nothing follows
  }

  // On a worker's thread.
  void Work(Committer& committer) {
    for (ready_.acquire();; ready_.acquire()) {
      auto admitted = admission_.TryAdmit();
      if (!admitted) return;
      CommitRecord record{.item = std::move(admitted->item)};
      if (record.item.kind == ItemKind::kRequest) {
        List(record);
      } else {
        Render(record);
      }
      committer.Submit(std::move(record));
    }
  }
  static void List(CommitRecord& record) {
    record.response = StoredResponse{.body = "the listing"};
    for (int i = 0; i < kPages; ++i) {
      const std::string id = "p" + std::to_string(i);
      record.documents.push_back({.id = DocumentId(id),
                                  .kind = "page",
                                  .place = Place::kTop,
                                  .title = id,
                                  .name = id,
                                  .extension = ".md",
                                  .revision = Revision("r1"),
                                  .object = "{}"});
    }
  }
  void Render(CommitRecord& record) {
    auto reader = readers_.Borrow();
    ASSERT_TRUE(reader.has_value()) << reader.error().message;
    const auto stored = (**reader)->FindStored({.operation = "search", .target = "/search"});
    if (stored && *stored && (*stored)->body == "the listing") ++saw_the_listing_;
    SpillWriter writer(*output_);
    // Every other page is too large for memory, so that threads stage files side by side.
    const std::size_t bytes = ++rendered_ % 2 == 0 ? 10 : SpillWriter::kMemoryMax + 1;
    EXPECT_TRUE(writer.Write(std::string(bytes, 'x')));
    auto file = writer.Finish(record.item.document.value + ".md");
    ASSERT_TRUE(file.has_value()) << file.error().message;
    record.outputs.push_back(std::move(*file));
    record.revision = Revision("r1");
  }

  TempDir dir_;
  FakeClock clock_;
  ResponseMemory memory_{{.entries_max = 100, .bytes_max = 1 << 20, .ttl = {}}, clock_};
  std::optional<OutputDir> output_;
  std::unique_ptr<Store> store_;
  ReaderPool readers_{File(), &memory_};
  Admission admission_{{.credits = 2 * kItems, .memory_bytes = 0}};
  std::counting_semaphore<> ready_{0};
  std::atomic<std::size_t> committed_ = 0;
  std::atomic<int> rendered_ = 0;
  std::atomic<int> saw_the_listing_ = 0;
};

TEST_F(CommitterThreads, EveryRecordIsCommittedOnce) {
  Export();
  EXPECT_EQ(committed_, kItems);
  EXPECT_EQ(admission_.in_flight(), 0u);
  EXPECT_EQ(store_->CountDocuments()->done, kPages);
}

TEST_F(CommitterThreads, AReaderSeesWhatItsItemCameFrom) {
  Export();
  EXPECT_EQ(saw_the_listing_, kPages);
}

TEST_F(CommitterThreads, EveryOutputIsInPlace) {
  Export();
  for (int i = 0; i < kPages; ++i) {
    const auto file = output_->Inspect("p" + std::to_string(i) + ".md", WithHash::kNo);
    ASSERT_TRUE(file.has_value() && file->has_value()) << i;
  }
}

TEST_F(CommitterThreads, NoHookRunsAfterStop) {
  std::atomic<bool> stopped = false;
  std::atomic<int> ran_late = 0;
  Committer committer(*store_, *output_, {},
                      {.enough = [] { return std::size_t{1}; },
                       .committed = [](std::size_t, const Status&) {},
                       .tick =
                           [&] {
                             if (stopped) ++ran_late;
                             return SteadyTime::max();
                           }});
  committer.Start();
  std::jthread waker([&] {
    for (int i = 0; i < 1000; ++i) committer.Wake();
  });
  committer.Stop();
  stopped = true;
  waker.join();
  EXPECT_EQ(ran_late, 0);
}

}  // namespace
}  // namespace sluice
