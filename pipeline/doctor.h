// `sluice doctor`: whether an export can run here, check by check. Looks only: nothing is created,
// and at most one request is sent.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "pipeline/exit_code.h"
#include "pipeline/job.h"
#include "storage/base/result.h"

namespace sluice {

// What one check found.
struct Finding {
  enum class Level {
    kOk,
    kWarn,  // a run works, and something about it should be known
    kFail,  // a run would not work
  };

  Level level = Level::kOk;
  std::string check;         // "free space"
  std::string what;          // what is there; no secret
  std::string next;          // what to do about it; empty where all is well
  Code code = Code::kFatal;  // of kFail: what a run would end with
};
using Findings = std::vector<Finding>;

// Libraries and their versions, openat2, open files, time zones, authorities of TLS.
Findings CheckEnvironment();
// Whether outputs can be written: access, space, inodes, kind of file system. A folder that is not
// there is judged by its parent. And the modes of what lies in .sluice.
Findings CheckOutputFolder(const std::filesystem::path& output);
// Version and structure of the state, who holds it, what is unfinished, the size of the cache. Empty:
// there is none yet.
Findings CheckStateHealth(const std::filesystem::path& output);

// Why LoadJob() refused a job: a finding for each problem.
Findings JobProblems(const Error& refused);

enum class Reach { kSendOneRequest, kOffline };
// Whether the secrets are to be found and, unless offline, whether the API answers to them. Offline
// no command of a reference is run either.
Findings CheckSource(const Job& job, Reach reach);

// Of the failures the one that stands in the way of most: state, disk, configuration,
// authorization, network, and then the rest. kComplete when nothing failed.
ExitCode WorstExitCode(const Findings& findings);

// One line a check: "warn  free space   ...; next step".
std::string DoctorText(const Findings& findings);
std::string DoctorJson(const Findings& findings);

}  // namespace sluice
