#include "stages/sources/notion/notion_source.h"

#ifndef SLUICE_VERSION
#define SLUICE_VERSION "0.1.0"
#endif

namespace sluice::notion {

// Notion API reference, "Request limits": three requests a second on average, bursts allowed. What
// may be in flight of each kind follows from how long such a call takes and how large it answers.
SourceLimits NotionLimits() {
  return {.requests_per_second = 3,
          .burst = 10,
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
