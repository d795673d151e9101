#include "pipeline/machine.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <ctime>
#include <deque>
#include <iostream>
#include <map>
#include <memory>
#include <numeric>
#include <random>

#include "pipeline/admission.h"
#include "pipeline/graph.h"
#include "pipeline/log.h"
#include "pipeline/memory.h"
#include "pipeline/progress.h"
#include "pipeline/run.h"
#include "pipeline/sources.h"
#include "stages/http/curl_transport.h"
#include "storage/base/bytes.h"
#include "storage/base/guarded.h"
#include "storage/committer.h"

namespace sluice {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Items loaded ahead of admission, in units of the credits; below one unit more are loaded. One
// tick admits no more than that, so none goes idle; and an urgent row is loaded soon.
constexpr std::size_t kReadyMax = 2;

// A group of one part in so many of the credits is not waited with.
constexpr std::size_t kGroupShare = 4;

// How long a stopping run waits for what is on the wire before it cancels it.
constexpr milliseconds kDrainLimit{3000};

constexpr seconds kLimitsInterval{5};
constexpr seconds kRssInterval{1};

constexpr milliseconds kAnyAge{std::chrono::hours(24 * 365 * 100)};

FetchOptions FetchOptionsFor(const Job& job, const RunOptions& run, const Source& source,
                             Credential* credential) {
  const SourceLimits limits = source.Limits();
  // Those of Notion have keys of their own; the others' are what the job names.
  std::map<std::string, int> configured = {
      {"pages", job.stages.fetch.pages},   {"databases", job.stages.fetch.databases},
      {"blocks", job.stages.fetch.blocks}, {"comments", job.stages.fetch.comments},
      {"users", job.stages.fetch.users},   {"properties", job.stages.fetch.properties},
      {"search", job.stages.list_limit},
  };
  if (job.source != SourceKind::kNotion) configured = job.stages.fetch.operations;
  FetchOptions options;
  options.credential = credential;
  options.operations = limits.operations;
  for (SourceLimits::Operation& operation : options.operations) {
    const auto found = configured.find(operation.name);
    if (found != configured.end()) operation.in_flight_max = found->second;
  }
  options.autotune = job.stages.fetch.autotune ? Autotune::kOn : Autotune::kOff;
  const double rate = job.limits.requests_per_second.value_or(limits.requests_per_second);
  // The source's burst belongs to the source's rate; where the rate is to be found, a burst would
  // only be refused.
  options.rate = {.requests_per_second = rate,
                  .burst = job.limits.burst.value_or(rate > 0 ? limits.burst : 1),
                  .start = job.limits.requests_per_second ? RateStart::kBold : RateStart::kCareful};
  options.body_bytes_max =
      std::max(options.body_bytes_max, static_cast<std::size_t>(job.limits.memory_bytes));
  options.requests_max = run.requests_max;
  options.retry.read_attempts = job.retry.read_attempts;
  options.retry.base = job.retry.base;
  options.max_wait = job.retry.max_wait;
  options.wire = run.offline ? Wire::kOffline : Wire::kOnline;
  return options;
}

EarlyEnd EndOf(const Fatal& fatal) {
  EarlyEnd end{.code = ExitCodeFor(fatal.error.code), .message = fatal.error.message};
  if (fatal.resume_at_ms) {
    const std::time_t at = (*fatal.resume_at_ms + 999) / 1000;
    end.message += fmt::format("; resume at {:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(at));
  }
  return end;
}

// The machine of one run. Member order is the order of construction: what comes later may use what
// stands before it, and goes first.
class Machine {
 public:
  Machine(const Job& job, const RunOptions& options, const Source& source, Credential* credential,
          OutputDir& output, Store& store, ResponseMemory& memory, const Clock& clock)
      : job_(job),
        options_(options),
        source_(source),
        store_(store),
        memory_(memory),
        clock_(clock),
        fetch_options_(FetchOptionsFor(job, options, source, credential)),
        admission_(
            {.credits = static_cast<std::size_t>(job.limits.in_flight),
             .memory_bytes = job.limits.memory_bytes - job.limits.memory_bytes / kMemoryTierShare}),
        spill_(output.Spill()),
        readers_(StateFile(job.output), &memory, &spill_),
        // Offline there is nothing better than what is stored, whatever its age.
        lookup_(readers_, clock,
                {.enabled = job.cache.enabled || options.offline,
                 .ttl = options.offline ? kAnyAge : job.cache.ttl,
                 .negative_ttl = options.offline ? kAnyAge : job.cache.negative_ttl}),
        transform_(source, readers_, output, spill_, clock, fetch_options_.retry),
        committer_(store, output,
                   {.records_max = static_cast<std::size_t>(job.stages.write_batch_items),
                    .delay_max = std::min(job.stages.write_batch_delay, job.checkpoint.interval)},
                   {.enough = [this] { return EnoughForAGroup(); },
                    .committed = [this](std::size_t count,
                                        const Status& status) { OnCommitted(count, status); },
                    .tick = [this] { return OnTick(); }}),
        transport_(std::make_unique<CurlTransport>(CurlOptions{
            .in_flight_max = job.limits.in_flight,
            .plain_http = AllowsPlainHttp(job) ? PlainHttp::kAllowed : PlainHttp::kLoopbackOnly,
            .ca_file = CaFileOfEnvironment(),
            .spill = &spill_})),
        fetch_(source, *transport_, clock, fetch_options_, std::random_device{}()),
        graph_(admission_, lookup_, fetch_, transform_,
               [this](const ItemPtr& item) { Write(item); },
               {.lookup = static_cast<std::size_t>(job.stages.lookup_limit),
                .transform = static_cast<std::size_t>(job.stages.transform_limit)}) {}

  // The threads that reach into the graph end before it does.
  ~Machine() {
    committer_.Stop();
    transport_.reset();
  }

  // Runs until nothing is left, or until something ends it early.
  void Run(const SignalWatch& signals) {
    ImportRate();
    LogBounds();
    started_ = clock_.Now();
    committer_.Start();
    const bool bar = isatty(STDERR_FILENO) != 0;
    ProgressPrinter printer(
        {.mode = ResolveProgressMode(options_.progress, bar ? Output::kTerminal : Output::kOther),
         .columns = TerminalColumns()},
        clock_, std::cerr);
    while (!finished_.IsSet()) {
      const int signal = signals.Wait(milliseconds(100), finished_.fd());
      if (signal != 0) OnSignal(signal, printer);
      CheckBounds();
      printer.Show(Snapshot());
    }
    // The commit thread activates the list node at each tick; a node that is activated after the
    // drain would run while it is destroyed.
    committer_.Stop();
    graph_.Drain();
    printer.Finish(Snapshot());
    // The commit thread has ended; its part of the state is this thread's now.
    SaveLimits(fetch_.Snapshot());
    LogPeaks();
  }

  std::optional<EarlyEnd> early_end() const {
    return early_end_.With([](const auto& end) { return end; });
  }
  FetchStats fetch_stats() const { return fetch_.Snapshot(); }

 private:
  // --- on the main thread ---

  void OnSignal(int signal, ProgressPrinter& printer) {
    // The second one means now. The state needs no farewell.
    if (stop_asked_) _exit(ToInt(ExitCodeForSignal(signal)));
    stop_asked_ = true;
    printer.Clear();
    Log(LogLevel::kInfo, "stopping: finishing what is in flight; once more to leave at once");
    End({.code = ExitCodeForSignal(signal),
         .message = "stopped by a signal; the same command goes "
                    "on exactly there",
         .why = EarlyEnd::Why::kSignal});
  }

  // Every bound of the machine with its number.
  void LogBounds() const {
    const std::int64_t bodies = admission_.memory().bytes_max();
    Log(LogLevel::kDebug,
        fmt::format("bounds: {} items in flight, {} of their bodies, one body at most {}; {} items "
                    "loaded ahead; {} responses in memory, {}; a commit of {} items or {} ms",
                    admission_.credits(), FormatBytes(bodies),
                    FormatBytes(static_cast<std::int64_t>(fetch_options_.body_bytes_max)),
                    kReadyMax * admission_.credits(), job_.cache.memory_entries,
                    FormatBytes(job_.limits.memory_bytes / kMemoryTierShare),
                    job_.stages.write_batch_items, job_.stages.write_batch_delay.count()));
    std::string stages =
        fmt::format("at once: lookup {}, transform {}", job_.stages.lookup_limit,
                    job_.stages.transform_limit == 0 ? std::string("one per core")
                                                     : std::to_string(job_.stages.transform_limit));
    for (const auto& operation : fetch_options_.operations) {
      stages += fmt::format(", {} {}", operation.name, operation.in_flight_max);
    }
    Log(LogLevel::kDebug, stages);
  }

  void LogPeaks() const {
    const auto tier = memory_.counts();
    Log(LogLevel::kDebug,
        fmt::format("peaks: {} of {} items in flight, {} of {} charged for bodies, {} resident; {} "
                    "of {} lookups were answered from memory",
                    admission_.in_flight_peak(), admission_.credits(),
                    FormatBytes(admission_.memory().charged_peak()),
                    FormatBytes(admission_.memory().bytes_max()), FormatBytes(rss_peak_), tier.hits,
                    tier.hits + tier.misses));
  }

  void CheckBounds() {
    const SteadyTime now = clock_.Now();
    if (options_.duration_max && now - started_ >= *options_.duration_max) {
      End({.code = ExitCode::kIncomplete,
           .message = "--max-duration is over; the same command goes on exactly there",
           .why = EarlyEnd::Why::kBound});
    }
    if (draining_since_.load() != 0 && !cancelled_ &&
        Duration(now.time_since_epoch().count() - draining_since_.load()) >= kDrainLimit) {
      cancelled_ = true;
      transport_->Stop();
    }
  }

  ProgressSnapshot Snapshot() {
    ProgressSnapshot snapshot = progress_.With([](const auto& progress) { return progress; });
    const FetchStats stats = fetch_.Snapshot();
    const double elapsed = std::chrono::duration<double>(clock_.Now() - started_).count();
    if (elapsed > 0) snapshot.requests_per_second = static_cast<double>(stats.sent) / elapsed;
    if (stats.wait_until_ms > clock_.WallNow()) {
      snapshot.waiting_for = "the rate limit";
      snapshot.waiting_until = stats.wait_until_ms;
    }
    return snapshot;
  }

  // --- on any thread ---

  // Admits no more and lets what is in flight come home. The first reason stands, but for a bound
  // that is followed by a signal.
  void End(EarlyEnd end) {
    const bool first = early_end_.With([&](std::optional<EarlyEnd>& slot) {
      const bool first_end = !slot;
      const bool signalled = end.why == EarlyEnd::Why::kSignal;
      if (first_end || (signalled && slot->why == EarlyEnd::Why::kBound)) slot = std::move(end);
      return first_end;
    });
    if (!first) return;
    draining_since_ = clock_.Now().time_since_epoch().count();
    admission_.Stop();
    fetch_.Stop();
    committer_.Wake();
  }

  // --- on a thread of the graph ---

  void Write(const ItemPtr& item) {
    if (item->fatal) End(EndOf(*item->fatal));
    charges_.With([&](std::deque<std::int64_t>& charges) { charges.push_back(item->charged); });
    committer_.Submit(std::move(item->record));
  }

  // So many records are worth a commit at once: a quarter of the credits, since what waits for its
  // commit keeps others from the wire. Where nothing is ready it is the next commit that brings
  // more work.
  std::size_t EnoughForAGroup() const {
    if (admission_.ready() == 0) return 1;
    return std::min(admission_.in_flight(), admission_.credits() / kGroupShare + 1);
  }

  // --- on the commit thread ---

  void OnCommitted(std::size_t count, const Status& status) {
    if (!status) {
      End({.code = ExitCodeFor(status.error().code), .message = status.error().message});
    }
    admission_.Return(count, TakeCharges(count));
    graph_.Committed(count);
  }

  // Of the first `count` items that were handed to the committer, which keeps their order.
  std::int64_t TakeCharges(std::size_t count) {
    return charges_.With([&](std::deque<std::int64_t>& charges) {
      const auto end = charges.begin() + static_cast<std::ptrdiff_t>(count);
      const std::int64_t sum = std::accumulate(charges.begin(), end, std::int64_t{0});
      charges.erase(charges.begin(), end);
      return sum;
    });
  }

  // Takes the steps between phases, refills, and notices the end.
  SteadyTime OnTick() {
    const bool ending = early_end().has_value();
    if (!ending) {
      auto status = Refill();
      if (status) status = NoticeSleep();
      if (!status) {
        End({.code = ExitCodeFor(status.error().code), .message = status.error().message});
      }
    }
    Publish();
    const bool nothing_left = ending || store_.counts().queued() == 0;
    if (nothing_left && admission_.in_flight() == 0 && !finished_set_) {
      finished_set_ = true;
      finished_.Set();
    }
    return NextTick();
  }

  Status Refill() {
    while (true) {
      auto advanced = store_.Advance(
          [this](const DocumentRow& row) { return source_.RequestsForUnlisted(row); });
      if (!advanced) return Fail(advanced.error());
      if (!*advanced) break;
    }
    // Behind a long wait every admitted request would come straight back, and the whole frontier
    // would be rewritten; what is ready stays where it is. Documents need no request.
    if (admission_.ready() < admission_.credits()) {
      auto items =
          store_.Take(kReadyMax * admission_.credits() - admission_.ready(),
                      WalledUntil() > 0 ? Frontier::Which::kDocuments : Frontier::Which::kAll);
      if (!items) return Fail(items.error());
      admission_.Refill(std::move(*items));
    }
    graph_.Activate();
    return {};
  }

  // When the rate limiter lets something through again; 0: soon enough to wait for it in fetch.
  WallMs WalledUntil() const {
    const WallMs until = fetch_.Snapshot().wait_until_ms;
    return milliseconds(until - clock_.WallNow()) > kWaitHereMax ? until : 0;
  }

  // Where nothing is under way, and nothing can be before some time, people are shown that time.
  // Where it is further away than max_wait the run ends. (What another run put off, with a longer
  // max_wait, may be; the delay that we add of our own is none of it.)
  Status NoticeSleep() {
    const bool asleep =
        admission_.in_flight() == 0 && admission_.ready() == 0 && store_.counts().queued() > 0;
    auto due = asleep ? store_.NextDue() : Result<WallMs>(0);
    if (!due) return Fail(due.error());
    const WallMs walled = asleep ? WalledUntil() : 0;
    const WallMs now = clock_.WallNow();
    const milliseconds wait((walled > 0 ? walled : *due) - now);
    progress_.With([&](ProgressSnapshot& progress) {
      progress.waiting_for.clear();
      progress.waiting_until.reset();
      if (wait <= kWaitHereMax) return;
      progress.waiting_for = "the next attempt";
      progress.waiting_until = now + wait.count();
    });
    const milliseconds own = walled > 0 ? milliseconds(0) : RetryOptions{}.ceiling;
    if (wait > job_.retry.max_wait + own) End(EndOf(WaitTooLong(wait, job_.retry.max_wait, now)));
    return {};
  }

  SteadyTime NextTick() {
    const SteadyTime now = clock_.Now();
    SteadyTime next = now + seconds(1);
    const WallMs wall = fetch_.Snapshot().wait_until_ms;
    if (wall > clock_.WallNow()) next = std::min(next, now + milliseconds(wall - clock_.WallNow()));
    auto due = store_.NextDue();
    if (due && *due > 0) next = std::min(next, now + milliseconds(*due - clock_.WallNow()));
    return std::max(next, now + milliseconds(1));
  }

  // What people see: progress in memory, limits and the limiter's state in the database.
  void Publish() {
    const SteadyTime now = clock_.Now();
    const FetchStats stats = fetch_.Snapshot();
    store_.SetInFlight(static_cast<std::int64_t>(admission_.in_flight()));
    store_.SetRequestsSent(stats.sent);
    if (options_.requests_max && stats.sent >= *options_.requests_max) {
      End({.code = ExitCode::kIncomplete,
           .message = "--max-requests is reached; the same command goes on exactly there",
           .why = EarlyEnd::Why::kBound});
    }
    if (now >= documents_counted_at_) CountDocuments(now);
    if (now >= rss_read_at_ + kRssInterval) {
      rss_read_at_ = now;
      rss_peak_ = std::max(rss_peak_, ResidentBytes());
    }
    progress_.With([&](ProgressSnapshot& progress) {
      progress.requests_done = store_.requests_done();
      progress.requests_open = store_.counts().requests;
      progress.failed = store_.counts().failed;
    });
    ExportRate();
    // Before the first request there are none to show.
    if (now >= limits_saved_at_ + kLimitsInterval && !stats.operations.empty()) {
      limits_saved_at_ = now;
      SaveLimits(stats);
    }
  }

  // Counting a million rows takes a while, so it may take one part in fifty of the time.
  void CountDocuments(SteadyTime now) {
    const auto counted = store_.CountDocuments();
    if (counted) {
      progress_.With([&](ProgressSnapshot& progress) {
        progress.documents_done = counted->done;
        progress.documents_total = counted->total;
      });
    }
    documents_counted_at_ =
        clock_.Now() + std::max<Duration>(seconds(1), 50 * (clock_.Now() - now));
  }

  void SaveLimits(const FetchStats& stats) {
    std::map<std::string, std::string> limits = {
        {"in_flight", std::to_string(admission_.credits())},
        {"in_flight.peak", std::to_string(admission_.in_flight_peak())},
        {"rate", stats.requests_per_second > 0 ? fmt::format("{:.2f}/s", stats.requests_per_second)
                                               : "none"},
        {"stages.lookup", std::to_string(job_.stages.lookup_limit)},
        {"stages.transform", job_.stages.transform_limit == 0
                                 ? std::string("cores")
                                 : std::to_string(job_.stages.transform_limit)},
        {"memory.bodies", FormatBytes(admission_.memory().bytes_max())},
        {"memory.bodies_peak", FormatBytes(admission_.memory().charged_peak())},
        {"memory.rss_peak", FormatBytes(rss_peak_)},
        {"write.batch_items", std::to_string(job_.stages.write_batch_items)},
    };
    for (const FetchStats::Operation& operation : stats.operations) {
      limits["fetch." + operation.name] =
          fmt::format("{} of {}", operation.limit, operation.limit_max);
    }
    if (limits == saved_limits_) return;
    if (store_.SetLimits(limits)) saved_limits_ = std::move(limits);
  }

  // The rate limiter's state outlives the process, so that a restart does not walk into the wall
  // that stopped this one.
  void ExportRate() {
    const FetchState state = fetch_.ExportState();
    const std::string text = fmt::format("{} {}", state.not_before_ms, state.learned_milli_rps);
    if (text == saved_rate_ || (text == "0 0" && saved_rate_.empty())) return;
    // A wall is saved at once; a learned rate moves with every answer, so only now and then.
    const SteadyTime now = clock_.Now();
    const bool wall = state.not_before_ms != saved_wall_ms_;
    if (!wall && now < rate_saved_at_ + kLimitsInterval) return;
    if (!store_.SetFact("rate", text)) return;
    saved_rate_ = text;
    saved_wall_ms_ = state.not_before_ms;
    rate_saved_at_ = now;
  }

  void ImportRate() {
    const auto text = store_.Fact("rate");
    if (!text || text->empty()) return;
    saved_rate_ = *text;
    FetchState state;
    const auto space = text->find(' ');
    if (space == std::string::npos) return;
    state.not_before_ms =
        std::strtoll(text->c_str(), nullptr, 10) - store_.clock_set_back().count();
    state.learned_milli_rps = std::strtoll(text->c_str() + space, nullptr, 10);
    fetch_.ImportState(state);
  }

  // Constant after construction.
  const Job& job_;
  const RunOptions& options_;
  const Source& source_;
  Store& store_;
  const ResponseMemory& memory_;
  const Clock& clock_;
  const FetchOptions fetch_options_;

  // Own synchronisation.
  Event finished_;
  Guarded<std::optional<EarlyEnd>> early_end_;
  Guarded<ProgressSnapshot> progress_;
  Guarded<std::deque<std::int64_t>> charges_;    // of items with the committer, in its order
  std::atomic<std::int64_t> draining_since_{0};  // steady ns; 0: not draining

  // Only on the main thread.
  SteadyTime started_{};
  bool stop_asked_ = false;
  bool cancelled_ = false;

  // Only on the commit thread, and on the main thread once that has ended.
  bool finished_set_ = false;
  SteadyTime documents_counted_at_{};
  SteadyTime limits_saved_at_{};
  SteadyTime rss_read_at_{};
  std::int64_t rss_peak_ = 0;
  std::map<std::string, std::string> saved_limits_;
  std::string saved_rate_;
  WallMs saved_wall_ms_ = 0;
  SteadyTime rate_saved_at_{};

  Admission admission_;
  const SpillDir spill_;
  ReaderPool readers_;
  Lookup lookup_;
  Transform transform_;
  Committer committer_;
  std::unique_ptr<CurlTransport> transport_;
  Fetch fetch_;
  Graph graph_;
};

}  // namespace

std::optional<EarlyEnd> RunMachine(const Job& job, const RunOptions& options, const Source& source,
                                   OutputDir& output, Store& store, ResponseMemory& memory,
                                   const SignalWatch& signals, const Clock& clock,
                                   Credential* credential) {
  Machine machine(job, options, source, credential, output, store, memory, clock);
  machine.Run(signals);
  store.SetRequestsSent(machine.fetch_stats().sent);
  return machine.early_end();
}

}  // namespace sluice
