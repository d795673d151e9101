// The machine of one run: admission, the stages, the graph that connects them, the commit thread
// and the curl thread, put together for as long as there is something to do.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "pipeline/cli.h"
#include "pipeline/exit_code.h"
#include "pipeline/job.h"
#include "pipeline/signals.h"
#include "stages/http/credential.h"
#include "stages/sources/source.h"
#include "storage/output_dir.h"
#include "storage/response_memory.h"
#include "storage/store.h"

namespace sluice {

// Of limits.memory, the share of responses kept in memory; the rest is for bodies in flight. One in
// twelve: 4 MB of the default 50 are full after 5,000 items, and answer 39 % of all lookups of a
// first export of 4,000 pages, 12.5 MB 44 % (a rendering mostly follows its answers at once).
inline constexpr std::int64_t kMemoryTierShare = 12;

// Why a run ends before everything is done.
struct EarlyEnd {
  enum class Why {
    kBound,   // of the user's: where nothing is left all the same, the run is complete
    kSignal,  // tells more than a bound that tripped before it
    kError,
  };
  ExitCode code = ExitCode::kIncomplete;
  std::string message;
  Why why = Why::kError;
};

// Works the frontier of `store` off until nothing is left, or until something ends it early: a
// signal, a bound of `options`, or an error that another attempt cannot mend. The caller's thread
// shows progress and takes the signals meanwhile; on return no other thread is left, and the store
// is the caller's again. Borrows everything.
// REQUIRES: a run has begun in `store`.
std::optional<EarlyEnd> RunMachine(const Job& job, const RunOptions& options, const Source& source,
                                   OutputDir& output, Store& store, ResponseMemory& memory,
                                   const SignalWatch& signals, const Clock& clock,
                                   Credential* credential);

}  // namespace sluice
