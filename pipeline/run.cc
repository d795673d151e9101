#include "pipeline/run.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <memory>

#include "pipeline/log.h"
#include "pipeline/machine.h"
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

// Nothing is left: the frontier in the file is empty, and every document is done or has failed.
// Counters of this run prove nothing; the file does.
Status ProveDrained(Store& store) {
  auto open = store.CountOpen();
  if (!open) return Fail(open.error());
  auto documents = store.CountDocuments();
  if (!documents) return Fail(documents.error());
  const std::int64_t unfinished = documents->total - documents->done - documents->failed;
  if (open->queued() == 0 && unfinished == 0) return {};
  return Fail(Code::kFatal,
              fmt::format("{} items and {} documents are left although nothing is in flight; this "
                          "is a defect of sluice, please report it",
                          open->queued(), unfinished));
}

RunResult Conclude(Store& store, OutputDir& output) {
  RunResult result;
  const auto fail = [&](const Error& error) {
    result.exit_code = ExitCodeFor(error.code);
    result.message = error.message;
    return result;
  };
  if (auto drained = ProveDrained(store); !drained) return fail(drained.error());
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

Status RemoveState(const std::filesystem::path& file) {
  for (const char* suffix : {"", "-wal", "-shm"}) {
    std::error_code error;
    std::filesystem::remove(file.string() + suffix, error);
    if (error) {
      return Fail(Code::kDisk, fmt::format("{}{}: cannot be removed: {}", file.string(), suffix,
                                           error.message()));
    }
  }
  return {};
}

// Everything is forgotten but which files are sluice's own; where the old state cannot be read,
// what lies in the folder counts as the user's and is kept.
Status ForgetState(const std::filesystem::path& file) {
  std::error_code error;
  if (!std::filesystem::exists(file, error)) return RemoveState(file);
  const std::filesystem::path old = file.string() + ".old";
  if (auto removed = RemoveState(old); !removed) return removed;
  for (const char* suffix : {"", "-wal"}) {
    std::filesystem::rename(file.string() + suffix, old.string() + suffix, error);
  }
  if (auto removed = RemoveState(file); !removed) return removed;
  if (auto inherited = InheritOutputs(file, old); !inherited) {
    Log(LogLevel::kDebug, inherited.error().message);
    if (auto removed = RemoveState(file); !removed) return removed;
  }
  return RemoveState(old);
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
  auto output = OutputDir::Open(job.output);
  if (!output) return Failed(output.error());

  const std::filesystem::path file = StateFile(job.output);
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

  if (options.offline) {
    auto count = (*store)->BeginOffline();
    if (!count) return Failed(count.error());
    Log(LogLevel::kInfo,
        fmt::format("offline: rendering {} documents from what is stored", *count));
  } else if (mode == RunMode::kExport) {
    auto start = (*store)->BeginRun([&](const LastRun& last) { return source.Open(last); });
    if (!start) return Failed(start.error());
    Log(LogLevel::kDebug, fmt::format("{} generation {}", start->resumed ? "resuming" : "beginning",
                                      start->generation));
  } else {
    auto count = (*store)->BeginRetry();
    if (!count) return Failed(count.error());
    Log(LogLevel::kInfo, fmt::format("trying {} failed items again", *count));
  }

  const auto early =
      RunMachine(job, options, source, *output, **store, memory, signals, clock, credential);
  RunResult result = early ? RunResult{.exit_code = early->code, .message = early->message}
                           : Conclude(**store, *output);
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
