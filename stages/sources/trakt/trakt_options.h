// What a job says about a Trakt export.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sluice::trakt {

struct TraktOptions {
  // kIndividual: every play is a row. kAggregated: every film is one, with its last play's date.
  enum class HistoryMode { kIndividual, kAggregated };
  // kNewOnly: only the plays that no earlier letterboxd-import.csv of this folder had.
  enum class Rows { kFull, kNewOnly };

  std::string client_id;  // sent as trakt-api-key
  std::string base_url = "https://api.trakt.tv";
  // Any of "history", "ratings", "watchlist", "collection", "shows", "lists".
  std::vector<std::string> include = {"history", "ratings", "watchlist", "collection", "shows"};
  HistoryMode history_mode = HistoryMode::kIndividual;
  Rows rows = Rows::kFull;
  std::string timezone;           // IANA; empty: the account's
  std::vector<std::string> tags;  // of every dated row of the history; none: no column
  bool reviews = false;           // comments on films become reviews

  bool Includes(std::string_view word) const {
    for (const std::string& included : include) {
      if (included == word) return true;
    }
    return false;
  }
};

}  // namespace sluice::trakt
