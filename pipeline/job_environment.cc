// Keys of a job in the environment: SLUICE_SECTION_KEY.
#include <fmt/format.h>

#include <cctype>

#include "pipeline/job.h"
#include "pipeline/job_keys.h"
#include "pipeline/job_words.h"

namespace sluice {
namespace {

constexpr std::string_view kVariablePrefix = "SLUICE_";

std::string VariableName(std::string_view key) {
  std::string name(kVariablePrefix);
  for (const char c : key) {
    name += c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return name;
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower;
}

// The key that the variable `name` means; of an unknown one in a known section, what it would be.
std::optional<std::string> KeyOfVariable(std::string_view name) {
  for (const JobKey& key : JobKeyTable()) {
    if (VariableName(key.name) == name) return key.name;
  }
  if (const std::string prefix = VariableName(kFetchPrefix); name.starts_with(prefix)) {
    return std::string(kFetchPrefix) + Lower(name.substr(prefix.size()));
  }
  for (const std::string_view section : WordsAfter("")) {
    const std::string prefix = VariableName(section) + "_";
    if (!name.starts_with(prefix)) continue;
    return fmt::format("{}.{}", section, Lower(name.substr(prefix.size())));
  }
  return std::nullopt;
}

}  // namespace

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

}  // namespace sluice
