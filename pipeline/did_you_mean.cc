#include "pipeline/did_you_mean.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace sluice {

// Optimal string alignment: three rows are enough, since a swap looks back two.
int EditDistance(std::string_view a, std::string_view b) {
  std::vector<int> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    before.swap(last);
    last.swap(row);
    row[0] = static_cast<int>(i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const int change = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({change, last[j] + 1, row[j - 1] + 1});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
  }
  return row[b.size()];
}

std::string_view NearestWord(std::string_view wrong, const std::vector<std::string_view>& words) {
  // A pasted blob is no typing error, and comparing it would only cost time.
  if (wrong.size() > 100) return {};
  int best = std::max(2, static_cast<int>(wrong.size()) / 3) + 1;
  std::string_view nearest;
  for (const std::string_view word : words) {
    const int distance = EditDistance(wrong, word);
    if (distance < best && distance < static_cast<int>(word.size())) {
      best = distance;
      nearest = word;
    }
  }
  return nearest;
}

std::string DidYouMean(std::string_view wrong, const std::vector<std::string_view>& words) {
  const std::string_view nearest = NearestWord(wrong, words);
  return nearest.empty() ? "" : fmt::format(" (did you mean '{}'?)", nearest);
}

}  // namespace sluice
