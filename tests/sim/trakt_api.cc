#include "tests/sim/trakt_api.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <limits>

namespace sluice::sim {
namespace {

constexpr std::uint32_t kPageMax = 250;
constexpr std::uint32_t kCommentsDefault = 10;
constexpr std::uint32_t kClamp = 25;
constexpr std::string_view kBearer = "Bearer ";

std::vector<std::string_view> Segments(std::string_view path) {
  std::vector<std::string_view> segments;
  while (!path.empty()) {
    path.remove_prefix(1);
    const auto slash = path.find('/');
    segments.push_back(path.substr(0, slash));
    path = slash == std::string_view::npos ? std::string_view() : path.substr(slash);
  }
  return segments;
}

HttpResponse Html(int status, std::string_view title) {
  return {.status = status,
          .headers = {{"Content-Type", "text/html; charset=UTF-8"}},
          .body = "<!DOCTYPE html>\n<html><head><title>" + std::string(title) +
                  "</title></head><body><h1>" + std::string(title) + "</h1></body></html>\n"};
}

HttpResponse NotFound() { return Html(404, "The page you were looking for doesn't exist (404)"); }

HttpResponse Json(std::string body) {
  return {.headers = {{"Content-Type", "application/json; charset=utf-8"}},
          .body = std::move(body)};
}

// The number `name` of the query; `fallback` when it is absent or none from 1 on.
std::uint32_t Number(const HttpRequest& request, std::string_view name, std::uint32_t fallback) {
  const std::string text = QueryValue(request.Query(), name);
  std::uint32_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool good = parsed.ec == std::errc() && parsed.ptr == text.data() + text.size();
  return good && value > 0 ? value : fallback;
}

}  // namespace

TraktApi::TraktApi(const TraktRecordings& recordings, const TokenOptions& tokens)
    : world_({.history = 0,
              .ratings = 0,
              .watchlist = 0,
              .collection = 0,
              .lists = 0,
              .shows = 0,
              .reviews = 0}),
      recordings_(recordings),
      oauth_(tokens, {}) {}

HttpResponse TraktApi::Answer(const HttpRequest& request, const ListFaults& faults) {
  if (request.Path().starts_with("/oauth/")) return oauth_.Answer(request);
  if (auto refusal = CheckHeaders(request)) return *std::move(refusal);
  const std::vector<std::string_view> segments = Segments(request.Path());
  if (segments.empty()) return NotFound();
  if (request.method != "GET") return Html(405, "405 Method Not Allowed");
  if (auto recorded = RecordedAnswer(request, faults)) return *std::move(recorded);
  std::string body;
  JsonOut out(body);
  if (request.Path() == "/users/settings") {
    world_.WriteSettings(out);
    return Json(std::move(body));
  }
  if (request.Path() == "/sync/last_activities") {
    world_.WriteActivities(out, late_play_ms_);
    return Json(std::move(body));
  }
  std::optional<Source> source;
  const bool own = segments[0] == "users" && segments.size() > 1 &&
                   (segments[1] == "me" || segments[1] == "sean");
  const std::size_t first = own ? 2 : 1;
  if (own || segments[0] == "sync") {
    const auto segment = [&](std::size_t i) {
      return std::string(first + i < segments.size() ? segments[first + i] : "");
    };
    source = SyncSource(
        {.request = request, .section = segment(0), .kind = segment(1), .id = segment(2)});
  }
  if (!source && own) source = UserSource(segments);
  return source ? Page(request, faults, *source) : NotFound();
}

std::optional<HttpResponse> TraktApi::CheckHeaders(const HttpRequest& request) {
  const std::string_view key = request.Header("trakt-api-key");
  if (request.Header("user-agent").empty()) return Html(403, "Error 1020: Access denied");
  if (key.empty() || key == "bad") return HttpResponse{.status = 403};
  const std::string_view type = request.Header("content-type");
  const bool other_type = !type.empty() && !type.starts_with("application/json");
  if (request.Header("trakt-api-version") != "2" || other_type) return HttpResponse{.status = 412};
  const std::string_view auth = request.Header("authorization");
  const bool admitted = auth.starts_with(kBearer) && oauth_.Admit(auth.substr(kBearer.size()));
  if (!admitted) return HttpResponse{.status = 401};
  return std::nullopt;
}

std::optional<HttpResponse> TraktApi::RecordedAnswer(const HttpRequest& request,
                                                     const ListFaults& faults) const {
  const auto recording = recordings_ ? recordings_->Find(request) : std::nullopt;
  if (!recording) return std::nullopt;
  if (!recording->object.empty()) return Json(recording->object);
  return Page(
      request, faults,
      {.size = static_cast<std::uint32_t>(recording->items.size()),
       .write = [&](JsonOut& out, std::uint32_t place) { out.Raw(recording->items[place]); }});
}

std::optional<TraktApi::Source> TraktApi::SyncSource(const Call& call) {
  if (call.section == "history") return HistorySource(call);
  if (call.section == "watched" && call.id.empty()) return WatchedSource(call);
  if (call.section == "ratings") return RatingsSource(call);
  if (call.section == "watchlist" && call.kind == "movies") {
    return Source{.size = world_.options().watchlist,
                  .write = [this](JsonOut& out,
                                  std::uint32_t place) { world_.WriteWatchlistItem(out, place); },
                  .headers = {{"X-Sort-By", "rank"},
                              {"X-Sort-How", "asc"},
                              {"X-Applied-Sort-By", "rank"},
                              {"X-Applied-Sort-How", "asc"},
                              {"X-List-ID", "28000000"}}};
  }
  if (call.section == "collection" && call.kind == "movies" && call.id.empty()) {
    const bool metadata = QueryValue(call.request.Query(), "extended") == "metadata";
    return Source{.size = world_.options().collection,
                  .write = [this, metadata](JsonOut& out, std::uint32_t place) {
                    world_.WriteCollected(out, place, metadata);
                  }};
  }
  return std::nullopt;
}

std::optional<Play> TraktApi::CountedLatePlay() {
  const std::uint32_t after = world_.options().late_play_after;
  if (after == 0 || ++history_requests_ <= after) return std::nullopt;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const UnixMs now_ms = std::chrono::duration_cast<std::chrono::seconds>(now).count() * 1000;
  UnixMs none = 0;
  late_play_ms_.compare_exchange_strong(none, now_ms);
  return world_.LatePlay(late_play_ms_);
}

std::optional<TraktApi::Source> TraktApi::HistorySource(const Call& call) {
  const bool movies = call.kind == "movies";
  if ((!movies && call.kind != "shows" && call.kind != "episodes") || !call.id.empty()) {
    return std::nullopt;
  }
  const std::string start_at = QueryValue(call.request.Query(), "start_at");
  const std::string end_at = QueryValue(call.request.Query(), "end_at");
  const UnixMs start = ParseIsoTime(start_at).value_or(std::numeric_limits<UnixMs>::min());
  const UnixMs end = ParseIsoTime(end_at).value_or(std::numeric_limits<UnixMs>::max());
  const std::vector<Play>& plays = movies ? world_.MoviePlays() : world_.EpisodePlays();
  // Newest first; both bounds are inclusive.
  const auto first = std::ranges::partition_point(plays, [&](const Play& p) { return p.at > end; });
  const auto last =
      std::ranges::partition_point(plays, [&](const Play& p) { return p.at >= start; });
  Source source{.size = static_cast<std::uint32_t>(std::max<std::ptrdiff_t>(last - first, 0)),
                .write = [this, movies, first](JsonOut& out, std::uint32_t place) {
                  world_.WritePlay(out, first[place], movies);
                }};
  const auto late = movies ? CountedLatePlay() : std::nullopt;
  if (late && late->at >= start && late->at <= end) {
    ++source.size;
    source.write = [this, first, late](JsonOut& out, std::uint32_t place) {
      world_.WritePlay(out, place == 0 ? *late : first[place - 1], true);
    };
  }
  if (!start_at.empty()) source.headers.emplace_back("X-Start-Date", start_at);
  if (!end_at.empty()) source.headers.emplace_back("X-End-Date", end_at);
  return source;
}

std::optional<TraktApi::Source> TraktApi::WatchedSource(const Call& call) const {
  if (call.kind == "movies") {
    return Source{.size = static_cast<std::uint32_t>(world_.WatchedMovies().size()),
                  .write = [this](JsonOut& out, std::uint32_t place) {
                    world_.WriteWatchedMovie(out, place);
                  }};
  }
  if (call.kind != "shows") return std::nullopt;
  return Source{
      .size = static_cast<std::uint32_t>(world_.WatchedShows().size()),
      .write = [this](JsonOut& out, std::uint32_t place) { world_.WriteWatchedShow(out, place); }};
}

std::optional<TraktApi::Source> TraktApi::RatingsSource(const Call& call) const {
  if (!call.id.empty()) return std::nullopt;
  if (call.kind == "movies") {
    return Source{.size = world_.options().ratings,
                  .write = [this](JsonOut& out, std::uint32_t place) {
                    world_.WriteMovieRating(out, place);
                  }};
  }
  if (call.kind == "shows") {
    return Source{
        .size = world_.ShowRatingCount(),
        .write = [this](JsonOut& out, std::uint32_t place) { world_.WriteShowRating(out, place); }};
  }
  if (call.kind != "episodes") return std::nullopt;
  return Source{.size = world_.EpisodeRatingCount(),
                .write = [this](JsonOut& out, std::uint32_t place) {
                  world_.WriteEpisodeRating(out, place);
                }};
}

std::optional<TraktApi::Source> TraktApi::UserSource(
    const std::vector<std::string_view>& segments) const {
  const auto is = [&](std::size_t i, std::string_view text) {
    return i < segments.size() && segments[i] == text;
  };
  const std::uint32_t lists = world_.options().lists;
  if (segments.size() == 3 && is(2, "lists")) {
    return Source{.size = lists, .write = [this](JsonOut& out, std::uint32_t place) {
                    world_.WriteList(out, place);
                  }};
  }
  if (segments.size() == 6 && is(2, "lists") && is(4, "items") && is(5, "movies")) {
    for (std::uint32_t list = 0; list < lists; ++list) {
      const bool named = segments[3] == TraktWorld::ListSlug(list) ||
                         segments[3] == std::to_string(TraktWorld::ListId(list));
      if (!named) continue;
      return Source{.size = world_.ListItemCount(list),
                    .write = [this, list](JsonOut& out, std::uint32_t place) {
                      world_.WriteListItem(out, list, place);
                    }};
    }
  }
  if (segments.size() == 5 && is(2, "comments") && is(3, "all") && is(4, "movies")) {
    return Source{
        .size = world_.options().reviews,
        .write = [this](JsonOut& out, std::uint32_t place) { world_.WriteReview(out, place); },
        .page_default = kCommentsDefault};
  }
  return std::nullopt;
}

HttpResponse TraktApi::Page(const HttpRequest& request, const ListFaults& faults,
                            const Source& source) const {
  std::uint32_t limit = std::min(Number(request, "limit", source.page_default), kPageMax);
  if (faults.clamp) limit = std::min(limit, kClamp);
  // A short page says that it is a whole one.
  const std::uint32_t size = faults.short_page ? std::max(limit / 3, 1u) : limit;
  const std::uint32_t pages = (source.size + size - 1) / size;
  const std::uint32_t page = Number(request, "page", 1);
  // In a loop the pages are the first and the second, again and again.
  const std::uint32_t shown =
      faults.cursor_loop ? (page - 1) % std::min(2u, std::max(pages, 1u)) + 1 : page;
  const std::uint64_t begin = std::uint64_t{shown - 1} * size;
  const std::uint64_t end = std::min<std::uint64_t>(begin + size, source.size);

  std::string body;
  JsonOut out(body);
  out.BeginArray();
  for (std::uint64_t place = begin; place < end; ++place) {
    source.write(out, static_cast<std::uint32_t>(place));
  }
  out.EndArray();
  HttpResponse response = Json(std::move(body));
  response.headers.emplace_back("X-Pagination-Page", std::to_string(page));
  response.headers.emplace_back("X-Pagination-Limit", std::to_string(limit));
  response.headers.emplace_back("X-Pagination-Page-Count", std::to_string(pages));
  response.headers.emplace_back("X-Pagination-Item-Count", std::to_string(source.size));
  for (const auto& header : source.headers) response.headers.push_back(header);
  return response;
}

HttpResponse TraktApi::Refuse(const HttpRequest& request, Refusal reason, int retry_after_s) const {
  switch (reason) {
    case Refusal::kUnauthorized:
      return {.status = 401};
    case Refusal::kInternalError:
      return {.status = 500};
    case Refusal::kUnavailable:
      return Html(503, "503 Service Temporarily Unavailable");
    case Refusal::kOverloaded:
      return Html(529, "529 Site is overloaded");
    case Refusal::kRateLimited:
      break;
  }
  HttpResponse response{.status = 429};
  if (retry_after_s == 0) return response;
  const bool post = request.method == "POST";
  const bool known = !request.Header("authorization").empty();
  const auto until = std::chrono::system_clock::now() + std::chrono::seconds(retry_after_s);
  const auto until_ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(until.time_since_epoch());
  std::string limit;
  JsonOut out(limit);
  out.BeginObject().Field("name", post    ? "AUTHED_API_POST_LIMIT"
                                  : known ? "AUTHED_API_GET_LIMIT"
                                          : "UNAUTHED_API_GET_LIMIT");
  out.Key("period").Int(post ? 1 : 300).Key("limit").Int(post ? 1 : 1000);
  out.Key("remaining").Int(0);
  out.Field("until", IsoTime(until_ms.count()).substr(0, 19) + "Z").EndObject();
  response.headers.emplace_back("Retry-After", std::to_string(retry_after_s));
  response.headers.emplace_back("X-Ratelimit", limit);
  return response;
}

std::string TraktApi::ListOf(std::string_view items) const {
  return "[" + std::string(items) + "]";
}

}  // namespace sluice::sim
