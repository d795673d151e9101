// One run of one export: open, recover, drain, sweep, sum up. Owns every part of the machine for as
// long as the run lasts; main.cc chooses the source and turns the result into an exit code.
#pragma once

#include <string>
#include <vector>

#include "pipeline/cli.h"
#include "pipeline/exit_code.h"
#include "pipeline/job.h"
#include "pipeline/signals.h"
#include "stages/http/credential.h"
#include "stages/sources/source.h"
#include "storage/base/clock.h"
#include "storage/store.h"

namespace sluice {

enum class RunMode {
  kExport,       // list, and do what is left or has changed
  kRetryFailed,  // the items that failed, and what is still queued; no new listing
};

struct RunResult {
  ExitCode exit_code = ExitCode::kInternal;
  std::string message;  // one line; the reason when it is not complete
  RunTotals totals;
  std::int64_t failed = 0;
  std::vector<std::string> shortfalls;
};

// Borrows everything. Blocks until the run has ended; the caller's thread shows progress and takes
// the signals. `fingerprint` names what decides which documents there are and how they look.
// `credential` is the one that the source's requests carry, where it can be renewed.
RunResult RunExport(const Job& job, const RunOptions& options, RunMode mode, const Source& source,
                    std::string fingerprint, const SignalWatch& signals, const Clock& clock,
                    Credential* credential = nullptr);

// DIR/.sluice/state.db of an output folder.
std::filesystem::path StateFile(const std::filesystem::path& output);

}  // namespace sluice
