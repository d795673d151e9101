// Ratings to be looked up by whatever ids a film has: sixteen bytes for each id.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "stages/json/raw_json.h"
#include "stages/sources/trakt/film.h"

namespace sluice::trakt {

// Not thread-safe. Add() all, then Sort(), then Find().
class RatingsIndex {
 public:
  // What comes later of the same film counts.
  void Add(const Film& film, std::string_view rating);
  void Sort();
  // "8"; empty: it is not rated. By the first id that a rated film has too: tmdb, imdb, trakt; by
  // title and year only where the film has no id.
  std::string Find(const Film& film);
  // Whether Find() has given the rating of that film.
  bool Used(const Film& film) const;

 private:
  struct Entry {
    std::int64_t key;  // a hash
    std::uint8_t rating;
    bool used = false;
  };
  const Entry* Look(const Film& film) const;

  std::vector<Entry> entries_;
};

// "1" to "10", or empty.
std::string RatingText(const JsonValue& item);

}  // namespace sluice::trakt
