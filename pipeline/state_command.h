// `sluice state`: what the collections of an export hold, and how one begins anew.
#pragma once

#include <filesystem>
#include <string>

#include "storage/base/clock.h"
#include "storage/base/result.h"
#include "storage/state_report.h"

namespace sluice {

std::string CollectionsText(const StateReport& report);
std::string CollectionsJson(const StateReport& report);

// Forgets the rows of `collection` and where it was, so that the next run asks for all of it. Takes
// the run lock. kUsage: there is none of that name; names those that are.
Status ResetCollection(const std::filesystem::path& folder, const std::string& collection,
                       const Clock& clock);

}  // namespace sluice
