// What a simulated service is: something that answers requests, all of them deterministic.
#pragma once

#include <string>
#include <string_view>

#include "tests/sim/http_message.h"

namespace sluice::sim {

// Faults that only the maker of a list can put into it.
struct ListFaults {
  bool clamp = false;        // at most 25 a page, whatever was asked for
  bool short_page = false;   // a third of the page size, with has_more true
  bool cursor_loop = false;  // next_cursor always leads to the beginning of the list
};

class Api {
 public:
  virtual ~Api() = default;
  // Thread-safe. The same request gets the same bytes.
  virtual HttpResponse Answer(const HttpRequest& request, const ListFaults& faults) = 0;
};

// A UUID that depends on the request alone, so that answers are the same in every run.
std::string RequestId(const HttpRequest& request);

// The error body of the Notion API (API reference, "Status codes").
HttpResponse NotionError(const HttpRequest& request, int status, std::string_view code,
                         std::string_view message);
// The 404 for `what` ("page", "block", "database", "data_source", "user") with `id`.
HttpResponse NotionNotFound(const HttpRequest& request, std::string_view what, std::string_view id);
// Closes a body whose last brace is still open with the request id.
HttpResponse NotionOk(const HttpRequest& request, std::string open_body);

}  // namespace sluice::sim
