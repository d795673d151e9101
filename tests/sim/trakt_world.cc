#include "tests/sim/trakt_world.h"

#include <algorithm>
#include <numeric>
#include <stdexcept>
#include <unordered_map>
#include <unordered_set>

#include "tests/sim/notion_ids.h"

namespace sluice::sim {
namespace {

constexpr UnixMs kMinuteMs = 60'000;
constexpr UnixMs kHourMs = 60 * kMinuteMs;
constexpr UnixMs kDayMs = 24 * kHourMs;
constexpr UnixMs kFirstMs = 1'420'243'200'000;  // 2015-01-03
constexpr UnixMs kLastMs = 1'759'190'400'000;   // 2025-09-30
constexpr UnixMs kNewMs = 1'762'041'600'000;    // 2025-11-02
constexpr std::uint64_t kFirstPlayId = 10'000'000'000;
constexpr std::uint64_t kFirstEpisodePlayId = 20'000'000'001;
constexpr std::uint64_t kPlayIdStep = 1009;
constexpr std::uint32_t kSameDayEvery = 89;
constexpr std::uint32_t kUnknownDateEvery = 61;
constexpr std::uint32_t kThingsOfShow = 1000;  // an episode is show * 1000 + season * 100 + number

enum HashKind : std::uint64_t { kMovie = 1, kEvening, kAction, kEpisodeTime, kRating };

void SortNewestFirst(std::vector<Play>& plays) {
  std::ranges::sort(
      plays, [](const Play& a, const Play& b) { return a.at != b.at ? a.at > b.at : a.id > b.id; });
}

// One entry for each thing of `plays`, the one that was watched last first.
template <class ThingOf>
std::vector<WatchedThing> Aggregate(const std::vector<Play>& plays, ThingOf thing_of) {
  std::vector<WatchedThing> watched;
  std::unordered_map<std::uint32_t, std::size_t> places;
  for (const Play& play : plays) {
    const std::uint32_t thing = thing_of(play);
    const auto [found, first] = places.emplace(thing, watched.size());
    if (first) watched.push_back({.thing = thing, .last = play.at});
    ++watched[found->second].plays;
  }
  return watched;
}

}  // namespace

TraktWorld::TraktWorld(const TraktOptions& options) : options_(options) {
  if (options.removed_plays > options.history) {
    throw std::invalid_argument("there are only " + std::to_string(options.history) +
                                " plays to remove");
  }
  AddMoviePlays();
  AddEpisodePlays();
  watched_movies_ = Aggregate(movie_plays_, [](const Play& play) { return play.thing; });
  watched_shows_ =
      Aggregate(episode_plays_, [](const Play& play) { return EpisodeOf(play.thing).show; });
}

std::uint64_t TraktWorld::Hash(std::uint64_t kind, std::uint64_t number) const {
  return Mix(Mix(options_.seed, 0x7a6b7 + kind), number);
}

Episode TraktWorld::EpisodeOf(std::uint32_t thing) {
  return {.show = thing / kThingsOfShow, .season = thing / 100 % 10, .number = thing % 100};
}

UnixMs TraktWorld::EveningMs(std::uint64_t kind, std::uint32_t number, std::uint32_t count) const {
  const std::uint64_t hash = Hash(kind, number);
  const UnixMs day = kFirstMs + (kLastMs - kFirstMs) / kDayMs * number / count * kDayMs;
  // 01:00 to 06:59 UTC is the evening before in Los Angeles, in summer and in winter.
  const auto hour = static_cast<UnixMs>(hash % 10 < 7 ? 1 + hash / 10 % 6 : hash / 10 % 24);
  return day + hour * kHourMs + static_cast<UnixMs>(hash / 1000 % 3600) * 1000;
}

Play TraktWorld::OldPlay(std::uint32_t number) const {
  const auto id = kFirstPlayId + number * kPlayIdStep + Hash(kAction, number) % kPlayIdStep;
  if (number % kSameDayEvery == kSameDayEvery - 1) {
    Play again = OldPlay(number - 1);
    again.id = id;
    if (again.at > 0) again.at += 3 * kHourMs;
    return again;
  }
  const auto action = static_cast<Play::Action>(Hash(kAction, number) / 2000 % 4 % 3);
  const bool unknown = number % kUnknownDateEvery == kUnknownDateEvery - 1;
  return {.id = id,
          .at = unknown ? 0 : EveningMs(kEvening, number, options_.history),
          .thing = static_cast<std::uint32_t>(Hash(kMovie, number) % MovieCount()),
          .action = action};
}

Play TraktWorld::NewPlay(std::uint32_t number) const {
  // Half of them are of movies that were never watched before.
  const auto known = static_cast<std::uint32_t>(Hash(kMovie, options_.history + number));
  return {.id = kFirstPlayId + (options_.history + number + 1) * kPlayIdStep,
          .at = kNewMs + number * 7 * kHourMs / 2,
          .thing = number % 2 == 0 ? known % MovieCount() : MovieCount() + number / 2,
          .action = Play::Action::kScrobble};
}

Play TraktWorld::LatePlay(UnixMs at) const {
  Play play = NewPlay(options_.new_plays);
  play.at = at;
  return play;
}

void TraktWorld::AddMoviePlays() {
  std::uint64_t stride = options_.history * 618ull / 1000 + 1;
  while (std::gcd(stride, options_.history) > 1) ++stride;
  std::unordered_set<std::uint32_t> removed;
  for (std::uint64_t i = 0; i < options_.removed_plays; ++i) {
    removed.insert(static_cast<std::uint32_t>((i * stride + options_.seed) % options_.history));
  }
  for (std::uint32_t i = 0; i < options_.history; ++i) {
    if (!removed.contains(i)) movie_plays_.push_back(OldPlay(i));
  }
  for (std::uint32_t i = 0; i < options_.new_plays; ++i) movie_plays_.push_back(NewPlay(i));
  SortNewestFirst(movie_plays_);
}

UnixMs TraktWorld::EpisodeMs(std::uint32_t show, std::uint32_t season, std::uint32_t number) const {
  return EveningMs(kEpisodeTime, show, options_.shows) + (season * 10 + number) * kDayMs;
}

void TraktWorld::AddEpisodePlays() {
  for (std::uint32_t show = 0; show < options_.shows; ++show) {
    for (std::uint32_t season = 1; season <= SeasonCount(show); ++season) {
      for (std::uint32_t number = 1; number <= EpisodeCount(show, season); ++number) {
        const std::uint32_t thing = show * kThingsOfShow + season * 100 + number;
        episode_plays_.push_back({.id = kFirstEpisodePlayId + thing * 7ull,
                                  .at = EpisodeMs(show, season, number),
                                  .thing = thing,
                                  .action = Play::Action::kWatch});
      }
    }
  }
  SortNewestFirst(episode_plays_);
}

std::uint32_t TraktWorld::RatedMovie(std::uint32_t place) const {
  // Most of the rated movies were watched; no movie is rated twice.
  std::uint64_t stride = MovieCount() * 618ull / 1000 + 1;
  while (std::gcd<std::uint64_t>(stride, MovieCount()) > 1) ++stride;
  if (place >= MovieCount()) return 2 * MovieCount() + place;
  return static_cast<std::uint32_t>((place * stride + options_.seed) % MovieCount());
}

int TraktWorld::RatingOf(std::uint32_t movie) const {
  return 1 + static_cast<int>(Hash(kRating, movie) % 10);
}

TraktActivities TraktWorld::Activities() const {
  TraktActivities times;
  // Adding and removing both touch the section, removing as the last of all.
  times.movies_watched = kLastMs;
  if (options_.new_plays > 0) times.movies_watched = NewPlay(options_.new_plays - 1).at;
  if (options_.removed_plays > 0) {
    times.movies_watched += kDayMs + options_.removed_plays * kMinuteMs;
  }
  times.episodes_watched = kLastMs - kDayMs;
  times.rated = kLastMs - 2 * kDayMs;
  times.watchlisted = kLastMs - 3 * kDayMs;
  times.collected = kLastMs - 4 * kDayMs;
  times.commented = kLastMs - 5 * kDayMs;
  times.lists = kLastMs - 6 * kDayMs;
  times.settings = kFirstMs;
  return times;
}

}  // namespace sluice::sim
