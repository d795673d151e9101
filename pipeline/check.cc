#include "pipeline/check.h"

#include <fmt/format.h>

#include <algorithm>

#include "pipeline/log.h"

namespace sluice {
namespace {

constexpr std::string_view kToken = "notion.token";

std::string Line(const Job& job, const KeyValue& entry) {
  const std::string value =
      entry.key == kToken ? ShowTokenReference(job.notion.token) : entry.value;
  const auto origin = job.origins.find(entry.key);
  const std::string text = fmt::format("  {:<26} {}", entry.key, value);
  if (origin == job.origins.end()) return PlainText(text) + "\n";
  return PlainText(fmt::format("{:<60} from {}", text, origin->second)) + "\n";
}

}  // namespace

std::vector<std::string> WithoutEffect(const Job& job) {
  std::vector<std::string> notes;
  const auto& include = job.notion.include;
  if (std::find(include.begin(), include.end(), "assets") != include.end()) {
    notes.push_back("this build does not download assets; Markdown links to them");
  }
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
  const auto token = CheckTokenReference(job.notion.token, get_env);
  if (!token) return Fail(Code::kUsage, fmt::format("{}: {}", kToken, token.error().message));
  return fmt::format("{}token: {}\nThe job is valid. No request was sent.\n", DescribeJob(job),
                     *token);
}

}  // namespace sluice
