// The command line: what the user asked for, as one value. Parses and routes; does nothing else.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "pipeline/job.h"
#include "pipeline/log.h"
#include "pipeline/progress.h"
#include "pipeline/units.h"
#include "storage/cache.h"

namespace sluice {

enum class Verb {
  kRun,         // `run JOB`, `notion` and `trakt`; the latter two have no job_file
  kCheck,       // `check JOB`
  kStatus,      // `status DIR`
  kFailures,    // `failures DIR`
  kVerify,      // `verify DIR`
  kCacheStats,  // `cache stats DIR`
  kCacheTrim,   // `cache trim DIR`: to `cache_limits`
  kCacheClear,  // `cache clear DIR`
  kState,       // `state DIR`
  kDoctor,      // `doctor [JOB or DIR]`
  kAuthTrakt,   // `auth trakt`
  kRetry,       // `retry DIR`: as kRun without a listing; job_file where --job is given
  kVersion,     // print `text`
  kHelp,        // print `text`
};

enum class ReportFormat { kText, kJson };

// What a run is told beside its job.
struct RunOptions {
  bool fresh = false;    // forget the state first
  bool full = false;     // ignore revisions and stored answers
  bool offline = false;  // render what is stored; send no request
  ProgressMode progress = ProgressMode::kAuto;
  std::optional<std::filesystem::path> report;            // file that gets the JSON summary
  std::optional<std::chrono::milliseconds> duration_max;  // then stop, resumable (exit 3)
  std::optional<std::int64_t> requests_max;               // likewise
  std::optional<DeleteLimit> delete_max;
  std::chrono::milliseconds lock_wait{0};  // for another run to end
};

// What `auth trakt` is told: keys of [trakt], without a job.
struct AuthOptions {
  std::string client_id = Job::Trakt().client_id;
  std::string client_secret = Job::Trakt().client_secret;
  std::string auth_url = Job::Trakt().auth_url;
  std::string token_file = Job::Trakt().token_file;
  bool revoke = false;  // end the stored authorisation instead
};

struct Command {
  Verb verb = Verb::kHelp;
  std::optional<std::filesystem::path> job_file;
  std::filesystem::path folder;   // of status, failures, verify and retry
  std::vector<Setting> settings;  // for JobInputs::flags, in the right order
  RunOptions run;
  AuthOptions auth;                           // of kAuthTrakt
  CacheLimits cache_limits{.bytes_max = 0};   // of kCacheTrim
  ReportFormat format = ReportFormat::kText;  // of status, failures, verify, doctor, cache stats
  std::optional<std::string> reset;           // of kState: the collection to begin anew
  LogOptions log;
  std::string text;  // of kHelp and kVersion
};

// kUsage: one line that says what is wrong and a line that says where help is. No argument's value
// is repeated, since one might be a token.
Result<Command> ParseCommandLine(int argc, const char* const* argv);

}  // namespace sluice
