// What a request remembers of the list that it belongs to: Request::context. Plain data. A list is
// what one resource gives for one partition and one row of its parent.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "stages/sources/rest/rest_spec.h"

namespace sluice::rest {

// From where an incremental resource is asked for in this generation. Empty: from the beginning.
struct Bounds {
  std::string start;  // `last` less the lag, or the initial value
  std::string last;   // where the last complete run ended
  bool operator==(const Bounds&) const = default;
};

struct ListContext {
  std::int64_t generation = 0;
  // The bounds of the resource and of those below it, by name.
  std::map<std::string, Bounds, std::less<>> bounds;

  // The list.
  std::string base;         // where it stands, see positions.h; without a generation
  std::string key_base;     // of the row that led to it; names rows that have no key
  std::string name;         // its first target, for people and for tallies
  bool first_list = false;  // the first of its resource: what is detected is said here
  std::map<std::string, std::string> headers;  // those that hold placeholders, filled in
  std::vector<std::pair<std::string, std::string>> from_parent;  // fields to add, as JSON
  std::string parent_cursor;                               // of the row that led to it; see open.h
  std::map<std::string, std::string, std::less<>> values;  // of its placeholders; kept where a
                                                           // later request needs them (a split)

  // The page. Its number is number_base + at.
  std::uint32_t number_base = 0;
  std::uint32_t at = 0;    // offset, or how many pages came before it
  bool reveals = true;     // its answer says what comes next; false: an earlier one has
  std::uint32_t step = 0;  // offset, where pages are asked for at once: records a page
  std::uint32_t take = 0;  // so many of its records belong to it; 0: all
  int empty_pages = 0;     // in a row, up to this one
  // Hashes of the records of the first page and of the one before; 0: unknown.
  std::int64_t first_page = 0;
  std::int64_t last_page = 0;

  // What was found out from the first answer.
  std::optional<Paginator> paginator;
  std::optional<std::string> selector;
  bool is_list = false;  // a page held a list there, and not one object

  std::optional<std::int64_t> declared;  // how many records the list has, as its first page said
  // offset, page_number: how many places (records, pages) the list has from where it was begun; the
  // most that a page has said.
  std::optional<std::int64_t> places;

  // Of a list with a cap (Incremental::split_limit): since it last began anew.
  int part = 0;  // how often it did
  std::int64_t part_given = 0;
  std::string part_start;  // the cursor value from which it was asked for
  std::string highest;     // the highest cursor value so far
  bool unsorted = false;   // a value was lower than the one before it
  std::string previous;    // the cursor value of the last record

  std::uint32_t number() const { return number_base + at; }
};

std::string EncodeContext(const ListContext& context);
// Code::kDamaged: it is none of ours.
Result<ListContext> DecodeContext(std::string_view text);

}  // namespace sluice::rest
