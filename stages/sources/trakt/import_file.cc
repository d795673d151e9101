// letterboxd-import.csv: the history with its ratings, oldest play first.
#include <fmt/format.h>

#include <map>
#include <unordered_map>

#include "stages/sources/trakt/csv_files.h"
#include "stages/sources/trakt/instant.h"
#include "stages/sources/trakt/ratings_index.h"
#include "storage/base/cursor_order.h"
#include "storage/base/hash.h"

namespace sluice::trakt {
namespace {

const DocumentId kHistory("history");

std::int64_t FilmKey(const Film& film) { return Checksum(Identity(film)); }

// What the user wrote about a film goes to one of its plays: the last one before the writing, or,
// where the writing came first, the first one.
struct Review {
  std::string name;  // of the film
  WallMs written_ms = 0;
  std::string html;
  std::int64_t play = -1;  // number of its row in the history; -1: never watched
};

class ImportFile {
 public:
  explicit ImportFile(const FileJob& job) : job_(job), csv_(job.out, Header()) {}

  Result<Rendering> Render() {
    if (auto status = ReadRatings(); !status) return Fail(status.error());
    if (auto status = ReadReviews(); !status) return Fail(status.error());
    if (auto status = LookAhead(); !status) return Fail(status.error());
    std::int64_t number = 0;
    auto status =
        ForEachItem(job_.inputs, kHistory, [&](const JsonValue& play) { AddPlay(play, number++); });
    if (!status) return Fail(status.error());
    return Rendering{.notes = Notes()};
  }

 private:
  bool Aggregated() const {
    return job_.options.history_mode == TraktOptions::HistoryMode::kAggregated;
  }

  std::vector<std::string> Header() const {
    std::vector<std::string> header{"Title",       "Year",     "imdbID", "tmdbID",
                                    "WatchedDate", "Rating10", "Rewatch"};
    if (!job_.options.tags.empty()) header.emplace_back("Tags");
    if (job_.options.reviews) header.emplace_back("Review");
    return header;
  }

  Status ReadRatings() {
    auto status = ForEachItem(job_.inputs, DocumentId("ratings"), [&](const JsonValue& item) {
      ratings_.Add(ReadFilm(item, "movie"), RatingText(item));
    });
    ratings_.Sort();
    return status;
  }

  Status ReadReviews() {
    if (!job_.options.reviews) return {};
    return ForEachItem(job_.inputs, DocumentId("comments"), [&](const JsonValue& item) {
      const Film film = ReadFilm(item, "movie");
      const std::string html = ReviewHtml(TextAt(item, "comment.comment"));
      const WallMs written_ms = ParseInstant(TextAt(item, "comment.created_at")).value_or(0);
      auto [review, first] = reviews_.try_emplace(
          FilmKey(film), Review{.name = film.title, .written_ms = written_ms, .html = html});
      if (!first) review->second.html += "<br><br>" + html;
    });
  }

  // What must be known of a film before its first play is written.
  Status LookAhead() {
    if (!Aggregated() && reviews_.empty()) return {};
    std::int64_t number = -1;
    return ForEachItem(job_.inputs, kHistory, [&](const JsonValue& play) {
      ++number;
      const std::int64_t film = FilmKey(ReadFilm(play, "movie"));
      if (Aggregated()) last_plays_[film] = number;
      const auto review = reviews_.find(film);
      if (review == reviews_.end()) return;
      const auto watched = WatchedInstant(TextAt(play, "watched_at"));
      const bool before = watched && *watched <= review->second.written_ms;
      if (before || review->second.play < 0 || Aggregated()) review->second.play = number;
    });
  }

  void AddPlay(const JsonValue& play, std::int64_t number) {
    const Film film = ReadFilm(play, "movie");
    const std::int64_t key = FilmKey(film);
    const auto watched = WatchedInstant(TextAt(play, "watched_at"));
    const std::string date = watched ? job_.zone.DateAt(*watched) : "";
    auto [last_date, first] = dates_.try_emplace(key, date);
    const bool again_that_day = !first && !date.empty() && last_date->second == date;
    last_date->second = date;
    if (Aggregated() && last_plays_[key] != number) return;
    if (!IsNew(play)) return;
    if (again_that_day && !Aggregated()) ++same_day_;
    if (date.empty()) ++undated_;
    unmatched_.Look(film);
    WriteRow(film, date, /*rewatch=*/!first && !Aggregated(), ReviewOf(key, number));
  }

  bool IsNew(const JsonValue& play) const {
    return job_.since.empty() || CursorLess(job_.since, TextAt(play, "id"));
  }

  std::string ReviewOf(std::int64_t film, std::int64_t number) const {
    const auto review = reviews_.find(film);
    return review != reviews_.end() && review->second.play == number ? review->second.html : "";
  }

  // Without a date Letterboxd makes no diary entry, so there is nothing that could be a rewatch or
  // have tags.
  void WriteRow(const Film& film, const std::string& date, bool rewatch, std::string review) {
    std::vector<std::string> cells{film.title,
                                   film.year,
                                   film.imdb,
                                   film.tmdb,
                                   date,
                                   ratings_.Find(film),
                                   rewatch ? "true" : "false"};
    if (date.empty()) cells.back().clear();
    if (!job_.options.tags.empty()) {
      cells.push_back(date.empty() ? "" : fmt::format("{}", fmt::join(job_.options.tags, ", ")));
    }
    if (job_.options.reviews) cells.push_back(std::move(review));
    csv_.Row(cells);
  }

  std::vector<Note> Notes() const {
    const DocumentId& id = job_.document.id;
    std::vector<Note> notes;
    unmatched_.AddNotes(id, notes);
    if (undated_ > 0) {
      notes.push_back({id, "unknown date",
                       fmt::format("{} plays have no date at Trakt: Letterboxd marks their films "
                                   "as watched, without a diary entry",
                                   undated_)});
    }
    if (same_day_ > 0) {
      notes.push_back({id, "same day",
                       fmt::format("{} plays are of a film and a day that another row has: "
                                   "Letterboxd keeps one diary entry for both",
                                   same_day_)});
    }
    for (const auto& [key, review] : reviews_) {
      if (review.play >= 0) continue;
      notes.push_back({id, "review",
                       review.name + ": has a comment and was never watched; an "
                                     "import would mark it as watched, so the "
                                     "comment is left out"});
    }
    return notes;
  }

  const FileJob& job_;
  PartedCsv csv_;
  RatingsIndex ratings_;
  // By film.
  std::unordered_map<std::int64_t, std::string> dates_;        // of the play that was last read
  std::unordered_map<std::int64_t, std::int64_t> last_plays_;  // aggregated only
  std::map<std::int64_t, Review> reviews_;
  Unmatched unmatched_;
  std::int64_t undated_ = 0;
  std::int64_t same_day_ = 0;
};

}  // namespace

Result<Rendering> RenderImport(const FileJob& job) { return ImportFile(job).Render(); }

}  // namespace sluice::trakt
