#include "pipeline/job.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

#include "pipeline/base_url.h"
#include "pipeline/job_keys.h"
#include "pipeline/job_words.h"
#include "pipeline/problems.h"
#include "stages/sources/rest/validate.h"

namespace sluice {
namespace {

constexpr std::uintmax_t kFileBytesMax = 1u << 20;  // a job file is a page of text

// Puts one layer upon the other and collects what is wrong.
class Loader {
 public:
  explicit Loader(const JobInputs& inputs);
  Result<Job> Load() &&;

 private:
  std::optional<toml::table> ParseFile(const std::filesystem::path& file);
  SourceKind ChooseSource(const toml::table* table) const;
  void ReadFile(const std::filesystem::path& file, const toml::table& table);
  void ReadTable(const toml::table& table, const std::string& prefix);
  void ReadClientKeys(const std::string& key, const toml::node& node);
  void ReadNode(const std::string& key, const toml::node& node, std::uint32_t line);
  void ApplyVariable(const Setting& setting);
  void ApplyFlag(const Setting& setting);
  // Whether another source's jobs have that key, and not this one's.
  bool IsForeign(std::string_view key) const;
  std::string KeyOf(const Setting& setting) const;
  // What was wrong with it; empty: it is set.
  std::string Set(const std::string& key, const RawValue& value, const std::string& origin);
  void CheckWhole();
  void CheckRest();
  void CheckSpec(const RestJob& rest);
  void CheckUrl(const std::string& key, const std::string& url, bool allow_http);

  const JobInputs& inputs_;
  Job job_;
  std::set<std::string> refused_;  // keys whose problem is already told
  Problems problems_;
};

// Only strings and only one level: no key wants more.
std::optional<RawValue> FromToml(const toml::node& node) {
  if (const auto* value = node.as_boolean()) return RawValue{value->get()};
  if (const auto* value = node.as_integer()) return RawValue{value->get()};
  if (const auto* value = node.as_floating_point()) return RawValue{value->get()};
  if (const auto* value = node.as_string()) return RawValue{value->get()};
  const auto* array = node.as_array();
  if (!array) return std::nullopt;
  StringList list;
  for (const toml::node& entry : *array) {
    const auto* text = entry.as_string();
    if (!text) return std::nullopt;
    list.push_back(text->get());
  }
  return RawValue{std::move(list)};
}

std::optional<std::string> ReadWhole(const std::filesystem::path& file) {
  std::error_code error;
  const auto bytes = std::filesystem::file_size(file, error);
  if (error || bytes > kFileBytesMax) return std::nullopt;
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return in ? std::optional(text.str()) : std::nullopt;
}

Loader::Loader(const JobInputs& inputs) : inputs_(inputs) {}

Result<Job> Loader::Load() && {
  std::optional<toml::table> table;
  if (inputs_.file) table = ParseFile(*inputs_.file);
  job_.source = ChooseSource(table ? &*table : nullptr);
  if (table) ReadFile(*inputs_.file, *table);
  for (const Setting& setting : inputs_.environment) ApplyVariable(setting);
  for (const Setting& setting : inputs_.flags) ApplyFlag(setting);
  CheckWhole();
  if (problems_.empty()) return std::move(job_);
  return tl::unexpected(std::move(problems_).ToError());
}

std::optional<toml::table> Loader::ParseFile(const std::filesystem::path& file) {
  const std::string name = file.string();
  problems_.SetFile(name);
  const auto text = ReadWhole(file);
  if (!text) {
    std::error_code ignored;
    const bool there = std::filesystem::exists(file, ignored);
    problems_.AtLine(
        0, there ? fmt::format("cannot be read, or is larger than {} bytes", kFileBytesMax)
                 : std::string("there is no such file"));
    refused_.insert("job.output");
    return std::nullopt;
  }
  try {
    return toml::parse(*text, name);
  } catch (const toml::parse_error& error) {
    // Its text may quote the file, which may hold a token where none belongs: the place is enough.
    problems_.At(
        fmt::format("{}:{}:{}", name, error.source().begin.line, error.source().begin.column),
        "is not TOML from here on (a missing quote or bracket, or a key given twice?)");
    refused_.insert("job.output");
    return std::nullopt;
  }
}

// The last layer that names one decides which sections the job has. A word that is none is told
// when its layer is read.
SourceKind Loader::ChooseSource(const toml::table* table) const {
  SourceKind source = SourceKind::kNotion;
  const auto name = [&](std::string_view word) { source = ParseSource(word).value_or(source); };
  if (table) name((*table)["job"]["source"].value_or(std::string_view()));
  for (const auto* layer : {&inputs_.environment, &inputs_.flags}) {
    for (const Setting& setting : *layer) {
      if (setting.key == "job.source") name(setting.value);
    }
  }
  return source;
}

void Loader::ReadFile(const std::filesystem::path& file, const toml::table& table) {
  if (!table["job"]["source"]) {
    problems_.AtLine(0, "job.source: is missing; set source = \"notion\", \"trakt\" or \"rest\"");
  }
  ReadTable(table, "");
  if (job_.source == SourceKind::kRest) ReadRestJob(table, job_.rest, problems_);
  const bool relative = !job_.output.empty() && job_.output.is_relative();
  if (relative) job_.output = (file.parent_path() / job_.output).lexically_normal();
  if (job_.name.empty()) job_.name = file.stem().string();
}

void Loader::ReadTable(const toml::table& table, const std::string& prefix) {
  for (const auto& [name, node] : table) {
    ReadNode(prefix + std::string(name.str()), node, name.source().begin.line);
  }
}

void Loader::ReadNode(const std::string& key, const toml::node& node, std::uint32_t line) {
  if (key.find('.') == key.npos && IsForeign(key)) {
    return problems_.AtLine(
        line, fmt::format("[{}] has no effect in a {} job", key, SourceName(job_.source)));
  }
  if (job_.source == SourceKind::kRest && SourceOfKey(key) == SourceKind::kRest) {
    return ReadClientKeys(key, node);
  }
  if (!FindJobKey(key) && IsSection(key)) {
    if (const auto* table = node.as_table()) return ReadTable(*table, key + ".");
    return problems_.AtLine(line, fmt::format("{}: must be a table, as [{}]", key, key));
  }
  const auto value = FromToml(node);
  // A value of no usable type is refused by every key, in the key's own words.
  const std::string problem =
      Set(key, value ? *value : RawValue{StringList{""}}, problems_.Where(line));
  if (!problem.empty()) problems_.AtLine(line, problem);
}

// What ReadRestJob() leaves of its tables: the keys that other layers may set too.
void Loader::ReadClientKeys(const std::string& key, const toml::node& node) {
  const auto* table = key == "client" ? node.as_table() : nullptr;
  if (!table) return;
  for (const auto& [name, value] : *table) {
    const std::string full = "client." + std::string(name.str());
    if (!FindJobKey(full)) continue;
    const auto raw = FromToml(value);
    const std::uint32_t line = name.source().begin.line;
    const std::string problem =
        Set(full, raw ? *raw : RawValue{StringList{""}}, problems_.Where(line));
    if (!problem.empty()) problems_.AtLine(line, problem);
  }
}

// The environment is everybody's: a variable of another source's section is meant for another job.
void Loader::ApplyVariable(const Setting& setting) {
  if (IsForeign(setting.key)) return;
  ApplyFlag(setting);
}

void Loader::ApplyFlag(const Setting& setting) {
  const std::string key = KeyOf(setting);
  const bool secret = job_.source == SourceKind::kRest && setting.key.starts_with(kSourceSection) &&
                      !FindJobKey(key);
  if (secret) {
    return problems_.At(setting.origin,
                        "has no effect in a rest job, which names its secrets in client.auth");
  }
  const std::string problem =
      IsForeign(key)
          ? fmt::format("{}: has no effect in a {} job", key, SourceName(job_.source))
          : Set(key, {.value = setting.value, .from = RawValue::From::kText}, setting.origin);
  if (!problem.empty()) problems_.At(setting.origin, problem);
}

bool Loader::IsForeign(std::string_view key) const {
  return !key.starts_with(kFetchPrefix) && IsOfAnother(key, job_.source);
}

// A flag that every source has, such as --token, means the key of that name in the source's own
// section.
std::string Loader::KeyOf(const Setting& setting) const {
  constexpr std::string_view kOwn = kSourceSection;
  if (!setting.key.starts_with(kOwn)) return setting.key;
  const std::string_view section =
      job_.source == SourceKind::kRest ? "client" : SourceName(job_.source);
  return std::string(section) + setting.key.substr(kOwn.size());
}

std::string Loader::Set(const std::string& key, const RawValue& value, const std::string& origin) {
  const bool operation = job_.source != SourceKind::kNotion && key.starts_with(kFetchPrefix) &&
                         key != "stages.fetch.autotune";
  const JobKey* known = FindJobKey(key);
  if (!known && !operation)
    return fmt::format("{}: unknown key{}", key, Suggestion(key, job_.source));
  if (!(operation ? OperationKey(key) : *known).set(job_, value)) {
    refused_.insert(key);
    return fmt::format("{}: must be {}", key,
                       operation ? OperationKey(key).allowed : known->allowed);
  }
  job_.origins[key] = origin;
  return "";
}

// What only the layers together can break.
void Loader::CheckWhole() {
  if (job_.name.empty()) job_.name = SourceName(job_.source);
  if (job_.output.empty() && !refused_.contains("job.output")) {
    problems_.At("", "job.output: is missing; set output in [job], or give --out DIR");
  }
  if (job_.source == SourceKind::kNotion) {
    CheckUrl("notion.base_url", job_.notion.base_url, job_.notion.allow_http);
  }
  if (job_.source == SourceKind::kTrakt) {
    CheckUrl("trakt.base_url", job_.trakt.base_url, job_.trakt.allow_http);
    CheckUrl("trakt.auth_url", job_.trakt.auth_url, job_.trakt.allow_http);
  }
  if (job_.source == SourceKind::kRest) CheckRest();
}

void Loader::CheckRest() {
  RestJob& rest = job_.rest;
  rest.spec.name = job_.name;
  if (!inputs_.file)
    problems_.At(
        "", "a rest job needs its job file, which names the resources (retry: --job JOB.toml)");
  if (!rest.spec.base_url.empty()) {
    CheckUrl("client.base_url", rest.spec.base_url, rest.allow_http);
  } else if (!refused_.contains("client.base_url")) {
    problems_.At("", "client.base_url: is missing; it is the address of the API");
  }
  if (problems_.empty()) CheckSpec(rest);
  if (rest.read_attempts && !job_.origins.contains("retry.read_attempts")) {
    job_.retry.read_attempts = *rest.read_attempts;
  }
}

// What the source finds wrong: parents that are not there, placeholders that mean nothing. It names
// the resource; the line is ours to say.
void Loader::CheckSpec(const RestJob& rest) {
  const Status valid = rest::ValidateSpec(rest.spec);
  if (valid) return;
  std::istringstream lines(valid.error().message);
  for (std::string line; std::getline(lines, line);) {
    const auto named = std::find_if(rest.lines.begin(), rest.lines.end(), [&](const auto& entry) {
      return line.starts_with(fmt::format("resource '{}':", entry.first));
    });
    problems_.AtLine(named == rest.lines.end() ? 0 : named->second, line);
  }
}

void Loader::CheckUrl(const std::string& key, const std::string& url, bool allow_http) {
  if (IsHttps(url) || IsLoopbackUrl(url) || allow_http) return;
  problems_.At(job_.origins[key],
               fmt::format("{}: must be https, or http to the loopback; http elsewhere sends the "
                           "token readable and needs {}.allow_http = true",
                           key, key.substr(0, key.find('.'))));
}

}  // namespace

Result<Job> LoadJob(const JobInputs& inputs) { return Loader(inputs).Load(); }

std::vector<KeyValue> JobKeys(const Job& job) {
  std::vector<KeyValue> values;
  for (const JobKey& key : JobKeyTable()) {
    if (!IsOfAnother(key.name, job.source)) values.push_back({key.name, key.show(job)});
    // Where those of Notion stand in its jobs.
    if (key.name != "stages.lookup.limit") continue;
    for (const auto& [operation, limit] : job.stages.fetch.operations) {
      values.push_back({std::string(kFetchPrefix) + operation, std::to_string(limit)});
    }
  }
  return values;
}

}  // namespace sluice
