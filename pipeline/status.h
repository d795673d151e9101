// `sluice status` and `sluice failures`: what the state of an export says, for people and for
// scripts; and the JSON report of a run. Pure formatting over storage/state_report.
#pragma once

#include <filesystem>
#include <string>

#include "pipeline/cli.h"
#include "pipeline/run.h"
#include "storage/state_report.h"

namespace sluice {

// "93.1 % (27 of 29 lookups)", or "none yet".
std::string HitRatioText(const StateReport::CacheSize& cache);
// Each ends with a line end.
std::string StatusText(const std::filesystem::path& output, const StateReport& report);
std::string StatusJson(const std::filesystem::path& output, const StateReport& report);
std::string FailuresText(const StateReport& report);
std::string FailuresJson(const StateReport& report);
// What --report writes: the result of this run and everything the state has to say about it.
std::string RunReportJson(const std::filesystem::path& output, const RunResult& result,
                          const StateReport& report);

}  // namespace sluice
