// A film, show or episode as it stands in an item of the API.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "stages/json/raw_json.h"

namespace sluice::trakt {

// Everything as text for a CSV; what the API does not know, or what is none, is empty.
struct Film {
  std::string title;
  std::string year;   // four digits
  std::string trakt;  // decimal
  std::string imdb;   // "tt0086567"
  std::string tmdb;   // decimal
};

// The object at `key` of an item ("movie", "show"). Fields that are absent, null, empty, 0 or
// malformed are empty.
Film ReadFilm(const JsonValue& item, std::string_view key);

// The text at a path of keys, "comment.created_at"; empty: there is none.
std::string TextAt(const JsonValue& item, std::string_view path);

// What makes two plays plays of one film: its Trakt id, else another id, else title and year.
std::string Identity(const Film& film);

}  // namespace sluice::trakt
