// sluice: parse, open, wire, run, exit code.
#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <limits>

#include "pipeline/auth_command.h"
#include "pipeline/cache_command.h"
#include "pipeline/check.h"
#include "pipeline/cli.h"
#include "pipeline/descriptors.h"
#include "pipeline/doctor.h"
#include "pipeline/exit_code.h"
#include "pipeline/last_words.h"
#include "pipeline/log.h"
#include "pipeline/memory.h"
#include "pipeline/run.h"
#include "pipeline/same_job.h"
#include "pipeline/signals.h"
#include "pipeline/sources.h"
#include "pipeline/state_command.h"
#include "pipeline/status.h"
#include "pipeline/verify.h"
#include "stages/http/secrets.h"
#include "storage/base/out_of_memory.h"

extern char** environ;

namespace sluice {
namespace {

// Rows of failures and notes that a report names; the totals count all.
constexpr int kReportRows = 10'000;

// Lists that were short, in the log; `sluice status` and the report name them all.
constexpr std::size_t kShortfallLines = 10;

int Refuse(const Error& error) {
  std::cerr << "sluice: " << KnownSecrets().Redact(error.message) << "\n";
  return ToInt(ExitCodeFor(error.code));
}

// `sluice retry` of an export that had no job file: the state knows its source.
std::vector<Setting> SourceOfState(const Command& command) {
  if (command.verb != Verb::kRetry || command.job_file) return {};
  const auto report = ReadStateReport(StateFile(command.folder), 0);
  if (!report || report->source.empty()) return {};
  return {{"job.source", report->source, "state.db"}};
}

Result<Job> Load(const Command& command) {
  std::vector<Setting> flags = SourceOfState(command);
  flags.insert(flags.end(), command.settings.begin(), command.settings.end());
  return LoadJob({.file = command.job_file,
                  .environment = JobEnvironment(environ),
                  .flags = std::move(flags)});
}

int WriteReport(const Command& command, const Job& job, const RunResult& result) {
  auto report = ReadStateReport(StateFile(job.output), kReportRows);
  if (!report) return Refuse(report.error());
  std::ofstream out(*command.run.report, std::ios::binary);
  out << RunReportJson(job.output, result, *report);
  if (!out.flush()) {
    return Refuse(
        {Code::kDisk, fmt::format("{}: cannot write the report", command.run.report->string())});
  }
  return ToInt(result.exit_code);
}

// What to do about an end that the reason alone does not tell.
std::string Advice(const Job& job, ExitCode code) {
  switch (code) {
    case ExitCode::kUnauthorized:
      return fmt::format("; {}, then run the same command again", CredentialAdvice(job));
    case ExitCode::kNetwork:
      return fmt::format("; check {} and the network, then run the same command again",
                         BaseUrlKey(job));
    default:
      return "";
  }
}

bool DidNothing(const RunTotals& totals) {
  return totals.requests_sent + totals.cache_hits + totals.outputs + totals.deleted == 0;
}

void Summarise(const Job& job, const RunResult& result) {
  if (result.exit_code != ExitCode::kComplete && DidNothing(result.totals)) {
    return Log(LogLevel::kError, result.message);
  }
  const LogLevel level =
      result.exit_code == ExitCode::kComplete ? LogLevel::kInfo : LogLevel::kError;
  Log(level,
      fmt::format("{}: {} requests, {} from the cache, {} files rendered, {} removed, {} "
                  "failed, in {}",
                  result.exit_code == ExitCode::kComplete ? "complete" : "not complete",
                  result.totals.requests_sent, result.totals.cache_hits, result.totals.outputs,
                  result.totals.deleted, result.failed, job.output.string()));
  for (std::size_t i = 0; i < std::min(result.shortfalls.size(), kShortfallLines); ++i) {
    Log(LogLevel::kWarning, result.shortfalls[i]);
  }
  if (!result.message.empty()) Log(level, result.message);
}

void KeepWithinDescriptors(Job& job) {
  const int wanted = job.limits.in_flight;
  job.limits.in_flight = InFlightWithinDescriptors(wanted);
  if (job.limits.in_flight == wanted) return;
  Log(LogLevel::kWarning,
      fmt::format(
          "there are too few file descriptors (`ulimit -n`) for {} items in flight; {} it is",
          wanted, job.limits.in_flight));
}

int RunJob(const Command& command) {
  const SignalWatch signals;
  auto job = Load(command);
  if (!job) return Refuse(job.error());
  if (command.verb == Verb::kRetry || command.run.offline) {
    if (auto there = CheckExportIsThere(job->output); !there) return Refuse(there.error());
  }
  auto setup = MakeSource(*job, command.run.offline ? Secrets::kMask : Secrets::kResolve);
  if (!setup) return Refuse(setup.error());
  for (const std::string& note : WithoutEffect(*job)) Log(LogLevel::kWarning, note);
  KeepWithinDescriptors(*job);

  const SystemClock clock;
  const RunMode mode = command.verb == Verb::kRetry ? RunMode::kRetryFailed : RunMode::kExport;
  RunResult result = RunExport(*job, command.run, mode, *setup->source, setup->fingerprint, signals,
                               clock, setup->credential.get());
  result.message += Advice(*job, result.exit_code);
  Summarise(*job, result);
  return command.run.report ? WriteReport(command, *job, result) : ToInt(result.exit_code);
}

int Check(const Command& command) {
  auto job = Load(command);
  if (!job) return Refuse(job.error());
  // No other thread is there. NOLINTNEXTLINE(concurrency-mt-unsafe)
  auto text = CheckJob(*job, [](const char* name) { return std::getenv(name); });
  if (!text) return Refuse(text.error());
  std::cout << *text;
  return 0;
}

int Show(const Command& command) {
  auto report = ReadStateReport(StateFile(command.folder), kReportRows);
  if (!report) return Refuse(report.error());
  const bool json = command.format == ReportFormat::kJson;
  if (command.verb == Verb::kFailures) {
    std::cout << (json ? FailuresJson(*report) : FailuresText(*report));
  } else {
    std::cout << (json ? StatusJson(command.folder, *report) : StatusText(command.folder, *report));
  }
  return 0;
}

int Verify(const Command& command) {
  const auto verification =
      VerifyExport(command.folder, StateFile(command.folder), std::size_t{kReportRows});
  if (!verification) return Refuse(verification.error());
  std::cout << (command.format == ReportFormat::kJson ? VerifyJson(command.folder, *verification)
                                                      : VerifyText(command.folder, *verification));
  return ToInt(verification->ok() ? ExitCode::kComplete : ExitCode::kIncomplete);
}

int ShowCache(const Command& command) {
  if (command.verb != Verb::kCacheStats) {
    const auto text = ShrinkCache(command, SystemClock());
    if (!text) return Refuse(text.error());
    std::cout << *text;
    return 0;
  }
  const auto report = ReadStateReport(StateFile(command.folder), 0);
  if (!report) return Refuse(report.error());
  const bool json = command.format == ReportFormat::kJson;
  std::cout << (json ? CacheStatsJson(*report) : CacheStatsText(*report));
  return 0;
}

int ShowCollections(const Command& command) {
  if (command.reset) {
    const Status reset = ResetCollection(command.folder, *command.reset, SystemClock());
    if (!reset) return Refuse(reset.error());
    std::cout << *command.reset << ": the next run lists the export anew, and asks for all of it\n";
    return 0;
  }
  const auto report = ReadStateReport(StateFile(command.folder), 0);
  if (!report) return Refuse(report.error());
  const bool json = command.format == ReportFormat::kJson;
  std::cout << (json ? CollectionsJson(*report) : CollectionsText(*report));
  return 0;
}

// What there is to be checked follows from what was given: nothing, an output folder, or a job.
Findings Diagnose(const Command& command) {
  Findings findings = CheckEnvironment();
  const auto add = [&](Findings more) {
    std::move(more.begin(), more.end(), std::back_inserter(findings));
  };
  std::error_code error;
  if (command.job_file && std::filesystem::is_directory(*command.job_file, error)) {
    add(CheckOutputFolder(*command.job_file));
    add(CheckStateHealth(*command.job_file));
    return findings;
  }
  if (!command.job_file && command.settings.empty()) return findings;
  auto job = Load(command);
  if (!job) {
    add(JobProblems(job.error()));
    return findings;
  }
  add(CheckOutputFolder(job->output));
  add(CheckStateHealth(job->output));
  add(CheckSource(*job, command.run.offline ? Reach::kOffline : Reach::kSendOneRequest));
  return findings;
}

int Doctor(const Command& command) {
  const Findings findings = Diagnose(command);
  std::cout << (command.format == ReportFormat::kJson ? DoctorJson(findings)
                                                      : DoctorText(findings));
  return ToInt(WorstExitCode(findings));
}

int Authorise(const Command& command) {
  const SignalWatch signals;
  return RunAuthTrakt(command.auth, signals, SystemClock(), std::cout);
}

int Main(int argc, char** argv) {
  auto command = ParseCommandLine(argc, argv);
  if (!command) return Refuse(command.error());
  StartLog(command->log);
  switch (command->verb) {
    case Verb::kHelp:
    case Verb::kVersion:
      std::cout << command->text;
      return 0;
    case Verb::kCheck:
      return Check(*command);
    case Verb::kStatus:
    case Verb::kFailures:
      return Show(*command);
    case Verb::kVerify:
      return Verify(*command);
    case Verb::kCacheStats:
    case Verb::kCacheTrim:
    case Verb::kCacheClear:
      return ShowCache(*command);
    case Verb::kState:
      return ShowCollections(*command);
    case Verb::kDoctor:
      return Doctor(*command);
    case Verb::kAuthTrakt:
      return Authorise(*command);
    case Verb::kRun:
    case Verb::kRetry:
      return RunJob(*command);
  }
  return ToInt(ExitCode::kInternal);
}

}  // namespace
}  // namespace sluice

int main(int argc, char** argv) {
  sluice::SayWhatIsUncaught();
  sluice::EndWhenOutOfMemory();
  sluice::BoundAllocator();
  return sluice::Main(argc, argv);
}
