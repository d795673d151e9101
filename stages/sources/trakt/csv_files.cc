#include "stages/sources/trakt/csv_files.h"

#include <fmt/format.h>

#include <algorithm>

#include "stages/sources/trakt/files.h"
#include "stages/sources/trakt/instant.h"
#include "stages/sources/trakt/ratings_index.h"
#include "storage/base/hash.h"

namespace sluice::trakt {
namespace {

constexpr std::size_t kUnmatchedNamed = 100;

// Takes one row of a CsvWriter.
class LineSink final : public TextSink {
 public:
  void Write(std::string_view part) override { text += part; }
  void NextFile() override {}
  Result<std::filesystem::path> OwnFile() override {
    return Fail(Code::kFatal, "a row is no file");
  }
  std::string text;
};

std::string DateOf(const FileJob& job, const JsonValue& item, std::string_view path) {
  const auto instant = ParseInstant(TextAt(item, path));
  return instant ? job.zone.DateAt(*instant) : "";
}

// A title on one line, as a note shows it.
std::string OneLine(std::string text) {
  std::ranges::replace_if(
      text, [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
  return text;
}

// The note that a user has put to an item of a list.
std::string NotesOf(const JsonValue& item) { return TextAt(item, "notes"); }

Result<bool> HasNotes(DocumentInputs& inputs, const DocumentId& list) {
  bool any = false;
  auto status = ForEachItem(inputs, list,
                            [&](const JsonValue& item) { any = any || !NotesOf(item).empty(); });
  if (!status) return Fail(status.error());
  return any;
}

Result<Rendering> Done(const FileJob& job, const Status& status, const Unmatched& unmatched) {
  if (!status) return Fail(status.error());
  Rendering rendering;
  unmatched.AddNotes(job.document.id, rendering.notes);
  return rendering;
}

}  // namespace

// --- what the files share -----------------------------------------------------------------------

PartedCsv::PartedCsv(TextSink& out, std::vector<std::string> header)
    : out_(out), header_(Line(header)), bytes_(header_.size()) {
  out_.Write(header_);
}

void PartedCsv::Row(const std::vector<std::string>& cells) {
  const std::string line = Line(cells);
  if (bytes_ + line.size() > kBytesMax && bytes_ > header_.size()) {
    out_.NextFile();
    out_.Write(header_);
    bytes_ = header_.size();
  }
  out_.Write(line);
  bytes_ += line.size();
}

std::string PartedCsv::Line(const std::vector<std::string>& cells) const {
  LineSink line;
  CsvWriter(line, {.bom = CsvOptions::Bom::kNone}).Row(cells);
  return std::move(line.text);
}

void Unmatched::Look(const Film& film) {
  if (!film.imdb.empty() || !film.tmdb.empty()) return;
  const std::int64_t identity = Checksum(Identity(film));
  const auto place = std::ranges::lower_bound(seen_, identity);
  if (place != seen_.end() && *place == identity) return;
  seen_.insert(place, identity);
  ++count_;
  if (names_.size() < kUnmatchedNamed) {
    names_.push_back(fmt::format("{} ({})",
                                 film.title.empty() ? "without a title" : OneLine(film.title),
                                 film.year.empty() ? "year unknown" : film.year));
  }
}

void Unmatched::AddNotes(const DocumentId& document, std::vector<Note>& notes) const {
  for (const std::string& name : names_) {
    notes.push_back({document, "no id",
                     name + ": Trakt knows neither its IMDb nor its TMDB id; Letterboxd matches it "
                            "by title and year"});
  }
  const auto named = static_cast<std::int64_t>(names_.size());
  if (count_ == named) return;
  notes.push_back({document, "no id", fmt::format("{} more films without an id", count_ - named)});
}

Status ForEachItem(DocumentInputs& inputs, const DocumentId& collection,
                   const std::function<void(const JsonValue&)>& use) {
  Status parsed;
  auto read = inputs.ForEachRow(collection, [&](const Row& row) {
    const auto json = RawJson::Parse(row.body);
    if (!json) {
      parsed = Fail(Code::kDamaged, fmt::format("row {} of {}: {}", row.key, collection.value,
                                                json.error().message));
      return false;
    }
    use(json->root());
    return true;
  });
  return read ? parsed : read;
}

std::string ReviewHtml(std::string_view text) {
  std::string html;
  for (std::size_t i = 0; i < text.size(); ++i) {
    switch (text[i]) {
      case '&':
        html += "&amp;";
        break;
      case '<':
        html += "&lt;";
        break;
      case '>':
        html += "&gt;";
        break;
      case '\r':
        if (!text.substr(i + 1).starts_with('\n')) html += "<br>";
        break;
      case '\n':
        html += "<br>";
        break;
      default:
        html.push_back(text[i]);
    }
  }
  return html;
}

// --- the simple files ---------------------------------------------------------------------------

// The watchlist, or a personal list. Letterboxd's list import takes the column Review as notes; its
// watchlist import knows none, and leaves out what it does not know.
Result<Rendering> RenderWatchlist(const FileJob& job, const DocumentId& list) {
  const auto has_notes = HasNotes(job.inputs, list);
  if (!has_notes) return Fail(has_notes.error());
  const bool personal = list != DocumentId("watchlist");
  std::vector<std::string> header{"Title", "Year", "imdbID", "tmdbID"};
  if (*has_notes) header.emplace_back(personal ? "Review" : "Notes");
  PartedCsv csv(job.out, std::move(header));
  Unmatched unmatched;
  const auto status = ForEachItem(job.inputs, list, [&](const JsonValue& item) {
    if (!item["movie"]) return;  // Letterboxd has no shows
    const Film film = ReadFilm(item, "movie");
    unmatched.Look(film);
    std::vector<std::string> cells{film.title, film.year, film.imdb, film.tmdb};
    if (*has_notes) cells.push_back(personal ? ReviewHtml(NotesOf(item)) : NotesOf(item));
    csv.Row(cells);
  });
  return Done(job, status, unmatched);
}

Result<Rendering> RenderRatings(const FileJob& job) {
  PartedCsv csv(job.out, {"Title", "Year", "imdbID", "tmdbID", "Rating10", "RatedDate"});
  Unmatched unmatched;
  const auto status = ForEachItem(job.inputs, DocumentId("ratings"), [&](const JsonValue& item) {
    const Film film = ReadFilm(item, "movie");
    unmatched.Look(film);
    csv.Row({film.title, film.year, film.imdb, film.tmdb, RatingText(item),
             DateOf(job, item, "rated_at")});
  });
  return Done(job, status, unmatched);
}

Result<Rendering> RenderCollection(const FileJob& job) {
  PartedCsv csv(job.out, {"Title", "Year", "CollectedDate", "imdbID", "tmdbID"});
  Unmatched unmatched;
  const auto status = ForEachItem(job.inputs, DocumentId("collection"), [&](const JsonValue& item) {
    const Film film = ReadFilm(item, "movie");
    unmatched.Look(film);
    csv.Row({film.title, film.year, DateOf(job, item, "collected_at"), film.imdb, film.tmdb});
  });
  return Done(job, status, unmatched);
}

Result<Rendering> RenderFile(const DocumentRow& document, const TraktOptions& options,
                             DocumentInputs& inputs, TextSink& out) {
  const auto object = inputs.Object(document.id);
  if (!object) return Fail(object.error());
  const FileFacts facts = DecodeFacts(*object);
  const auto zone = TimeZone::Load(facts.timezone);
  if (!zone) return Fail(zone.error());
  const FileJob job{document, options, inputs, out, *zone, facts.since};
  if (document.id == kImportFile) return RenderImport(job);
  if (document.id == kWatchlistFile) return RenderWatchlist(job, DocumentId("watchlist"));
  if (document.id == kRatingsFile) return RenderRatings(job);
  if (document.id == kCollectionFile) return RenderCollection(job);
  if (document.id == kShowsFile) return RenderShows(job);
  const DocumentId list = ListOfFile(document.id);
  if (!list.empty()) return RenderWatchlist(job, list);
  return Fail(Code::kFatal, document.id.value + ": no file that this source makes");
}

}  // namespace sluice::trakt
