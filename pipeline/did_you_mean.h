// The nearest of the words that would have been right.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice {

// The number of letters to add, drop, change or swap with their neighbour to get from `a` to `b`.
int EditDistance(std::string_view a, std::string_view b);

// The word nearest to `wrong`, when it is near enough to be meant (a third of its length, at least
// 2 edits); the first of equals. Empty: none is.
std::string_view NearestWord(std::string_view wrong, const std::vector<std::string_view>& words);

// " (did you mean 'x'?)" or nothing.
std::string DidYouMean(std::string_view wrong, const std::vector<std::string_view>& words);

}  // namespace sluice
