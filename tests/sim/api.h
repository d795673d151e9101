// What a simulated service is: something that answers requests, all of them deterministic.
#pragma once

#include <string>
#include <string_view>

#include "tests/sim/http_message.h"

namespace sluice::sim {

// Faults that only the maker of a list can put into it.
struct ListFaults {
  bool clamp = false;        // at most 25 a page, whatever was asked for
  bool short_page = false;   // a third of the page size, and still more to come
  bool cursor_loop = false;  // the way on leads back to the beginning of the list
};

// Why a service that could answer refuses to.
enum class Refusal { kRateLimited, kUnauthorized, kInternalError, kUnavailable, kOverloaded };

// Thread-safe.
class Api {
 public:
  virtual ~Api() = default;
  // The same request gets the same bytes.
  virtual HttpResponse Answer(const HttpRequest& request, const ListFaults& faults) = 0;
  // The refusal in the words of the service; without Retry-After when `retry_after_s` is 0.
  virtual HttpResponse Refuse(const HttpRequest& request, Refusal reason,
                              int retry_after_s) const = 0;
  // A whole list that holds `items` (JSON with its commas), in the envelope of the service.
  virtual std::string ListOf(std::string_view items) const = 0;
};

// What all services that speak as Notion does have in common.
class NotionStyleApi : public Api {
 public:
  HttpResponse Refuse(const HttpRequest& request, Refusal reason, int retry_after_s) const override;
  std::string ListOf(std::string_view items) const override;
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
