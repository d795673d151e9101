// The store: the state of one export, and every write to it. Composed of the frontier, the
// documents, the cache and the manifest, which share one connection and one transaction.
//
// Not thread-safe: the commit thread's (the thread that calls Open() may hand it over). After one
// failed commit it refuses every later one: what the disk then holds is not known.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "storage/base/clock.h"
#include "storage/cache.h"
#include "storage/collections.h"
#include "storage/documents.h"
#include "storage/frontier.h"
#include "storage/manifest.h"
#include "storage/records.h"
#include "storage/response_memory.h"

namespace sluice {

struct StoreOptions {
  // Behaviour.
  std::string fingerprint;  // of the job; when it changes, everything is walked again over the
                            // stored responses
  bool ignore_revisions = false;  // fetch everything again
  // A run that would delete more documents than this deletes none.
  std::int64_t delete_max = -1;       // documents; -1: no bound of this kind
  double delete_max_fraction = 0.25;  // of the documents known
  // Performance.
  CacheLimits cache;
  ResponseMemory* memory = nullptr;  // is told what was stored; must outlive the store
};

// What a run did, for the summary, the report and v_runs.
struct RunTotals {
  std::int64_t requests_sent = 0;
  std::int64_t cache_hits = 0;
  std::int64_t outputs = 0;  // rendered, whether or not the bytes had changed
  std::int64_t deleted = 0;  // files removed
};

class Store {
 public:
  // Does the file of this output still lie there as it was left?
  using Intact = std::function<bool(const OutputRow&)>;
  // What to ask for a document that no listing gave.
  using Ask = std::function<std::vector<Request>(const DocumentRow&)>;

  // Opens or creates the state. `clock` must outlive the store.
  static Result<std::unique_ptr<Store>> Open(const std::filesystem::path& file,
                                             StoreOptions options, const Clock& clock,
                                             Intact intact);
  ~Store();

  struct Start {
    bool resumed = false;  // an unfinished generation goes on
    std::int64_t generation = 0;
    std::int64_t lost = 0;  // resumed: finished documents whose files are not as they were left
  };
  // What a new generation begins with; asked only for one.
  using Opener = std::function<Opening(const LastRun&)>;
  // Begins a run: resumes the generation that is not finished; documents of it that are finished
  // and whose files are not as they were left are made again. Where there is none, it was given up,
  // the job has changed, or revisions are ignored, a new one begins with what `open` says: nothing
  // is left to do of the one before, and it trusts no more than that did if it was not finished.
  Result<Start> BeginRun(const Opener& open);
  // Begins a run that tries the failed items again, beside whatever is still queued; it lists
  // nothing anew, and looks after the files as a resumed run does. Returns how many failed items
  // there are. Code::kUsage: the generation was given up, and with it what failed.
  Result<std::int64_t> BeginRetry();
  struct OfflineStart {
    std::int64_t documents = 0;  // to be rendered
    std::int64_t left_out = 0;   // not rendered, since what they are made from is not complete
    std::string first_left_out;  // the title of one of them
    bool listed = true;          // false: the last listing was given up before it was complete
  };
  // Begins a run over what is stored: no listing; every document that has an output is rendered
  // again, but for those of which a request failed or is still open, and those made from a
  // collection that is not done: what was exported before stays. A generation that is not finished
  // ends with that, as by ResetCollection(), and the next run begins another one.
  Result<OfflineStart> BeginOffline();
  // The generation is finished when nothing is left: neither queued nor between phases.
  Status EndRun(std::string_view outcome, int exit_code, std::string_view message);

  // See OutputLedger.
  Result<std::vector<FileState>> WrittenAt(const std::string& path);
  Status Announce(std::span<const OutputFile* const> files, std::span<const KeptEdit> edits);

  // Commits all of `records` in one transaction, durable on return. Their outputs must be.
  Status Commit(const std::vector<CommitRecord>& records);

  // See Frontier. What is set here is written to the state with the next commit, for people.
  Result<std::vector<FrontierItem>> Take(std::size_t count,
                                         Frontier::Which which = Frontier::Which::kAll);
  Result<WallMs> NextDue();
  const Frontier::Counts& counts() const;
  void SetInFlight(std::int64_t in_flight) { in_flight_ = in_flight; }
  void SetRequestsSent(std::int64_t sent) { totals_.requests_sent = sent; }

  // Takes the steps that are due between phases: asks for what no listing gave once the listing is
  // over; asks once for every document that has vanished before it counts as deleted; settles what
  // is left once discovery has ended. Call after each commit. False: there was nothing to do.
  Result<bool> Advance(const Ask& ask);

  // Outputs that have been replaced or whose document is gone; their files are to be removed.
  Result<std::vector<std::string>> ObsoleteOutputs();
  Status ForgetOutputs(const std::vector<std::string>& paths);
  // Marks the outputs of deleted documents as obsolete, and returns how many; none, and a
  // shortfall, when they are more than may be deleted. Call when the run is complete.
  Result<std::int64_t> WithdrawMissing();

  // Both give the space back to the file system. Trim returns how many entries went.
  Result<std::int64_t> TrimCache(const CacheLimits& limits);
  Result<std::int64_t> ClearCache();

  // Why the listing is provably short; empty: it is not.
  Result<std::vector<std::string>> Shortfalls();
  Status SetLimits(const std::map<std::string, std::string>& limits);
  // Forgets the rows of a collection and where it was, so that the next run lists it from the
  // beginning. The generation ends with that, finished or not: what was left to do of it, failed
  // items included, is forgotten too, and the next run begins another one, which lists everything.
  // Until then the collection and the outputs made from it count as not exported; their files stay.
  // Code::kNotFound: there is none of that name.
  Status ResetCollection(const DocumentId& id);
  // Small facts that outlive a run, e.g. the rate limiter's.
  Result<std::string> Fact(const std::string& name);
  Status SetFact(const std::string& name, const std::string& value);

  // The frontier as the file has it; the proof that nothing is left.
  Result<Frontier::Counts> CountOpen();
  struct DocumentCounts {
    std::int64_t total = 0;  // with an output of their own
    std::int64_t done = 0;
    std::int64_t failed = 0;
  };
  Result<DocumentCounts> CountDocuments();
  std::int64_t requests_done() const { return requests_done_; }
  // How far the wall clock lies behind that of the last commit of an earlier run; 0: it does not.
  // Times of the future that were stored lie so much too far ahead.
  std::chrono::milliseconds clock_set_back() const { return clock_set_back_; }
  const RunTotals& totals() const { return totals_; }
  // Folds the write-ahead log into the file; at the end of a run.
  void Checkpoint() noexcept;

 private:
  Store(const std::filesystem::path& file, StoreOptions options, const Clock& clock, Intact intact);
  template <class Work>
  auto Transaction(Work&& work) -> std::invoke_result_t<Work>;

  void Apply(const CommitRecord& record);
  void ApplyFailure(const CommitRecord& record);
  void ApplyRequest(const CommitRecord& record);
  void ApplyDocument(const CommitRecord& record);
  void Recall();
  void MoveWaitsWithTheClock();
  void AddRunRow();
  std::int64_t RemakeLostOutputs();
  void BeginGeneration(const Opener& open, Documents::Trust trust);
  void EndGeneration(Documents::Ready ready);
  Documents::Trust LeftTrust();
  std::int64_t Generation();
  void SaveCounters();
  bool TooMany(std::int64_t gone, std::int64_t known);
  void RecountCache();
  void RememberResponses(const std::vector<CommitRecord>& records);
  template <class Work>
  Result<std::int64_t> ShrinkCache(Work&& work);
  std::string GetMeta(const std::string& key);
  void SetMeta(const std::string& key, const std::string& value);
  void SetCounter(const std::string& name, std::int64_t value);
  std::int64_t GetCounter(const std::string& name);

  // Constant after construction.
  const std::filesystem::path file_;
  const StoreOptions options_;
  const Clock& clock_;
  Intact intact_;

  // Only on the commit thread.
  std::optional<Error> broken_;  // why a commit failed; every later one says the same
  bool discovers_ = true;        // false: Advance() has nothing to do
  bool discovery_ended_ = false;
  bool asked_for_unseen_ = false;
  std::int64_t run_ = 0;
  std::int64_t generation_ = 0;
  std::int64_t in_flight_ = 0;
  std::int64_t requests_done_ = 0;  // of this generation
  std::int64_t cache_hits_ = 0;     // of all runs
  std::int64_t cache_misses_ = 0;
  std::int64_t deleted_ = 0;
  std::chrono::milliseconds clock_set_back_{0};
  RunTotals totals_;
  Database database_;
  std::unique_ptr<Frontier> frontier_;
  std::unique_ptr<Manifest> manifest_;
  std::unique_ptr<CacheWriter> cache_;
  std::unique_ptr<Collections> collections_;
  std::unique_ptr<Documents> documents_;
  struct Statements;
  std::unique_ptr<Statements> statements_;
};

}  // namespace sluice
