#include "stages/sources/trakt/film.h"

#include <algorithm>

#include "stages/sources/trakt/instant.h"

namespace sluice::trakt {
namespace {

bool AreDigits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == text.npos;
}

std::string PositiveOrEmpty(std::string_view text) {
  return AreDigits(text) && text.find_first_not_of('0') != text.npos ? std::string(text) : "";
}

// "tt" and at least seven digits.
std::string ImdbOrEmpty(std::string_view text) {
  constexpr std::size_t kBytesMin = 9;
  const bool good = text.size() >= kBytesMin && text.starts_with("tt") && AreDigits(text.substr(2));
  return good ? std::string(text) : "";
}

}  // namespace

std::string TextAt(const JsonValue& item, std::string_view path) {
  JsonValue value = item;
  while (!path.empty()) {
    const std::string_view key = path.substr(0, path.find('.'));
    path.remove_prefix(std::min(key.size() + 1, path.size()));
    const auto child = value[key];
    if (!child) return {};
    value = *child;
  }
  return value.is_null() ? std::string() : std::string(value.text());
}

Film ReadFilm(const JsonValue& item, std::string_view key) {
  const auto object = item[key];
  if (!object) return {};
  Film film{.title = TextAt(*object, "title"),
            .year = PositiveOrEmpty(TextAt(*object, "year")),
            .trakt = PositiveOrEmpty(TextAt(*object, "ids.trakt")),
            .imdb = ImdbOrEmpty(TextAt(*object, "ids.imdb")),
            .tmdb = PositiveOrEmpty(TextAt(*object, "ids.tmdb"))};
  if (film.year.size() != 4) film.year.clear();
  return film;
}

std::string Identity(const Film& film) {
  if (!film.trakt.empty()) return "trakt:" + film.trakt;
  if (!film.tmdb.empty()) return "tmdb:" + film.tmdb;
  if (!film.imdb.empty()) return "imdb:" + film.imdb;
  return "title:" + film.title + "\n" + film.year;
}

}  // namespace sluice::trakt
