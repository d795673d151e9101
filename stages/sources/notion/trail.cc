#include "stages/sources/notion/trail.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdint>

#include "storage/base/hash.h"

namespace sluice::notion {
namespace {

std::vector<std::string> Split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    if (end > 0) parts.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

void TakeWord(std::string_view word, Trail& trail) {
  const std::size_t equals = word.find('=');
  const std::string_view key = word.substr(0, equals);
  const std::string_view value = equals == word.npos ? "" : word.substr(equals + 1);
  if (key == "cursors") trail.cursors = Split(value, ',');
  if (key == "created_from") trail.created_from = value;
  if (key == "created_last") trail.created_last = value;
  if (key == "synced_from") trail.synced_from = value;
  if (key == "root") trail.root = true;
  if (key == "optional") trail.optional = true;
  if (key == "restarted") trail.restarted = true;
}

}  // namespace

std::string EncodeTrail(const Trail& trail) {
  std::vector<std::string> words;
  const auto add = [&](std::string_view key, const std::string& value) {
    if (!value.empty()) words.push_back(fmt::format("{}={}", key, value));
  };
  add("cursors", fmt::format("{}", fmt::join(trail.cursors, ",")));
  add("created_from", trail.created_from);
  add("created_last", trail.created_last);
  add("synced_from", trail.synced_from);
  if (trail.root) words.emplace_back("root");
  if (trail.optional) words.emplace_back("optional");
  if (trail.restarted) words.emplace_back("restarted");
  return fmt::format("{}", fmt::join(words, " "));
}

Trail DecodeTrail(std::string_view context) {
  Trail trail;
  for (const std::string& word : Split(context, ' ')) TakeWord(word, trail);
  return trail;
}

// 64 bits: among the 100 cursors of the longest list that the API gives (10,000 results), two
// different ones share a hash with a probability below 10^-15.
std::string CursorHash(std::string_view cursor) {
  return fmt::format("{:016x}", static_cast<std::uint64_t>(Checksum(cursor)));
}

bool HasSeen(const Trail& trail, std::string_view cursor) {
  return std::find(trail.cursors.begin(), trail.cursors.end(), CursorHash(cursor)) !=
         trail.cursors.end();
}

}  // namespace sluice::notion
