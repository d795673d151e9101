// What a job says about a Notion export.
#pragma once

#include <string>
#include <vector>

namespace sluice::notion {

struct NotionOptions {
  std::string base_url;            // without a trailing slash
  std::string token;               // the secret itself; goes into one header and nowhere else
  std::string version;             // the Notion-Version header: "2025-09-03"
  bool comments = false;           // export the open comments of pages
  bool users = false;              // ask for the names of people who are mentioned without one
  std::vector<std::string> roots;  // page or database ids; empty: all that the token sees
};

// Whether the version that is spoken keeps rows in data sources (since 2025-09-03) rather than in
// databases. Versions are ISO dates, so they compare as text.
inline bool HasDataSources(const NotionOptions& options) { return options.version >= "2025-09-03"; }

}  // namespace sluice::notion
