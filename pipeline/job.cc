#include "pipeline/job.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <toml++/toml.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <set>
#include <sstream>

#include "pipeline/base_url.h"
#include "pipeline/did_you_mean.h"
#include "pipeline/job_keys.h"
#include "pipeline/log.h"

namespace sluice {
namespace {

constexpr std::string_view kVariablePrefix = "SLUICE_";
constexpr std::uintmax_t kFileBytesMax = 1u << 20;  // a job file is a page of text

// Puts one layer upon the other and collects what is wrong.
class Loader {
 public:
  void ReadFile(const std::filesystem::path& file);
  void Apply(const Setting& setting);
  void CheckWhole();
  Result<Job> Finish() &&;

 private:
  void ReadTable(const toml::table& table, const std::string& prefix);
  void ReadNode(const std::string& key, const toml::node& node, std::uint32_t line);
  void Set(const std::string& key, const RawValue& value, const std::string& origin);
  void Complain(std::string_view origin, std::string_view text);
  std::string Where(std::uint32_t line) const { return fmt::format("{}:{}", file_name_, line); }

  Job job_;
  std::optional<std::string> missing_source_;  // one that this build does not have
  std::string file_name_;
  std::set<std::string> refused_;  // keys whose problem is already told
  std::vector<std::string> problems_;
};

// The words that may follow `prefix`: of "stages.", "list", "lookup", "fetch" and so on.
std::vector<std::string_view> WordsAfter(std::string_view prefix) {
  std::vector<std::string_view> words;
  for (const JobKey& key : JobKeyTable()) {
    if (!key.name.starts_with(prefix)) continue;
    const std::string_view rest = std::string_view(key.name).substr(prefix.size());
    const std::string_view word = rest.substr(0, rest.find('.'));
    if (std::find(words.begin(), words.end(), word) == words.end()) words.push_back(word);
  }
  return words;
}

bool IsSection(const std::string& key) { return !WordsAfter(key + ".").empty(); }

// First among its neighbours, then the same word in another section.
std::string Suggestion(std::string_view key) {
  const auto dot = key.rfind('.');
  const std::string_view prefix = dot == key.npos ? "" : key.substr(0, dot + 1);
  const std::string_view word = key.substr(prefix.size());
  const std::string_view nearest = NearestWord(word, WordsAfter(prefix));
  if (!nearest.empty()) return fmt::format(" (did you mean '{}{}'?)", prefix, nearest);
  std::vector<std::string_view> names;
  for (const JobKey& known : JobKeyTable()) {
    if (known.name.ends_with(fmt::format(".{}", word))) {
      return fmt::format(" (did you mean '{}'?)", known.name);
    }
    names.push_back(known.name);
  }
  return DidYouMean(key, names);
}

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

void Loader::ReadFile(const std::filesystem::path& file) {
  file_name_ = file.string();
  const auto text = ReadWhole(file);
  if (!text) {
    std::error_code ignored;
    const bool there = std::filesystem::exists(file, ignored);
    Complain(file_name_,
             there ? fmt::format("cannot be read, or is larger than {} bytes", kFileBytesMax)
                   : std::string("there is no such file"));
    refused_.insert("job.output");
    return;
  }
  try {
    const toml::table table = toml::parse(*text, file_name_);
    const auto source_node = table["job"]["source"];
    const auto source = source_node.value<std::string>();
    if (source == "trakt" || source == "rest") {
      missing_source_ = *source;
      return;
    }
    if (!source_node) Complain(file_name_, "job.source: is missing; set source = \"notion\"");
    ReadTable(table, "");
  } catch (const toml::parse_error& error) {
    // Its text may quote the file, which may hold a token where none belongs: the place is enough.
    Complain(
        fmt::format("{}:{}:{}", file_name_, error.source().begin.line, error.source().begin.column),
        "is not TOML from here on (a missing quote or bracket, or a key given twice?)");
    refused_.insert("job.output");
  }
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
  if (!FindJobKey(key) && IsSection(key)) {
    if (const auto* table = node.as_table()) return ReadTable(*table, key + ".");
    return Complain(Where(line), fmt::format("{}: must be a table, as [{}]", key, key));
  }
  const auto value = FromToml(node);
  // A value of no usable type is refused by every key, in the key's own words.
  Set(key, value ? *value : RawValue{StringList{""}}, Where(line));
}

void Loader::Apply(const Setting& setting) {
  Set(setting.key, {.value = setting.value, .from = RawValue::From::kText}, setting.origin);
}

void Loader::Set(const std::string& key, const RawValue& value, const std::string& origin) {
  const JobKey* known = FindJobKey(key);
  if (!known) return Complain(origin, fmt::format("{}: unknown key{}", key, Suggestion(key)));
  const auto* text = std::get_if<std::string>(&value.value);
  if (key == "job.source" && text && (*text == "trakt" || *text == "rest")) missing_source_ = *text;
  if (!known->set(job_, value)) {
    refused_.insert(key);
    return Complain(origin, fmt::format("{}: must be {}", key, known->allowed));
  }
  job_.origins[key] = origin;
}

// What only the layers together can break.
void Loader::CheckWhole() {
  const auto& notion = job_.notion;
  if (job_.name.empty()) job_.name = "notion";
  if (job_.output.empty() && !refused_.contains("job.output")) {
    Complain("", "job.output: is missing; set output in [job], or give --out DIR");
  }
  if (!IsHttps(notion.base_url) && !IsLoopbackUrl(notion.base_url) && !notion.allow_http) {
    Complain(job_.origins["notion.base_url"],
             "notion.base_url: must be https, or http to the loopback; http elsewhere sends the "
             "token readable and needs notion.allow_http = true");
  }
}

void Loader::Complain(std::string_view origin, std::string_view text) {
  problems_.push_back(PlainText(fmt::format("{}{}{}", origin, origin.empty() ? "" : ": ", text)));
}

Result<Job> Loader::Finish() && {
  if (missing_source_) {
    return Fail(Code::kUsage, fmt::format("source '{}' is not in this build", *missing_source_));
  }
  if (problems_.empty()) return std::move(job_);
  if (problems_.size() == 1) return Fail(Code::kUsage, std::move(problems_.front()));
  return Fail(Code::kUsage, fmt::format("the job has {} problems\n{}", problems_.size(),
                                        fmt::join(problems_, "\n")));
}

std::string VariableName(std::string_view key) {
  std::string name(kVariablePrefix);
  for (const char c : key) {
    name += c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return name;
}

// The key that the variable `name` means; of an unknown one in a known section, what it would be.
std::optional<std::string> KeyOfVariable(std::string_view name) {
  for (const JobKey& key : JobKeyTable()) {
    if (VariableName(key.name) == name) return key.name;
  }
  for (const std::string_view section : WordsAfter("")) {
    const std::string prefix = VariableName(section) + "_";
    if (!name.starts_with(prefix)) continue;
    std::string key = fmt::format("{}.{}", section, name.substr(prefix.size()));
    for (char& c : key) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return key;
  }
  return std::nullopt;
}

}  // namespace

Result<Job> LoadJob(const JobInputs& inputs) {
  Loader loader;
  if (inputs.file) loader.ReadFile(*inputs.file);
  for (const Setting& setting : inputs.environment) loader.Apply(setting);
  for (const Setting& setting : inputs.flags) loader.Apply(setting);
  loader.CheckWhole();
  return std::move(loader).Finish();
}

std::vector<Setting> JobEnvironment(const char* const* environment) {
  std::vector<Setting> settings;
  for (; *environment; ++environment) {
    const std::string_view entry = *environment;
    const auto equals = entry.find('=');
    if (!entry.starts_with(kVariablePrefix) || equals == entry.npos) continue;
    const std::string_view name = entry.substr(0, equals);
    const auto key = KeyOfVariable(name);
    if (key) settings.push_back({*key, std::string(entry.substr(equals + 1)), std::string(name)});
  }
  return settings;
}

std::vector<KeyValue> JobKeys(const Job& job) {
  std::vector<KeyValue> values;
  for (const JobKey& key : JobKeyTable()) values.push_back({key.name, key.show(job)});
  return values;
}

}  // namespace sluice
