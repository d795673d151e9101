// Reading an answer of the Trakt API, whatever it was asked for. Pure, and thread-safe with it.
#pragma once

#include "stages/json/windowed_json.h"
#include "stages/sources/source.h"
#include "stages/sources/trakt/requests.h"
#include "stages/sources/trakt/trakt_options.h"

namespace sluice::trakt {

// See Source::Open.
Opening OpenTrakt(const LastRun& last, const TraktOptions& options);
// See Source::Read.
Result<Reading> ReadAnswer(const Request& request, const AnswerView& answer,
                           const TraktOptions& options, WallMs now_ms);

// For messages: "page 3 of /sync/history/movies".
std::string Describe(const Request& request);

// --- the parts of ReadAnswer ---

// A page of a section: its rows, and the other pages.
Result<Reading> ReadSectionPage(const Request& request, const Section& section, const Page& page,
                                const WindowedJson& body, const AnswerView& answer);
// What a page of any list says about the others: their requests, or why the list is short.
// `first_key` is that of the first item; empty: the page has none. `given` items are on it.
// Code::kTransient: the page is empty and does not say how long its list is, as it always does.
struct Paging {
  std::vector<Request> requests;
  std::string shortfall;
  std::int64_t size = 0;                 // of the pages of this walk
  std::optional<std::int64_t> declared;  // how many items the list has
  std::optional<std::int64_t> expected;  // how many of them belong on this page
  std::int64_t untold = 0;               // items of earlier pages, which count from this page on
};
Result<Paging> ReadPaging(const Request& request, const Page& page, const AnswerView& answer,
                          const std::string& first_key, std::int64_t given);

}  // namespace sluice::trakt
