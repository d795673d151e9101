#include "tests/sim/trakt_recordings.h"

#include <simdjson.h>

#include <limits>

#include "tests/sim/iso_time.h"

namespace sluice::sim {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kHost = "api.trakt.tv";

bool Within(simdjson::dom::element item, UnixMs start, UnixMs end) {
  std::string_view text;
  if (item["watched_at"].get(text)) return true;
  const UnixMs at = ParseIsoTime(text).value_or(0);
  return at >= start && at <= end;
}

}  // namespace

std::optional<TraktRecordings> TraktRecordings::Below(const fs::path& folder) {
  if (folder.filename() == kHost) return TraktRecordings(folder);
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_directory() && entry.path().filename() == kHost) {
      return TraktRecordings(entry.path());
    }
  }
  return std::nullopt;
}

std::optional<TraktRecording> TraktRecordings::Find(const HttpRequest& request) const {
  const std::string path = PercentDecode(request.Path()).substr(1) + ".json";
  if (path.find("..") != std::string::npos || !fs::is_regular_file(root_ / path)) {
    return std::nullopt;
  }
  simdjson::dom::parser parser;
  simdjson::dom::element body;
  if (parser.load((root_ / path).string()).get(body)) return std::nullopt;
  TraktRecording recording;
  simdjson::dom::array items;
  if (body.get(items)) {
    recording.object = simdjson::minify(body);
    return recording;
  }
  const UnixMs start = ParseIsoTime(QueryValue(request.Query(), "start_at"))
                           .value_or(std::numeric_limits<UnixMs>::min());
  const UnixMs end = ParseIsoTime(QueryValue(request.Query(), "end_at"))
                         .value_or(std::numeric_limits<UnixMs>::max());
  for (const simdjson::dom::element item : items) {
    if (Within(item, start, end)) recording.items.push_back(simdjson::minify(item));
  }
  return recording;
}

}  // namespace sluice::sim
