// `sluice cache stats|trim|clear DIR`: the stored responses of an export.
#pragma once

#include <filesystem>
#include <string>

#include "pipeline/cli.h"
#include "storage/base/clock.h"
#include "storage/state_report.h"

namespace sluice {

std::string CacheStatsText(const StateReport& report);
std::string CacheStatsJson(const StateReport& report);

// Trims or clears, under the run lock; returns what to tell the user.
Result<std::string> ShrinkCache(const Command& command, const Clock& clock);

}  // namespace sluice
