// What `--fresh` does to a state: it is forgotten, but for what tells sluice's own files from a
// user's.
#pragma once

#include <filesystem>

#include "storage/base/result.h"

namespace sluice {

// The state in `file` gives way to an empty one that knows which files in the output folder are
// sluice's own, so that the next run does not take them for a user's edits. Nothing else is kept.
// The new one is made beside the old one and takes its place in one step: killed at any instant,
// the old state is there as it was, or the new one. A state that is damaged or none of ours
// hands down nothing, and what lies in the folder counts as the user's. Code::kLocked: another
// program reads it. Call under the run lock, before the store is opened.
Status ForgetState(const std::filesystem::path& file);

// Removes what a kill left of ForgetState(). Call at the beginning of every run, under its lock.
Status SweepForgotten(const std::filesystem::path& file);

}  // namespace sluice
