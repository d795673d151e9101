#include "pipeline/job_words.h"

#include <fmt/format.h>

#include <algorithm>

#include "pipeline/did_you_mean.h"
#include "pipeline/job_keys.h"

namespace sluice {

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

bool IsOfAnother(std::string_view key, SourceKind source) {
  const auto own = SourceOfKey(key);
  return own && *own != source;
}

std::string Suggestion(std::string_view key, SourceKind source) {
  const auto dot = key.rfind('.');
  const std::string_view prefix = dot == key.npos ? "" : key.substr(0, dot + 1);
  const std::string_view word = key.substr(prefix.size());
  const std::string_view nearest = NearestWord(word, WordsAfter(prefix));
  if (!nearest.empty()) return fmt::format(" (did you mean '{}{}'?)", prefix, nearest);
  std::vector<std::string_view> names;
  for (const JobKey& known : JobKeyTable()) {
    if (IsOfAnother(known.name, source)) continue;
    if (known.name.ends_with(fmt::format(".{}", word))) {
      return fmt::format(" (did you mean '{}'?)", known.name);
    }
    names.push_back(known.name);
  }
  return DidYouMean(key, names);
}

}  // namespace sluice
