// The names of a job's keys, word by word: which there are, and which one was meant.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "pipeline/job.h"

namespace sluice {

// The words that may follow `prefix`: of "stages.", "list", "lookup", "fetch" and so on.
std::vector<std::string_view> WordsAfter(std::string_view prefix);
bool IsSection(const std::string& key);

// Whether another source's jobs have that key, and not those of `source`.
bool IsOfAnother(std::string_view key, SourceKind source);

// " (did you mean 'limits.rate'?)" or nothing: first among its neighbours, then the same word in
// another section that the source has.
std::string Suggestion(std::string_view key, SourceKind source);

}  // namespace sluice
