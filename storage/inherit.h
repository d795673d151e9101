// What a new state keeps of the one it replaces.
#pragma once

#include <filesystem>

#include "storage/base/result.h"

namespace sluice {

// The new state in `file` (created here when it is not there) learns from `old_file` which files
// in the output folder are sluice's own, so that `--fresh` does not take them for a user's edits.
// Nothing else is kept. On failure nothing is. Call under the run lock, before the store is opened.
Status InheritOutputs(const std::filesystem::path& file, const std::filesystem::path& old_file);

}  // namespace sluice
