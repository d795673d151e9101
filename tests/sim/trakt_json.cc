// What the things of a generated Trakt account look like on the wire.
#include <algorithm>
#include <array>

#include "tests/sim/notion_ids.h"
#include "tests/sim/trakt_world.h"

namespace sluice::sim {
namespace {

constexpr UnixMs kDayMs = 86'400'000;
constexpr UnixMs kRatedMs = 1'759'017'600'000;      // 2025-09-28
constexpr UnixMs kListedMs = 1'758'931'200'000;     // 2025-09-27
constexpr UnixMs kCollectedMs = 1'758'844'800'000;  // 2025-09-26
constexpr UnixMs kReviewedMs = 1'758'758'400'000;   // 2025-09-25
constexpr std::uint32_t kOddityEvery = 150;
constexpr std::uint32_t kOddTitleEvery = 3;
constexpr std::uint32_t kUnwatched = 50'000'000;  // movies from here on are in no history

// What a CSV cell or an importer may stumble over; all are titles that could be.
constexpr std::array kOddTitles = {"\"Wuthering Heights\"",
                                   "Alien³",
                                   "Good Times, Bad Times",
                                   "Last Week Tonight… May 17, 2026: …",
                                   "=",
                                   "+1",
                                   "-30-",
                                   "@Suicide Room",
                                   "What's Up, Doc?",
                                   "M*A*S*H",
                                   "千と千尋の神隠し",
                                   "ואלס עם באשיר",
                                   "WALL·E 🤖",
                                   "Amélie",
                                   " Leading and trailing ",
                                   "He Said \"Hi\", Then Left; Or Not",
                                   "1917",
                                   "Tab\there",
                                   "Two\nLines",
                                   "#Alive"};
constexpr std::array kWords = {"Silent", "River",  "Night",  "Garden", "Last", "Summer",
                               "Winter", "Harbor", "Broken", "Circle", "Gold", "Shadow"};

// The time of item `place` of `count`: they go back ten years, the newest first.
UnixMs Before(UnixMs newest, std::uint32_t place, std::uint32_t count) {
  return newest - 3650 * kDayMs / count / 1000 * 1000 * place;
}

std::string Slug(std::string_view prefix, std::uint64_t number) {
  return std::string(prefix) + "-" + std::to_string(number);
}

std::string Imdb(std::uint64_t number) {
  std::string digits = std::to_string(number);
  if (digits.size() < 7) digits.insert(0, 7 - digits.size(), '0');
  return "tt" + digits;
}

std::string_view ActionText(Play::Action action) {
  switch (action) {
    case Play::Action::kScrobble:
      return "scrobble";
    case Play::Action::kCheckin:
      return "checkin";
    case Play::Action::kWatch:
      break;
  }
  return "watch";
}

// What is not as it should be about a few of the movies.
enum class Oddity {
  kNone = 0,
  kNullImdb = 3,
  kEmptyImdb = 5,
  kNoImdb = 7,
  kNullTmdb = 11,
  kNoTmdb = 13,
  kNoIds = 17,  // null imdb and null tmdb
  kNullYear = 19,
  kNoYear = 23,
  kNullTitle = 29,
  kEmptyTitle = 31,
  kZeroes = 37,  // year and tmdb 0
};

}  // namespace

void TraktWorld::MovieFields(JsonOut& out, std::uint32_t movie) const {
  const auto oddity = static_cast<Oddity>(movie % kOddityEvery);
  const std::uint64_t hash = Hash(20, movie);
  out.Key("movie").BeginObject().Key("title");
  if (oddity == Oddity::kNullTitle) {
    out.Null();
  } else if (oddity == Oddity::kEmptyTitle) {
    out.String("");
  } else if (movie % kOddTitleEvery == 1) {
    out.String(kOddTitles[movie / kOddTitleEvery % kOddTitles.size()]);
  } else {
    out.String(std::string(kWords[hash % kWords.size()]) + " " + kWords[hash / 16 % kWords.size()] +
               " " + std::to_string(movie));
  }
  const auto year = static_cast<long long>(1920 + hash / 256 % 106);
  if (oddity == Oddity::kNullYear) {
    out.RawField("year", "null");
  } else if (oddity != Oddity::kNoYear) {
    out.Field("year", oddity == Oddity::kZeroes ? 0 : year);
  }
  out.Key("ids").BeginObject().Key("trakt").Int(101 + 3ll * movie);
  out.Field("slug", Slug("movie", movie));
  if (oddity == Oddity::kNullImdb || oddity == Oddity::kNoIds) {
    out.RawField("imdb", "null");
  } else if (oddity != Oddity::kNoImdb) {
    const std::uint64_t digits = movie % 5 == 0 ? 10'000'000ull + movie : 1000ull + movie;
    out.Field("imdb", oddity == Oddity::kEmptyImdb ? std::string() : Imdb(digits));
  }
  if (oddity == Oddity::kNullTmdb || oddity == Oddity::kNoIds) {
    out.RawField("tmdb", "null");
  } else if (oddity != Oddity::kNoTmdb) {
    out.Key("tmdb").Int(oddity == Oddity::kZeroes ? 0 : 2 + 2ll * movie);
  }
  out.EndObject().EndObject();
}

void TraktWorld::ShowFields(JsonOut& out, std::uint32_t show) const {
  out.Key("show").BeginObject();
  out.Field("title",
            std::string(kWords[show % kWords.size()]) + " Show, Part " + std::to_string(show + 1));
  out.Key("year").Int(1990 + show % 35);
  out.Key("ids").BeginObject().Key("trakt").Int(500'001 + show);
  out.Field("slug", Slug("show", show)).Key("tvdb").Int(70'000 + show);
  out.Field("imdb", Imdb(900'000 + show)).Key("tmdb").Int(4000 + show);
  out.RawField("tvrage", "null").EndObject().EndObject();
}

void TraktWorld::EpisodeFields(JsonOut& out, const Episode& episode) const {
  const std::uint32_t number = episode.show * 1000 + episode.season * 100 + episode.number;
  out.Key("episode").BeginObject().Key("season").Int(episode.season);
  out.Key("number").Int(episode.number);
  out.Field("title", std::string("Episode \"") + std::to_string(episode.number) + "\"");
  out.Key("ids").BeginObject().Key("trakt").Int(7'000'001 + number);
  out.Key("tvdb").Int(8'000'001 + number).Field("imdb", Imdb(2'000'000 + number));
  out.Key("tmdb").Int(9'000'001 + number).RawField("tvrage", "null").EndObject().EndObject();
}

void TraktWorld::UserFields(JsonOut& out) const {
  out.Key("user").BeginObject().Field("username", "sean").Field("private", false);
  out.Field("name", "Sean Rudford").Field("vip", true).Field("vip_ep", false);
  out.Key("ids").BeginObject().Field("slug", "sean");
  out.Field("uuid", "b6589fc6ab0dc82cf12099d1c2d40ab994e8410c").EndObject().EndObject();
}

void TraktWorld::WritePlay(JsonOut& out, const Play& play, bool movie) const {
  out.BeginObject().RawField("id", std::to_string(play.id));
  out.Field("watched_at", IsoTime(play.at)).Field("action", ActionText(play.action));
  out.Field("type", movie ? "movie" : "episode");
  if (movie) {
    MovieFields(out, play.thing);
  } else {
    const Episode episode = EpisodeOf(play.thing);
    EpisodeFields(out, episode);
    ShowFields(out, episode.show);
  }
  out.EndObject();
}

void TraktWorld::WriteWatchedMovie(JsonOut& out, std::uint32_t place) const {
  const WatchedThing& watched = watched_movies_[place];
  out.BeginObject().Key("plays").Int(watched.plays);
  out.Field("last_watched_at", IsoTime(watched.last));
  out.Field("last_updated_at", IsoTime(watched.last));
  MovieFields(out, watched.thing);
  out.EndObject();
}

void TraktWorld::WriteWatchedShow(JsonOut& out, std::uint32_t place) const {
  const WatchedThing& watched = watched_shows_[place];
  out.BeginObject().Key("plays").Int(watched.plays);
  out.Field("last_watched_at", IsoTime(watched.last));
  out.Field("last_updated_at", IsoTime(watched.last)).RawField("reset_at", "null");
  ShowFields(out, watched.thing);
  out.Key("seasons").BeginArray();
  for (std::uint32_t season = 1; season <= SeasonCount(watched.thing); ++season) {
    out.BeginObject().Key("number").Int(season).Key("episodes").BeginArray();
    for (std::uint32_t number = 1; number <= EpisodeCount(watched.thing, season); ++number) {
      out.BeginObject().Key("number").Int(number).Key("plays").Int(1);
      out.Field("last_watched_at", IsoTime(EpisodeMs(watched.thing, season, number)));
      out.EndObject();
    }
    out.EndArray().EndObject();
  }
  out.EndArray().EndObject();
}

void TraktWorld::WriteMovieRating(JsonOut& out, std::uint32_t place) const {
  const std::uint32_t movie = RatedMovie(place);
  out.BeginObject().Field("rated_at", IsoTime(Before(kRatedMs, place, options_.ratings)));
  out.Key("rating").Int(RatingOf(movie)).Field("type", "movie");
  MovieFields(out, movie);
  out.EndObject();
}

void TraktWorld::WriteShowRating(JsonOut& out, std::uint32_t place) const {
  out.BeginObject().Field("rated_at", IsoTime(Before(kRatedMs, place, ShowRatingCount())));
  out.Key("rating").Int(RatingOf(place + 1)).Field("type", "show");
  ShowFields(out, place);
  out.EndObject();
}

void TraktWorld::WriteEpisodeRating(JsonOut& out, std::uint32_t place) const {
  const Episode episode{.show = place / 2, .season = 1, .number = 1 + place % 2};
  out.BeginObject().Field("rated_at", IsoTime(Before(kRatedMs, place, EpisodeRatingCount())));
  out.Key("rating").Int(RatingOf(place + 7)).Field("type", "episode");
  EpisodeFields(out, episode);
  ShowFields(out, episode.show);
  out.EndObject();
}

void TraktWorld::WriteWatchlistItem(JsonOut& out, std::uint32_t place) const {
  out.BeginObject().Key("rank").Int(place + 1).Key("id").Int(990'000'001ll + place);
  out.Field("listed_at", IsoTime(Before(kListedMs, place, options_.watchlist))).Key("notes");
  place % 10 == 3 ? out.String("before the sequel, says \"Bo\"") : out.Null();
  out.Field("type", "movie");
  MovieFields(out, kUnwatched + place);
  out.EndObject();
}

void TraktWorld::WriteCollected(JsonOut& out, std::uint32_t place, bool metadata) const {
  const std::string at = IsoTime(Before(kCollectedMs, place, options_.collection));
  out.BeginObject().Field("collected_at", at).Field("updated_at", at);
  MovieFields(out, place * 2);
  if (metadata) {
    constexpr std::array kTypes = {"bluray", "digital", "dvd", "vhs"};
    constexpr std::array kResolutions = {"uhd_4k", "hd_1080p", "hd_720p", "sd_480p"};
    out.Key("metadata").BeginObject().Field("media_type", kTypes[place % kTypes.size()]);
    out.Field("resolution", kResolutions[place / 2 % kResolutions.size()]).Key("hdr");
    place % 3 == 0 ? out.String("hdr10") : out.Null();
    out.Field("audio", "dts").Field("audio_channels", "5.1").Field("3d", place % 7 == 0);
    out.EndObject();
  }
  out.EndObject();
}

void TraktWorld::WriteList(JsonOut& out, std::uint32_t list) const {
  const std::string number = std::to_string(list + 1);
  out.BeginObject().Field("name", "List " + number + ", \"best of\"");
  out.Field("description", list % 2 == 0 ? std::string() : "Two\nlines")
      .Field("privacy", list % 3 == 2 ? "private" : "public");
  out.Field("share_link", "https://trakt.tv/lists/" + std::to_string(ListId(list)));
  out.Field("type", "personal").Field("display_numbers", true).Field("allow_comments", true);
  out.Field("sort_by", "rank").Field("sort_how", "asc");
  out.Field("created_at", IsoTime(kListedMs - 400 * kDayMs));
  out.Field("updated_at", IsoTime(kListedMs - kDayMs));
  out.Key("item_count").Int(ListItemCount(list)).Key("comment_count").Int(0);
  out.Key("likes").Int(list).Key("ids").BeginObject();
  out.Key("trakt").Int(static_cast<long long>(ListId(list))).Field("slug", ListSlug(list));
  out.EndObject();
  UserFields(out);
  out.EndObject();
}

void TraktWorld::WriteListItem(JsonOut& out, std::uint32_t list, std::uint32_t place) const {
  out.BeginObject().Key("rank").Int(place + 1);
  out.Key("id").Int(880'000'001ll + list * 100'000 + place);
  out.Field("listed_at", IsoTime(Before(kListedMs, place, ListItemCount(list)))).Key("notes");
  place % 5 == 2 ? out.String("a <b>note</b>, with a comma") : out.Null();
  out.Field("type", "movie");
  MovieFields(out, list * 17 + place * 3);
  out.EndObject();
}

void TraktWorld::WriteReview(JsonOut& out, std::uint32_t place) const {
  constexpr std::array kTexts = {"Fine.", "A film that is <i>long</i> & loud.\n\nSecond paragraph.",
                                 "He said: \"go\", so I went; 5/5, would go again.",
                                 "[spoiler]He did it.[/spoiler] 🎬"};
  const std::string at = IsoTime(Before(kReviewedMs, place, options_.reviews));
  const std::uint32_t movie = RatedMovie(place);
  out.BeginObject().Field("type", "movie");
  MovieFields(out, movie);
  out.Key("comment").BeginObject().Key("id").Int(267'001ll + place);
  out.Field("comment", kTexts[place % kTexts.size()]).Field("spoiler", place % 4 == 3);
  out.Field("review", place % 2 == 1).Key("parent_id").Int(0);
  out.Field("created_at", at).Field("updated_at", at).Key("replies").Int(0);
  out.Key("likes").Int(place % 6).Key("user_stats").BeginObject();
  out.Key("rating").Int(RatingOf(movie)).Key("play_count").Int(1).Key("completed_count").Int(1);
  out.EndObject();
  UserFields(out);
  out.EndObject().EndObject();
}

void TraktWorld::WriteSettings(JsonOut& out) const {
  out.BeginObject();
  UserFields(out);
  out.Key("account").BeginObject().Field("timezone", options_.timezone);
  out.Field("date_format", "mdy").Field("time_24hr", false).RawField("cover_image", "null");
  out.EndObject().Key("limits").BeginObject();
  out.Key("list").BeginObject().Key("count").Int(100).Key("item_count").Int(5000).EndObject();
  out.Key("watchlist").BeginObject().Key("item_count").Int(10'000).EndObject();
  out.EndObject().EndObject();
}

void TraktWorld::WriteActivities(JsonOut& out, UnixMs movies_watched) const {
  TraktActivities times = Activities();
  times.movies_watched = std::max(times.movies_watched, movies_watched);
  const auto section = [&](const char* name, UnixMs watched) {
    out.Key(name).BeginObject();
    if (watched > 0) out.Field("watched_at", IsoTime(watched));
    out.Field("collected_at", IsoTime(times.collected)).Field("rated_at", IsoTime(times.rated));
    out.Field("watchlisted_at", IsoTime(times.watchlisted));
    out.Field("commented_at", IsoTime(times.commented)).EndObject();
  };
  out.BeginObject().Field("all", IsoTime(std::max(times.movies_watched, times.episodes_watched)));
  section("movies", times.movies_watched);
  section("episodes", times.episodes_watched);
  section("shows", 0);
  section("seasons", 0);
  out.Key("comments").BeginObject().Field("liked_at", IsoTime(times.commented)).EndObject();
  out.Key("lists").BeginObject().Field("liked_at", IsoTime(times.lists));
  out.Field("updated_at", IsoTime(times.lists)).EndObject();
  out.Key("watchlist").BeginObject().Field("updated_at", IsoTime(times.watchlisted)).EndObject();
  out.Key("account").BeginObject().Field("settings_at", IsoTime(times.settings)).EndObject();
  out.EndObject();
}

}  // namespace sluice::sim
