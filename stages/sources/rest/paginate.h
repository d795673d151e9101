// What comes after a page. Pure, but for the secrets that are known: the same answer always leads
// to the same requests.
//
//   json_link, header_link, header_cursor, cursor   one page leads to the next; the list ends where
//                the answer has no link or cursor: missing, null, "", false or 0
//   offset       goes on by as many records as there were, not by as many as were asked for: a
//                server that gives smaller pages loses nothing
//   page_number  counts
//
// Where offset and page_number know the end (total_path, total_header), their first page reveals
// the next 500 at once, the last of these the next 500, and so on: they are fetched side by side.
// The largest number counts that a page has said: a page that does not say it any more, or says
// less and is empty, does not shorten the list.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "stages/json/raw_json.h"
#include "stages/sources/rest/list_context.h"
#include "stages/sources/source.h"

namespace sluice::rest {

inline constexpr std::uint32_t kPagesAhead = 500;
// A list whose pages stay empty while the API says that there is more is given up here.
inline constexpr int kEmptyPagesMax = 1000;

struct PageAnswer {
  const Request& request;
  const AnswerView& answer;
  std::optional<JsonValue> body;  // none: there was no content (204)
  std::int64_t given = 0;         // records, before filters
};

struct Paging {
  std::string_view base_url;
  std::vector<std::string> hidden;  // query parameters that must not be taken from a link: they
                                    // are secrets, and are added when a request is sent
  bool one_by_one = false;          // no page is asked for before the one before it was read
};

struct NextPage {
  std::string target;
  std::string body;
  std::uint32_t at = 0;
  std::uint32_t step = 0;
  std::uint32_t take = 0;
  bool reveals = true;
};

struct Turn {
  std::vector<NextPage> pages;
  std::string shortfall;                 // why the list ends too early; empty: it does not
  std::optional<std::int64_t> declared;  // records that the list has, as the API says
  std::optional<std::int64_t> places;    // for ListContext::places
};

// The first request of a list as the paginator wants it. Code::kInvalid: see SetInJson.
Status BeginPaging(const Paginator& paginator, Request& request);

// Whether a cursor or a link leads on from this page. False of the paginators that count.
bool LeadsOn(const Paginator& paginator, const PageAnswer& page, const Paging& paging);

// Code::kInvalid: the answer lacks what the paginator is told to find, or leads to another host.
Result<Turn> NextPages(const Paginator& paginator, const ListContext& context,
                       const PageAnswer& page, const Paging& paging);

// Parameters by which the paginator moves on; without them a target names its list.
std::vector<std::string> PagingParams(const Paginator& paginator);

// A whole number >= 0, as a number or as text. nullopt: it is none.
std::optional<std::int64_t> AsCount(std::string_view text);

}  // namespace sluice::rest
