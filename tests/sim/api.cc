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

HttpResponse NotionNotFound(const HttpRequest& request, std::string_view what,
                            std::string_view id) {
  return NotionError(request, 404, "object_not_found",
                     "Could not find " + std::string(what) + " with ID: " + std::string(id) +
                         ". Make sure the relevant pages and databases are shared with your "
                         "integration.");
}

}  // namespace sluice::sim
