#include "pipeline/run.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <memory>

#include "pipeline/log.h"
#include "pipeline/machine.h"
#include "pipeline/same_job.h"
#include "stages/http/secrets.h"
#include "storage/inherit.h"
#include "storage/run_lock.h"

namespace sluice {
namespace {

StoreOptions StoreOptionsFor(const Job& job, const RunOptions& options, std::string fingerprint,
                             ResponseMemory& memory) {
  StoreOptions store{.fingerprint = std::move(fingerprint),
                     .ignore_revisions = options.full,
                     .cache = {.bytes_max = job.cache.bytes_max,
                               .entries_max = job.cache.entries_max,
                               .age_max = job.cache.age_max},
                     .memory = &memory};
  if (options.delete_max) {
    if (const auto* count = std::get_if<std::int64_t>(&*options.delete_max)) {
      store.delete_max = *count;
    } else {
      store.delete_max_fraction = std::get<Percent>(*options.delete_max).value / 100;
    }
  }
  return store;
}

// The manifest as the output folder needs it. What was edited is named in the log as well.
OutputLedger LedgerOf(Store& store) {
  return {.written = [&store](const std::string& path) { return store.WrittenAt(path); },
          .announce =
              [&store](std::span<const OutputFile* const> files, std::span<const KeptEdit> edits) {
                for (const KeptEdit& edit : edits) {
                  Log(LogLevel::kWarning, fmt::format("{} was edited; that version is kept as {}",
                                                      edit.path, edit.kept_as));
                }
                return store.Announce(files, edits);
              }};
}

// Whether an output lies there as it was left. One that was only touched is.
bool IsIntact(const OutputDir& output, const OutputRow& row) {
  const auto there = output.Inspect(row.path, WithHash::kNo);
  if (!there || !*there || (*there)->bytes != row.bytes) return false;
  if ((*there)->mtime_ns == row.mtime_ns) return true;
  const auto hashed = output.Inspect(row.path, WithHash::kYes);
  return hashed && *hashed && (*hashed)->sha256 == row.sha256;
}

Status RemoveObsolete(Store& store, OutputDir& output) {
  while (true) {
    auto paths = store.ObsoleteOutputs();
    if (!paths) return Fail(paths.error());
    if (paths->empty()) return {};
    for (const std::string& path : *paths) {
      if (auto status = output.Remove(path); !status) return status;
    }
    if (auto status = store.ForgetOutputs(*paths); !status) return status;
  }
}

// Nothing is left: the frontier in the file is empty, and every document is done or has failed, but
// for those that a run without a listing left out. Counters of this run prove nothing; the file
// does.
Status ProveDrained(Store& store, const Store::DocumentCounts& documents, bool offline) {
  auto open = store.CountOpen();
  if (!open) return Fail(open.error());
  const std::int64_t unfinished = offline ? 0 : documents.total - documents.done - documents.failed;
  if (open->queued() == 0 && unfinished == 0) return {};
  return Fail(Code::kFatal,
              fmt::format("{} items and {} documents are left although nothing is in flight; this "
                          "is a defect of sluice, please report it",
                          open->queued(), unfinished));
}

// Why a run without a listing is not complete; empty: it is.
std::string Incomplete(const Store::OfflineStart& offline) {
  if (offline.left_out > 0) {
    return fmt::format(
        "{} documents ({}) were not rendered, since what they are made from is not complete: they "
        "are as they were exported before; run without --offline",
        offline.left_out, offline.first_left_out);
  }
  return offline.listed ? "" : "the listing is not complete; run without --offline";
}

RunResult Conclude(Store& store, OutputDir& output,
                   const std::optional<Store::OfflineStart>& offline) {
  RunResult result;
  const auto fail = [&](const Error& error) {
    result.exit_code = ExitCodeFor(error.code);
    result.message = error.message;
    return result;
  };
  auto documents = store.CountDocuments();
  if (!documents) return fail(documents.error());
  if (auto drained = ProveDrained(store, *documents, offline.has_value()); !drained) {
    return fail(drained.error());
  }
  auto shortfalls = store.Shortfalls();
  if (!shortfalls) return fail(shortfalls.error());
  if (shortfalls->empty()) {
    if (auto withdrawn = store.WithdrawMissing(); !withdrawn) return fail(withdrawn.error());
    shortfalls = store.Shortfalls();  // too many deletions are one
    if (!shortfalls) return fail(shortfalls.error());
  }
  if (auto removed = RemoveObsolete(store, output); !removed) return fail(removed.error());

  result.failed = store.counts().failed;
  result.shortfalls = std::move(*shortfalls);
  result.exit_code = ExitCode::kComplete;
  if (!result.shortfalls.empty()) {
    result.exit_code = ExitCode::kIncomplete;
    result.message = result.shortfalls.front();
  }
  if (std::string why = offline ? Incomplete(*offline) : ""; !why.empty()) {
    result.exit_code = ExitCode::kIncomplete;
    result.message = std::move(why);
  } else if (documents->failed > 0) {
    result.exit_code = ExitCode::kIncomplete;
    result.message = fmt::format("{} documents are not exported", documents->failed);
  }
  if (result.failed > 0) {
    result.exit_code = ExitCode::kIncomplete;
    result.message = fmt::format(
        "{} items failed; `sluice failures` names them, `sluice retry` "
        "tries them again",
        result.failed);
  }
  return result;
}

RunResult Failed(const Error& error) {
  return {.exit_code = ExitCodeFor(error.code), .message = error.message};
}

// Whether everything is done although a bound tripped: the last item may have been committed
// meanwhile. The steps between phases are taken; what they add is left.
Result<bool> NothingLeft(Store& store, const Source& source) {
  while (true) {
    auto advanced =
        store.Advance([&](const DocumentRow& row) { return source.RequestsForUnlisted(row); });
    if (!advanced) return Fail(advanced.error());
    if (!*advanced) return store.counts().queued() == 0;
  }
}

RunResult EndOfRun(const std::optional<EarlyEnd>& early, Store& store, OutputDir& output,
                   const Source& source, const std::optional<Store::OfflineStart>& offline) {
  if (early && early->why == EarlyEnd::Why::kBound) {
    const auto nothing_left = NothingLeft(store, source);
    if (!nothing_left) return Failed(nothing_left.error());
    if (*nothing_left) return Conclude(store, output, offline);
  }
  if (early) return {.exit_code = early->code, .message = early->message};
  return Conclude(store, output, offline);
}

const char* OutcomeName(const RunResult& result) {
  switch (result.exit_code) {
    case ExitCode::kComplete:
      return "complete";
    case ExitCode::kIncomplete:
      return "incomplete";
    case ExitCode::kInterrupted:
    case ExitCode::kTerminated:
      return "stopped";
    default:
      return "failed";
  }
}

}  // namespace

std::filesystem::path StateFile(const std::filesystem::path& output) {
  return output / ".sluice" / "state.db";
}

RunResult RunExport(const Job& job, const RunOptions& options, RunMode mode, const Source& source,
                    std::string fingerprint, const SignalWatch& signals, const Clock& clock,
                    Credential* credential) {
  auto lock = RunLock::Acquire(job.output / ".sluice", clock, options.lock_wait);
  if (!lock) return Failed(lock.error());
  const std::filesystem::path file = StateFile(job.output);
  if (auto swept = SweepForgotten(file); !swept) return Failed(swept.error());
  if (const auto state = ReadStateJob(file)) {
    const auto same = CheckSameJob(*state, JobOf(source, fingerprint), job.output, mode, options);
    if (!same) return Failed(same.error());
  }
  auto output = OutputDir::Open(job.output);
  if (!output) return Failed(output.error());

  if (options.fresh) {
    if (auto status = ForgetState(file); !status) return Failed(status.error());
  }
  const auto intact = [&](const OutputRow& row) { return IsIntact(*output, row); };
  ResponseMemory memory(
      {.entries_max = static_cast<std::size_t>(job.cache.memory_entries),
       .bytes_max = static_cast<std::size_t>(job.limits.memory_bytes / kMemoryTierShare),
       .ttl = std::nullopt},
      clock);
  auto store = Store::Open(file, StoreOptionsFor(job, options, std::move(fingerprint), memory),
                           clock, intact);
  if (!store) return Failed(store.error());
  output->UseLedger(LedgerOf(**store));

  std::optional<Store::OfflineStart> offline;
  if (options.offline) {
    auto start = (*store)->BeginOffline();
    if (!start) return Failed(start.error());
    Log(LogLevel::kInfo,
        fmt::format("offline: rendering {} documents from what is stored", start->documents));
    offline = std::move(*start);
    if (const std::string why = Incomplete(*offline); !why.empty()) {
      Log(LogLevel::kWarning, "offline: " + why);
    }
  } else if (mode == RunMode::kExport) {
    auto start = (*store)->BeginRun([&](const LastRun& last) { return source.Open(last); });
    if (!start) return Failed(start.error());
    Log(LogLevel::kDebug, fmt::format("{} generation {}", start->resumed ? "resuming" : "beginning",
                                      start->generation));
    if (start->lost > 0) {
      Log(LogLevel::kInfo,
          fmt::format("{} files are not as they were left, and are made again", start->lost));
    }
  } else {
    auto count = (*store)->BeginRetry();
    if (!count) return Failed(count.error());
    Log(LogLevel::kInfo, fmt::format("trying {} failed items again", *count));
  }

  const auto early =
      RunMachine(job, options, source, *output, **store, memory, signals, clock, credential);
  RunResult result = EndOfRun(early, **store, *output, source, offline);
  result.message = KnownSecrets().Redact(std::move(result.message));
  result.totals = (*store)->totals();
  if (auto ended = (*store)->EndRun(OutcomeName(result), ToInt(result.exit_code), result.message);
      !ended && result.exit_code == ExitCode::kComplete) {
    return Failed(ended.error());
  }
  (*store)->Checkpoint();
  return result;
}

}  // namespace sluice
