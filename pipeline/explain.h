// What a job will ask for and write, in words: for `sluice check`. The text is stable.
#pragma once

#include <string>

#include "pipeline/job.h"
#include "stages/sources/source.h"

namespace sluice {

// Resources of a REST job, files, the first requests as they would be sent, and the rate.
// `source` must have been made with Secrets::kMask, since headers are shown.
std::string ExplainJob(const Job& job, const Source& source);

}  // namespace sluice
