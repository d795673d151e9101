// shows.csv: a row for each episode that was watched or rated, and for each rated show.
#include <fmt/format.h>

#include <optional>

#include "stages/sources/trakt/csv_files.h"
#include "stages/sources/trakt/instant.h"
#include "stages/sources/trakt/ratings_index.h"

namespace sluice::trakt {
namespace {

struct EpisodeRow {
  Film show;
  Film episode;
  std::string season;
  std::string number;
  std::optional<WallMs> last_watched;
};

EpisodeRow ReadEpisode(const JsonValue& item) {
  return {.show = ReadFilm(item, "show"),
          .episode = ReadFilm(item, "episode"),
          .season = TextAt(item, "episode.season"),
          .number = TextAt(item, "episode.number"),
          .last_watched = WatchedInstant(TextAt(item, "watched_at"))};
}

bool SameEpisode(const EpisodeRow& a, const EpisodeRow& b) {
  return Identity(a.episode) == Identity(b.episode) && a.season == b.season &&
         a.number == b.number && Identity(a.show) == Identity(b.show);
}

// An episode is looked up by its Trakt id alone where it has one: its other ids are seldom right.
Film RatedAs(const Film& episode) {
  return episode.trakt.empty() ? episode : Film{.trakt = episode.trakt};
}

class ShowsFile {
 public:
  explicit ShowsFile(const FileJob& job)
      : job_(job), csv_(job.out, {.bom = CsvOptions::Bom::kNone}) {}

  Result<Rendering> Render() {
    csv_.Row({"Title", "Year", "Season", "Episode", "EpisodeTitle", "LastWatched", "Rating10",
              "imdbID", "tmdbID"});
    const DocumentId rated("episode-ratings");
    auto status = ForEachItem(job_.inputs, rated, [&](const JsonValue& item) {
      ratings_.Add(RatedAs(ReadFilm(item, "episode")), RatingText(item));
    });
    ratings_.Sort();
    if (status) status = WriteWatched();
    if (status) status = WriteRatedOnly(rated);
    if (status) status = WriteShows();
    if (!status) return Fail(status.error());
    return Rendering{};
  }

 private:
  // The plays of an episode stand together, the last one at the end.
  Status WriteWatched() {
    std::optional<EpisodeRow> current;
    auto status = ForEachItem(job_.inputs, DocumentId("episodes"), [&](const JsonValue& item) {
      EpisodeRow row = ReadEpisode(item);
      if (current && !SameEpisode(*current, row)) WriteEpisode(*current);
      current = std::move(row);
    });
    if (current) WriteEpisode(*current);
    return status;
  }

  Status WriteRatedOnly(const DocumentId& rated) {
    return ForEachItem(job_.inputs, rated, [&](const JsonValue& item) {
      const EpisodeRow row = ReadEpisode(item);
      if (!ratings_.Used(RatedAs(row.episode))) WriteEpisode(row);
    });
  }

  Status WriteShows() {
    return ForEachItem(job_.inputs, DocumentId("show-ratings"), [&](const JsonValue& item) {
      const Film show = ReadFilm(item, "show");
      csv_.Row({show.title, show.year, "", "", "", "", RatingText(item), show.imdb, show.tmdb});
    });
  }

  void WriteEpisode(const EpisodeRow& row) {
    csv_.Row({row.show.title, row.show.year, row.season, row.number, row.episode.title,
              row.last_watched ? job_.zone.DateAt(*row.last_watched) : "",
              ratings_.Find(RatedAs(row.episode)), row.show.imdb, row.show.tmdb});
  }

  const FileJob& job_;
  CsvWriter csv_;
  RatingsIndex ratings_;
};

}  // namespace

Result<Rendering> RenderShows(const FileJob& job) { return ShowsFile(job).Render(); }

}  // namespace sluice::trakt
