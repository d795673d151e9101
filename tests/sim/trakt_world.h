// A generated Trakt account: who watched, rated and listed what, and when. A function of its
// options; the plays are kept (some 24 bytes each), everything else is computed.
//
// Plays spread over ten years, mostly in the evening of America/Los_Angeles, where the date is not
// yet that of UTC. Thread-safe: everything is const after construction.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/sim/iso_time.h"
#include "tests/sim/json_out.h"

namespace sluice::sim {

struct TraktOptions {
  std::uint64_t seed = 1;
  std::uint32_t history = 5000;  // plays of movies
  std::uint32_t ratings = 800;   // of movies
  std::uint32_t watchlist = 285;
  std::uint32_t collection = 400;
  std::uint32_t lists = 3;
  std::uint32_t shows = 20;  // watched ones; their episodes are plays too
  std::uint32_t reviews = 40;
  std::uint32_t new_plays = 0;        // of movies, newer than all others
  std::uint32_t removed_plays = 0;    // of the old ones
  std::uint32_t late_play_after = 0;  // so many requests for the movies' history; 0: none
  std::string timezone = "America/Los_Angeles";
};

struct Play {
  std::uint64_t id = 0;
  UnixMs at = 0;            // 0: the user did not know when
  std::uint32_t thing = 0;  // a movie, or an episode as EpisodeOf() reads it
  enum class Action : std::uint8_t { kScrobble, kCheckin, kWatch } action{};
};

struct WatchedThing {
  std::uint32_t thing = 0;  // a movie or a show
  std::uint32_t plays = 0;
  UnixMs last = 0;
};

struct Episode {
  std::uint32_t show = 0;
  std::uint32_t season = 1;
  std::uint32_t number = 1;
};

// When something of a section changed last.
struct TraktActivities {
  UnixMs movies_watched = 0;
  UnixMs episodes_watched = 0;
  UnixMs rated = 0;
  UnixMs watchlisted = 0;
  UnixMs collected = 0;
  UnixMs commented = 0;
  UnixMs lists = 0;
  UnixMs settings = 0;
};

class TraktWorld {
 public:
  // Throws std::invalid_argument when fewer plays are there than are to be removed.
  explicit TraktWorld(const TraktOptions& options);

  const TraktOptions& options() const { return options_; }
  // Newest first.
  const std::vector<Play>& MoviePlays() const { return movie_plays_; }
  const std::vector<Play>& EpisodePlays() const { return episode_plays_; }
  const std::vector<WatchedThing>& WatchedMovies() const { return watched_movies_; }
  const std::vector<WatchedThing>& WatchedShows() const { return watched_shows_; }
  std::uint32_t ListItemCount(std::uint32_t list) const { return 5 + list * 130; }
  std::uint32_t ShowRatingCount() const { return options_.shows / 2; }
  std::uint32_t EpisodeRatingCount() const { return options_.shows * 2; }
  TraktActivities Activities() const;
  // A play that comes in while the history is being read.
  Play LatePlay(UnixMs at) const;

  static Episode EpisodeOf(std::uint32_t thing);
  static std::uint64_t ListId(std::uint32_t list) { return 28'000'001 + list; }
  static std::string ListSlug(std::uint32_t list) { return "list-" + std::to_string(list + 1); }

  // Each writes one JSON object.
  void WritePlay(JsonOut& out, const Play& play, bool movie) const;
  void WriteWatchedMovie(JsonOut& out, std::uint32_t place) const;
  void WriteWatchedShow(JsonOut& out, std::uint32_t place) const;
  void WriteMovieRating(JsonOut& out, std::uint32_t place) const;
  void WriteShowRating(JsonOut& out, std::uint32_t place) const;
  void WriteEpisodeRating(JsonOut& out, std::uint32_t place) const;
  void WriteWatchlistItem(JsonOut& out, std::uint32_t place) const;
  void WriteCollected(JsonOut& out, std::uint32_t place, bool metadata) const;
  void WriteList(JsonOut& out, std::uint32_t list) const;
  void WriteListItem(JsonOut& out, std::uint32_t list, std::uint32_t place) const;
  void WriteReview(JsonOut& out, std::uint32_t place) const;
  void WriteSettings(JsonOut& out) const;
  // `movies_watched`: if that is later than what the account says itself.
  void WriteActivities(JsonOut& out, UnixMs movies_watched) const;

 private:
  std::uint64_t Hash(std::uint64_t kind, std::uint64_t number) const;
  std::uint32_t MovieCount() const { return options_.history * 7 / 10 + 1; }  // watched ones
  std::uint32_t RatedMovie(std::uint32_t place) const;
  int RatingOf(std::uint32_t movie) const;
  UnixMs EveningMs(std::uint64_t kind, std::uint32_t number, std::uint32_t count) const;
  UnixMs EpisodeMs(std::uint32_t show, std::uint32_t season, std::uint32_t number) const;
  Play OldPlay(std::uint32_t number) const;
  Play NewPlay(std::uint32_t number) const;
  void AddMoviePlays();
  void AddEpisodePlays();
  std::uint32_t SeasonCount(std::uint32_t show) const { return 1 + Hash(8, show) % 3; }
  std::uint32_t EpisodeCount(std::uint32_t show, std::uint32_t season) const {
    return 4 + Hash(9, show * 10 + season) % 5;
  }
  void MovieFields(JsonOut& out, std::uint32_t movie) const;
  void ShowFields(JsonOut& out, std::uint32_t show) const;
  void EpisodeFields(JsonOut& out, const Episode& episode) const;
  void UserFields(JsonOut& out) const;

  TraktOptions options_;
  std::vector<Play> movie_plays_;
  std::vector<Play> episode_plays_;
  std::vector<WatchedThing> watched_movies_;
  std::vector<WatchedThing> watched_shows_;
};

}  // namespace sluice::sim
