// Recorded Trakt bodies in a tree that is named after the requests:
// api.trakt.tv/sync/history/movies.json is what GET /sync/history/movies answered, all its pages.
//
// Thread-safe: nothing is kept, files are read when they are asked for.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "tests/sim/http_message.h"

namespace sluice::sim {

struct TraktRecording {
  std::vector<std::string> items;  // of a list; each is one JSON value
  std::string object;              // what is no list, as it was recorded; else empty
};

class TraktRecordings {
 public:
  // The folder api.trakt.tv at or below `folder`; nothing when there is none.
  static std::optional<TraktRecordings> Below(const std::filesystem::path& folder);

  // What answers the request; nothing when it was not recorded. `start_at` and `end_at` of the
  // request apply to items with a watched_at.
  std::optional<TraktRecording> Find(const HttpRequest& request) const;

 private:
  explicit TraktRecordings(std::filesystem::path root) : root_(std::move(root)) {}

  std::filesystem::path root_;
};

}  // namespace sluice::sim
