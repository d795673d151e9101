#include "tests/sim/api.h"

#include <xxhash.h>

#include "tests/sim/json_out.h"
#include "tests/sim/notion_ids.h"

namespace sluice::sim {

std::string RequestId(const HttpRequest& request) {
  const std::uint64_t target = XXH3_64bits(request.target.data(), request.target.size());
  const std::uint64_t body = XXH3_64bits(request.body.data(), request.body.size());
  return UuidText(Mix(target, body), Mix(body, target));
}

HttpResponse NotionOk(const HttpRequest& request, std::string open_body) {
  const std::string id = RequestId(request);
  open_body += ",\"request_id\":\"" + id + "\"}";
  return {
      .headers = {{"Content-Type", "application/json; charset=utf-8"}, {"x-notion-request-id", id}},
      .body = std::move(open_body)};
}

HttpResponse NotionError(const HttpRequest& request, int status, std::string_view code,
                         std::string_view message) {
  std::string body;
  JsonOut out(body);
  out.BeginObject().Field("object", "error").Field("status", static_cast<long long>(status));
  out.Field("code", code).Field("message", message);
  HttpResponse response = NotionOk(request, std::move(body));
  response.status = status;
  return response;
}

HttpResponse NotionStyleApi::Refuse(const HttpRequest& request, Refusal reason,
                                    int retry_after_s) const {
  HttpResponse response = [&] {
    switch (reason) {
      case Refusal::kRateLimited:
        return NotionError(request, 429, "rate_limited",
                           "You have been rate limited. Please try again in a few minutes.");
      case Refusal::kUnauthorized:
        return NotionError(request, 401, "unauthorized", "API token is invalid.");
      case Refusal::kInternalError:
        return NotionError(request, 500, "internal_server_error", "Unexpected error occurred.");
      case Refusal::kUnavailable:
        return NotionError(request, 503, "service_unavailable",
                           "Notion is unavailable, please try again later.");
      case Refusal::kOverloaded:
        break;
    }
    return NotionError(request, 529, "service_overload",
                       "Notion is overloaded, please try again later.");
  }();
  if (retry_after_s > 0)
    response.headers.emplace_back("Retry-After", std::to_string(retry_after_s));
  return response;
}

std::string NotionStyleApi::ListOf(std::string_view items) const {
  return R"({"object":"list","results":[)" + std::string(items) +
         R"(],"next_cursor":null,"has_more":false})";
}

HttpResponse NotionNotFound(const HttpRequest& request, std::string_view what,
                            std::string_view id) {
  return NotionError(request, 404, "object_not_found",
                     "Could not find " + std::string(what) + " with ID: " + std::string(id) +
                         ". Make sure the relevant pages and databases are shared with your "
                         "integration.");
}

}  // namespace sluice::sim
