#include "stages/sources/trakt/ratings_index.h"

#include <algorithm>

#include "storage/base/hash.h"

namespace sluice::trakt {
namespace {

std::vector<std::int64_t> KeysOf(const Film& film) {
  std::vector<std::int64_t> keys;
  if (!film.tmdb.empty()) keys.push_back(Checksum("tmdb:" + film.tmdb));
  if (!film.imdb.empty()) keys.push_back(Checksum("imdb:" + film.imdb));
  if (!film.trakt.empty()) keys.push_back(Checksum("trakt:" + film.trakt));
  if (keys.empty()) keys.push_back(Checksum("title:" + film.title + "\n" + film.year));
  return keys;
}

}  // namespace

void RatingsIndex::Add(const Film& film, std::string_view rating) {
  if (rating.empty()) return;
  const auto value = static_cast<std::uint8_t>(std::stoi(std::string(rating)));
  for (const std::int64_t key : KeysOf(film)) entries_.push_back({.key = key, .rating = value});
}

void RatingsIndex::Sort() { std::ranges::stable_sort(entries_, {}, &Entry::key); }

const RatingsIndex::Entry* RatingsIndex::Look(const Film& film) const {
  for (const std::int64_t key : KeysOf(film)) {
    const auto after = std::ranges::upper_bound(entries_, key, {}, &Entry::key);
    if (after != entries_.begin() && std::prev(after)->key == key) return &*std::prev(after);
  }
  return nullptr;
}

std::string RatingsIndex::Find(const Film& film) {
  const Entry* const found = Look(film);
  if (found == nullptr) return {};
  entries_[static_cast<std::size_t>(found - entries_.data())].used = true;
  return std::to_string(found->rating);
}

bool RatingsIndex::Used(const Film& film) const {
  const Entry* const found = Look(film);
  return found != nullptr && found->used;
}

std::string RatingText(const JsonValue& item) {
  const std::string text = TextAt(item, "rating");
  const bool one_digit = text.size() == 1 && text[0] >= '1' && text[0] <= '9';
  return one_digit || text == "10" ? text : "";
}

}  // namespace sluice::trakt
