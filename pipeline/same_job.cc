#include "pipeline/same_job.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <vector>

#include "pipeline/log.h"
#include "pipeline/sources.h"

namespace sluice {
namespace {

// Names in a message; the rest is counted.
constexpr std::size_t kNamed = 5;

std::string Named(const std::vector<std::string>& names) {
  const auto shown = std::min(names.size(), kNamed);
  std::string text =
      fmt::format("{}", fmt::join(names.begin(), names.begin() + static_cast<long>(shown), ", "));
  if (names.size() > shown) text += fmt::format(" and {} more", names.size() - shown);
  return PlainText(text);
}

std::vector<std::string> Without(const std::set<std::string>& all,
                                 const std::set<std::string>& others) {
  std::vector<std::string> rest;
  std::set_difference(all.begin(), all.end(), others.begin(), others.end(),
                      std::back_inserter(rest));
  return rest;
}

// The fingerprint of a REST job is a hash, which tells a person nothing; the names of its resources
// and files do. Those of other sources are text. REQUIRES: one source.
std::string Difference(const StateJob& state, const StateJob& job) {
  if (job.source() != SourceName(SourceKind::kRest)) {
    return fmt::format("it is '{}', the export '{}'", PlainText(job.fingerprint),
                       PlainText(state.fingerprint));
  }
  const auto added = Without(job.parts, state.parts);
  const auto gone = Without(state.parts, job.parts);
  std::string text;
  if (!added.empty()) text = fmt::format("it has {}, which the export has not", Named(added));
  if (!gone.empty()) {
    text +=
        fmt::format("{}the export has {}, which it has not", text.empty() ? "" : "; ", Named(gone));
  }
  if (!text.empty()) return text;
  return "what it asks for or how it writes it ([client], [[resources]]) is not what it was";
}

}  // namespace

Status CheckExportIsThere(const std::filesystem::path& output) {
  const std::filesystem::path file = StateFile(output);
  if (std::error_code error; std::filesystem::exists(file, error)) return {};
  return Fail(Code::kUsage,
              fmt::format("{}: there is no export here (no {}); export it first with `sluice run`, "
                          "`sluice notion` or `sluice trakt`",
                          PlainText(output.string()), PlainText(file.string())));
}

Status CheckSameJob(const StateJob& state, const StateJob& job, const std::filesystem::path& output,
                    RunMode mode, const RunOptions& options) {
  if (options.fresh) return {};
  const bool goes_on = mode == RunMode::kRetryFailed || options.offline;
  const std::string folder = PlainText(output.string());
  if (state.fingerprint.empty()) {
    if (!goes_on) return {};
    return Fail(Code::kUsage, fmt::format("{}: no export has begun here; run the export itself, "
                                          "without `retry` and --offline",
                                          folder));
  }
  if (state.source() != job.source()) {
    return Fail(Code::kUsage,
                fmt::format("{} holds an export of {}, and this is one of {}; give it another "
                            "output folder (--out), or forget the export that is there (--fresh)",
                            folder, PlainText(state.source()), job.source()));
  }
  const bool rows_of_another = options.offline && job.source() == SourceName(SourceKind::kRest);
  if (mode != RunMode::kRetryFailed && !rows_of_another) return {};
  if (state.fingerprint == job.fingerprint) return {};
  return Fail(Code::kUsage,
              fmt::format("{} was exported with another job: {}; {} with the job of the export "
                          "(its file and its --set flags), or run the new one by itself",
                          folder, Difference(state, job),
                          mode == RunMode::kRetryFailed ? "retry" : "render it"));
}

StateJob JobOf(const Source& source, std::string fingerprint) {
  StateJob job{.fingerprint = std::move(fingerprint), .parts = {}};
  for (const DocumentUpdate& document : FirstOpening(source).documents) {
    if (document.collection || !document.needs.empty()) job.parts.insert(document.title);
  }
  return job;
}

}  // namespace sluice
