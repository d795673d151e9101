#include "stages/sources/trakt/sections.h"

#include <algorithm>

#include "stages/sources/trakt/instant.h"

namespace sluice::trakt {
namespace {

constexpr Section kHistory{.id = "history",
                           .operation = "history",
                           .path = "/sync/history/movies",
                           .order = RowOrder::kWatched,
                           .time_key = "watched_at",
                           .activities = "movies.watched_at",
                           .pinned = true};
constexpr Section kEpisodes{.id = "episodes",
                            .operation = "shows",
                            .path = "/sync/history/shows",
                            .order = RowOrder::kEpisode,
                            .time_key = "watched_at",
                            .activities = "episodes.watched_at",
                            .pinned = true};
constexpr Section kRatings{.id = "ratings",
                           .operation = "ratings",
                           .path = "/sync/ratings/movies",
                           .order = RowOrder::kTime,
                           .time_key = "rated_at",
                           .activities = "movies.rated_at"};
constexpr Section kEpisodeRatings{.id = "episode-ratings",
                                  .operation = "shows",
                                  .path = "/sync/ratings/episodes",
                                  .order = RowOrder::kTime,
                                  .time_key = "rated_at",
                                  .activities = "episodes.rated_at"};
constexpr Section kShowRatings{.id = "show-ratings",
                               .operation = "shows",
                               .path = "/sync/ratings/shows",
                               .order = RowOrder::kTime,
                               .time_key = "rated_at",
                               .activities = "shows.rated_at"};
constexpr Section kWatchlist{.id = "watchlist",
                             .operation = "watchlist",
                             .path = "/sync/watchlist/movies",
                             .order = RowOrder::kAsListed,
                             .activities = "watchlist.updated_at movies.watchlisted_at",
                             .exact = false};
constexpr Section kCollection{.id = "collection",
                              .operation = "collection",
                              .path = "/sync/collection/movies",
                              .order = RowOrder::kTime,
                              .time_key = "collected_at",
                              .activities = "movies.collected_at"};
constexpr Section kComments{.id = "comments",
                            .operation = "comments",
                            .path = "/users/me/comments/all/movies",
                            .order = RowOrder::kTime,
                            .time_key = "comment.created_at",
                            .activities = "movies.commented_at",
                            .exact = false};

constexpr const Section* kSections[] = {&kHistory,     &kEpisodes,  &kRatings,    &kEpisodeRatings,
                                        &kShowRatings, &kWatchlist, &kCollection, &kComments};

}  // namespace

constexpr Section kListItems{.id = "list:",
                             .operation = "lists",
                             .path = "/users/me/lists/",
                             .order = RowOrder::kAsListed,
                             .exact = false};

std::vector<const Section*> SectionsOf(const TraktOptions& options) {
  std::vector<const Section*> sections;
  const bool history = options.Includes("history");
  if (history) sections.push_back(&kHistory);
  if (history || options.Includes("ratings")) sections.push_back(&kRatings);
  if (history && options.reviews) sections.push_back(&kComments);
  if (options.Includes("watchlist")) sections.push_back(&kWatchlist);
  if (options.Includes("collection")) sections.push_back(&kCollection);
  if (options.Includes("shows")) {
    sections.insert(sections.end(), {&kEpisodes, &kEpisodeRatings, &kShowRatings});
  }
  return sections;
}

const Section* FindSection(const DocumentId& id) {
  if (id.value.starts_with(kListItems.id)) return &kListItems;
  const auto* const found = std::ranges::find_if(
      kSections, [&](const Section* section) { return section->id == id.value; });
  return found == std::end(kSections) ? nullptr : *found;
}

DocumentId ListDocument(std::string_view trakt_id) {
  return DocumentId(std::string(kListItems.id) + std::string(trakt_id));
}

Activity ActivityOf(const Section& section, const JsonValue& activities) {
  Activity activity;
  std::string_view rest = section.activities;
  while (!rest.empty()) {
    const std::string_view name = rest.substr(0, rest.find(' '));
    rest.remove_prefix(std::min(name.size() + 1, rest.size()));
    const auto group = activities[name.substr(0, name.find('.'))];
    const auto value = group ? (*group)[name.substr(name.find('.') + 1)] : std::nullopt;
    if (!value || value->text().empty()) continue;
    activity.text += std::string(value->text()) + " ";
    activity.newest_ms = std::max(activity.newest_ms, ParseInstant(value->text()).value_or(0));
  }
  return activity;
}

}  // namespace sluice::trakt
