// Whether a run fits what lies in its output folder. Asked before anything there is touched: the
// files of an export of something else would count as gone at the source, and be removed.
#pragma once

#include <filesystem>
#include <set>
#include <string>

#include "pipeline/job.h"
#include "pipeline/run.h"
#include "stages/sources/source.h"
#include "storage/base/result.h"
#include "storage/state_job.h"

namespace sluice {

// `retry` and `--offline` go on with what is there. Code::kUsage: nothing is.
Status CheckExportIsThere(const std::filesystem::path& output);

// What a run does to the state that is there decides how much of the job must be the same: a new
// listing may be of another job of the same source, but failed items belong to the one that met
// them, and the rows of a REST job mean nothing to another. `--fresh` forgets the state, so nothing
// need be the same. Code::kUsage names what differs and what to do.
Status CheckSameJob(const StateJob& state, const StateJob& job, const std::filesystem::path& output,
                    RunMode mode, const RunOptions& options);

// The job of this run, as a state would say it.
StateJob JobOf(const Source& source, std::string fingerprint);

}  // namespace sluice
