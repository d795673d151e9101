#include "stages/sources/trakt/requests.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "stages/sources/trakt/instant.h"

namespace sluice::trakt {
namespace {

using Json = nlohmann::json;

// Contexts are our own, but they come from disk.
Json ParseContext(const std::string& context) {
  Json json = Json::parse(context, nullptr, /*allow_exceptions=*/false);
  return json.is_object() ? json : Json::object();
}

std::string Dump(const Json& json) {
  return json.empty() ? "" : json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::optional<std::int64_t> OptionalInt(const Json& json, const char* key) {
  const auto found = json.find(key);
  if (found == json.end() || !found->is_number_integer()) return std::nullopt;
  return found->get<std::int64_t>();
}

std::string_view QueryValue(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=') {
      return pair.substr(name.size() + 1);
    }
  }
  return {};
}

}  // namespace

std::string EncodeOpened(const Opened& opened) {
  return Dump({{"now", opened.now_ms},
               {"since", opened.since},
               {"account", opened.account},
               {"timezone", opened.timezone}});
}

Opened DecodeOpened(const std::string& context) {
  const Json json = ParseContext(context);
  return {.now_ms = json.value("now", WallMs{0}),
          .since = json.value("since", ""),
          .account = json.value("account", ""),
          .timezone = json.value("timezone", "")};
}

Walk DecodeWalk(const std::string& context) {
  const Json json = ParseContext(context);
  return {.items = OptionalInt(json, "items"),
          .pages = OptionalInt(json, "pages"),
          .first_key = json.value("first", ""),
          .restarts = json.value("restarts", 0),
          .untold = json.value("untold", std::int64_t{0})};
}

std::string Target(const Page& page) {
  std::string target = fmt::format("{}?page={}&limit={}", page.path, page.number, page.limit);
  if (!page.end_at.empty()) target += "&end_at=" + page.end_at;
  return target;
}

std::optional<Page> ParsePage(std::string_view target) {
  const std::size_t path_end = target.find('?');
  if (path_end == target.npos) return std::nullopt;
  const std::string_view query = target.substr(path_end + 1);
  Page page{.path = std::string(target.substr(0, path_end)),
            .number = static_cast<std::int64_t>(WholeNumber(QueryValue(query, "page"))),
            .limit = static_cast<std::int64_t>(WholeNumber(QueryValue(query, "limit"))),
            .end_at = std::string(QueryValue(query, "end_at"))};
  if (page.number < 1 || page.limit < 1) return std::nullopt;
  return page;
}

Request SettingsRequest(const Opened& opened) {
  return {.operation = "account",
          .target = "/users/settings",
          .listing = true,
          .context = EncodeOpened(opened)};
}

Request ActivitiesRequest(const Opened& opened) {
  return {.operation = "account",
          .target = "/sync/last_activities",
          .listing = true,
          .context = EncodeOpened(opened)};
}

Request ListsRequest(const Opened& opened) {
  return {.operation = "lists",
          .target = Target({.path = "/users/me/lists"}),
          .listing = true,
          .context = EncodeOpened(opened)};
}

Request FirstPage(const Section& section, const DocumentId& document, const std::string& end_at) {
  std::string path(section.path);
  if (&section == &kListItems) path += document.value.substr(section.id.size()) + "/items/movies";
  return {.operation = std::string(section.operation),
          .target = Target({.path = path, .end_at = section.pinned ? end_at : ""}),
          .document = document};
}

Request OtherPage(const Request& request, const Page& page, const Walk& walk) {
  Json context = ParseContext(request.context);  // the list of lists has more in it
  context["items"] = walk.items ? Json(*walk.items) : Json();
  context["pages"] = walk.pages ? Json(*walk.pages) : Json();
  context["first"] = walk.first_key;
  context["restarts"] = walk.restarts;
  context["untold"] = walk.untold;
  Request other = request;
  other.target = Target(page);
  other.context = Dump(context);
  other.next_page = page.number > 1;
  return other;
}

}  // namespace sluice::trakt
