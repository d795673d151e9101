#include "pipeline/check.h"

#include <fmt/format.h>

#include <algorithm>

#include "pipeline/explain.h"
#include "pipeline/log.h"
#include "pipeline/sources.h"

namespace sluice {
namespace {

std::string Line(const Job& job, const KeyValue& entry) {
  const auto origin = job.origins.find(entry.key);
  const std::string text = fmt::format("  {:<26} {}", entry.key, entry.value);
  if (origin == job.origins.end()) return PlainText(text) + "\n";
  return PlainText(fmt::format("{:<60} from {}", text, origin->second)) + "\n";
}

}  // namespace

std::vector<std::string> WithoutEffect(const Job& job) {
  std::vector<std::string> notes;
  const auto& include = job.notion.include;
  if (job.source == SourceKind::kNotion &&
      std::find(include.begin(), include.end(), "assets") != include.end()) {
    notes.push_back("this build does not download assets; Markdown links to them");
  }
  if (job.source != SourceKind::kNotion && job.origins.contains("stages.list.limit")) {
    notes.push_back("stages.list.limit is of notion jobs; stages.fetch names operations of others");
  }
  notes.insert(notes.end(), job.rest.notes.begin(), job.rest.notes.end());
  if (!job.monitoring.listen.empty() || job.monitoring.profiling) {
    notes.push_back("this build has no status server; [monitoring] has no effect");
  }
  return notes;
}

std::string DescribeJob(const Job& job) {
  std::string text;
  std::string section;
  for (const KeyValue& entry : JobKeys(job)) {
    const std::string own_section = entry.key.substr(0, entry.key.find('.'));
    if (own_section != section) text += fmt::format("[{}]\n", own_section);
    section = own_section;
    text += Line(job, entry);
  }
  for (const std::string& note : WithoutEffect(job)) text += fmt::format("note: {}\n", note);
  return text;
}

Result<std::string> CheckJob(const Job& job, const GetEnv& get_env) {
  const auto setup = MakeSource(job, Secrets::kMask);
  if (!setup) return Fail(setup.error());
  std::string text = DescribeJob(job) + ExplainJob(job, *setup->source);
  for (const auto& [key, reference] : SecretReferences(job)) {
    const auto found = CheckTokenReference(reference, get_env);
    if (!found) return Fail(Code::kUsage, fmt::format("{}: {}", key, found.error().message));
    text += fmt::format(
        "{}: {}\n", job.source == SourceKind::kRest ? key : key.substr(key.find('.') + 1), *found);
  }
  return text + "The job is valid. No request was sent.\n";
}

}  // namespace sluice
