// The table of a job's keys: name, what is allowed, how it is read and shown. The only place that
// knows them one by one; job.cc walks it for every layer.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "pipeline/job.h"

namespace sluice {

using StringList = std::vector<std::string>;

// A value as one layer gave it. `kText` comes from a flag or a variable and is read as the key
// needs it; `kTyped` comes from TOML and must already be of the right type.
struct RawValue {
  enum class From { kTyped, kText };
  std::variant<bool, std::int64_t, double, std::string, StringList> value;
  From from = From::kTyped;
};

struct JobKey {
  std::string name;                                // "limits.in_flight"
  std::string allowed;                             // ends the sentence "must be ..."
  std::function<bool(Job&, const RawValue&)> set;  // false: not allowed, and the job is unchanged
  std::function<std::string(const Job&)> show;     // as it would stand in a job file
};

// In the order of a job file.
const std::vector<JobKey>& JobKeyTable();
const JobKey* FindJobKey(std::string_view name);

// The only source whose jobs have that key or section: "notion.roots", "trakt",
// "stages.fetch.pages". nullopt: all have it, or it is unknown.
std::optional<SourceKind> SourceOfKey(std::string_view name);
// Of a source, or nullopt where there is no such source.
std::optional<SourceKind> ParseSource(std::string_view name);

// stages.fetch.NAME of a source that names its operations itself.
inline constexpr std::string_view kFetchPrefix = "stages.fetch.";
JobKey OperationKey(std::string_view name);

}  // namespace sluice
