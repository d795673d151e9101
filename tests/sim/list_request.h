// What a request to a list endpoint asks for, read from the query string (GET) or body (POST).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tests/sim/http_message.h"

namespace sluice::sim {

inline constexpr std::uint32_t kPageSizeMax = 100;

struct ListRequest {
  enum class Sort { kNone, kCreatedTime, kLastEditedTime };
  enum class Order { kAscending, kDescending };

  std::uint32_t page_size = kPageSizeMax;
  std::string start_cursor;   // empty: the first page
  std::string object_filter;  // search: "page", "database", "data_source"; empty: none
  std::string query;          // search: part of the title
  Sort sort = Sort::kNone;
  Order order = Order::kAscending;
  Sort time_filter = Sort::kNone;       // which time `from_ms` and `to_ms` bound
  std::optional<std::int64_t> from_ms;  // at or after
  std::optional<std::int64_t> to_ms;    // before

  // Two requests with the same text belong to the same list: a cursor of one works in the other.
  std::string list_text;
};

struct ListRequestOrProblem {
  ListRequest list;
  std::string problem;  // a validation_error message; empty: none
  bool bad_json = false;
};

ListRequestOrProblem ParseListRequest(const HttpRequest& request);

}  // namespace sluice::sim
