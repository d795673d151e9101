// The parts of an account that are exported. Each is a list of the API and, in the state, a
// collection of rows; files.h says what is made from them.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "stages/json/raw_json.h"
#include "stages/sources/trakt/trakt_options.h"
#include "storage/records.h"

namespace sluice::trakt {

// Rises when rows or files come out differently, so that what is stored is made anew.
inline constexpr int kFormatVersion = 1;

inline const DocumentId kAccount("account");

// How the rows of a section stand.
enum class RowOrder {
  kWatched,  // by the time of the play
  kEpisode,  // by show, season, number, and then the time of the play
  kTime,     // by the time that `time_key` names
  kAsListed,
};

struct Section {
  std::string_view id;  // of its document; of a list: what stands before the list's own id
  std::string_view operation;
  std::string_view path;
  RowOrder order = RowOrder::kAsListed;
  std::string_view time_key;
  // What says that it has changed: keys of /sync/last_activities as "movies.watched_at", by blanks.
  std::string_view activities;
  bool pinned = false;  // takes end_at, so that it holds still while it is read
  // What the API declares must come. The others declare items that they do not show (a watchlist
  // counts its shows with its films): there it is only noted.
  bool exact = true;
};

// What the files of that job are made from, but for the personal lists.
std::vector<const Section*> SectionsOf(const TraktOptions& options);
// By the id of a document; nullptr: it is none.
const Section* FindSection(const DocumentId& id);

// A personal list: "list:<id>".
extern const Section kListItems;
DocumentId ListDocument(std::string_view trakt_id);

// The values of `section.activities` in an answer of /sync/last_activities.
struct Activity {
  std::string text;  // all of them, for a revision; empty: there are none
  WallMs newest_ms = 0;
};
Activity ActivityOf(const Section& section, const JsonValue& activities);

}  // namespace sluice::trakt
