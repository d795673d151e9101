// The requests that this source makes, and how they are read back.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "stages/sources/trakt/sections.h"
#include "storage/records.h"

namespace sluice::trakt {

// The most that Trakt gives at once (since June 2026); larger numbers are cut to it in silence.
inline constexpr std::int64_t kPageItems = 250;

// What the listing knows on its way from request to request.
struct Opened {
  WallMs now_ms = 0;     // when the run began
  std::string since;     // plays up to this id were exported before; empty: none
  std::string account;   // whose: what the API calls the user for good
  std::string timezone;  // IANA
};
std::string EncodeOpened(const Opened& opened);
Opened DecodeOpened(const std::string& context);

// What the pages of a list tell those after them.
struct Walk {
  std::optional<std::int64_t> items;
  std::optional<std::int64_t> pages;
  std::string first_key;    // of the first item
  int restarts = 0;         // the list changed under our feet so often
  std::int64_t untold = 0;  // items of the pages before that did not say how long the list is
};
Walk DecodeWalk(const std::string& context);

// One page of a list, as its target says.
struct Page {
  std::string path;
  std::int64_t number = 1;
  std::int64_t limit = kPageItems;
  std::string end_at;  // empty: not sent
};
std::string Target(const Page& page);
// nullopt: the target is none of a list.
std::optional<Page> ParsePage(std::string_view target);

Request SettingsRequest(const Opened& opened);
Request ActivitiesRequest(const Opened& opened);
// The first page of the user's personal lists.
Request ListsRequest(const Opened& opened);
// The first page of a section; `end_at` counts where the section takes one.
Request FirstPage(const Section& section, const DocumentId& document, const std::string& end_at);
// Another page of the list that `request` asked for; its context holds `walk`.
Request OtherPage(const Request& request, const Page& page, const Walk& walk);

}  // namespace sluice::trakt
