#include "pipeline/problems.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "pipeline/log.h"

namespace sluice {

void Problems::AtLine(std::uint32_t line, std::string_view text) {
  Add({line, fmt::format("{}: {}", Where(line), text)});
}

void Problems::At(std::string_view origin, std::string_view text) {
  Add({std::numeric_limits<std::uint32_t>::max(),
       fmt::format("{}{}{}", origin, origin.empty() ? "" : ": ", text)});
}

std::string Problems::Where(std::uint32_t line) const {
  return line == 0 ? file_ : fmt::format("{}:{}", file_, line);
}

void Problems::Add(Entry entry) {
  entry.text = PlainText(entry.text);
  if (std::find(entries_.begin(), entries_.end(), entry) == entries_.end()) {
    entries_.push_back(std::move(entry));
  }
}

Error Problems::ToError() && {
  std::stable_sort(entries_.begin(), entries_.end(),
                   [](const Entry& a, const Entry& b) { return a.line < b.line; });
  if (entries_.size() == 1) return {Code::kUsage, std::move(entries_.front().text)};
  std::string message = fmt::format("the job has {} problems", entries_.size());
  for (const Entry& entry : entries_) message += "\n" + entry.text;
  return {Code::kUsage, std::move(message)};
}

}  // namespace sluice
