// Making the files, from the rows of the sections. Rows stream; what is held beside them is a few
// bytes for each film (its rating, whether it was seen), and the texts of reviews.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "stages/sinks/csv.h"
#include "stages/sources/source.h"
#include "stages/sources/trakt/film.h"
#include "stages/sources/trakt/time_zone.h"
#include "stages/sources/trakt/trakt_options.h"

namespace sluice::trakt {

// See Source::Render. Code::kUsage: the time zone is unknown.
Result<Rendering> RenderFile(const DocumentRow& document, const TraktOptions& options,
                             DocumentInputs& inputs, TextSink& out);

// A CSV for Letterboxd, in files of less than 1,000,000 bytes (it takes 1 MB), each with the
// header. Without a byte order mark, which would become part of the first column's name, and with
// cells as they are: "=" and "+1" are titles. Borrows `out`.
class PartedCsv {
 public:
  static constexpr std::size_t kBytesMax = 999'999;

  PartedCsv(TextSink& out, std::vector<std::string> header);
  void Row(const std::vector<std::string>& cells);

 private:
  std::string Line(const std::vector<std::string>& cells) const;

  TextSink& out_;
  const std::string header_;
  std::size_t bytes_;
};

// Films that Letterboxd can match by their title only: a note for each of the first, and how many
// there are.
class Unmatched {
 public:
  void Look(const Film& film);
  void AddNotes(const DocumentId& document, std::vector<Note>& notes) const;

 private:
  std::vector<std::string> names_;
  std::vector<std::int64_t> seen_;  // of their identities, sorted
  std::int64_t count_ = 0;
};

// Calls `use` with the JSON of each row of a collection, in their order.
Status ForEachItem(DocumentInputs& inputs, const DocumentId& collection,
                   const std::function<void(const JsonValue&)>& use);

// A comment as HTML for a cell: escaped, with <br> for line ends.
std::string ReviewHtml(std::string_view text);

// --- the files ---

struct FileJob {
  const DocumentRow& document;
  const TraktOptions& options;
  DocumentInputs& inputs;
  TextSink& out;
  const TimeZone& zone;
  std::string since;  // see Opened
};
Result<Rendering> RenderImport(const FileJob& job);
Result<Rendering> RenderWatchlist(const FileJob& job, const DocumentId& list);
Result<Rendering> RenderRatings(const FileJob& job);
Result<Rendering> RenderCollection(const FileJob& job);
Result<Rendering> RenderShows(const FileJob& job);

}  // namespace sluice::trakt
