#include "stages/sources/notion/notion_source.h"

namespace sluice::notion {

// Notion API reference, "Request limits": three requests a second on average. Bursts are allowed,
// but how large is not said, and one that is refused costs more than one that is not made gains.
// What may be in flight of each kind follows from how long such a call takes and how large it
// answers.
SourceLimits NotionLimits() {
  return {.requests_per_second = 3,
          .burst = 1,
          .operations = {{"search", 1},
                         {"pages", 5},
                         {"databases", 3},
                         {"blocks", 15},
                         {"comments", 10},
                         {"users", 25},
                         {"properties", 15}}};
}

HttpRequest NotionHttpRequest(const Request& request, const NotionOptions& options) {
  HttpRequest http{.method = request.method,
                   .url = options.base_url + request.target,
                   .headers = {{"Authorization", "Bearer " + options.token},
                               {"Notion-Version", options.version},
                               {"Accept", "application/json"},
                               {"User-Agent", "sluice/" SLUICE_VERSION}},
                   .body = request.body};
  if (!request.body.empty()) http.headers.push_back({"Content-Type", "application/json"});
  return http;
}

}  // namespace sluice::notion
