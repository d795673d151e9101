#include <fmt/format.h>

#include "stages/sources/trakt/film.h"
#include "stages/sources/trakt/instant.h"
#include "stages/sources/trakt/reading.h"

namespace sluice::trakt {
namespace {

// What an item is about: "movie:28". Two entries of a rated or listed film are the same row.
std::string ThingKey(const JsonValue& item) {
  for (const std::string_view type : {"episode", "season", "movie", "show", "person"}) {
    const auto thing = item[type];
    if (!thing || !thing->is_object()) continue;
    const std::string id = TextAt(*thing, "ids.trakt");
    if (!id.empty()) return fmt::format("{}:{}", type, id);
    const auto show = item["show"];  // an old season has no Trakt id of its own
    return fmt::format("{}:{}{}", type, show ? show->json() : "", thing->json());
  }
  return {};
}

std::string KeyOf(const Section& section, const JsonValue& item) {
  const bool play = section.order == RowOrder::kWatched || section.order == RowOrder::kEpisode;
  const std::string id = play ? TextAt(item, "id") : TextAt(item, "comment.id");
  return id.empty() ? ThingKey(item) : id;
}

std::string PositionOf(const Section& section, const JsonValue& item, const std::string& key,
                       std::int64_t place) {
  const auto number = [](std::string_view text) {
    return SortBytes(static_cast<std::int64_t>(WholeNumber(text)));
  };
  std::string position;
  switch (section.order) {
    case RowOrder::kEpisode:
      position = number(TextAt(item, "show.ids.trakt")) + number(TextAt(item, "episode.season")) +
                 number(TextAt(item, "episode.number"));
      [[fallthrough]];
    case RowOrder::kWatched:
      position += SortBytes(WatchedInstant(TextAt(item, section.time_key)));
      position += number(TextAt(item, "id"));
      break;
    case RowOrder::kTime:
      position = SortBytes(ParseInstant(TextAt(item, section.time_key)));
      break;
    case RowOrder::kAsListed:
      position = SortBytes(place);
      break;
  }
  return position + (key.empty() ? SortBytes(place) : key);
}

// The plays' ids rise as they are entered, whatever date they are given: what is above the highest
// of a run is new to the next.
void MoveCursor(const JsonValue& item, RowBatch& rows) {
  const std::string id = TextAt(item, "id");
  if (WholeNumber(id) > WholeNumber(rows.cursor)) rows.cursor = id;
}

}  // namespace

Result<Reading> ReadSectionPage(const Request& request, const Section& section, const Page& page,
                                const WindowedJson& body, const AnswerView& answer) {
  const auto first = body.root().first();
  const auto given = static_cast<std::int64_t>(body.root_size());
  auto paging = ReadPaging(request, page, answer, first ? KeyOf(section, *first) : "", given);
  if (!paging) return Fail(paging.error());

  Reading reading;
  reading.requests = std::move(paging->requests);
  reading.shortfall = std::move(paging->shortfall);
  RowBatch rows{.rows = RowSpool(answer.spill),
                .list = fmt::format("pages of {}", paging->size),
                .given = given + paging->untold};
  if (section.exact) rows.declared = paging->declared;
  std::int64_t unreadable = 0;
  std::int64_t place = (page.number - 1) * page.limit - 1;
  const Status read = body.ForEachInRoot([&](const JsonValue& item) -> Status {
    ++place;
    if (!item.is_object()) {
      ++unreadable;
      return {};
    }
    Row row{.key = KeyOf(section, item), .body = item.json()};
    row.position = PositionOf(section, item, row.key, place);
    if (section.order == RowOrder::kWatched) MoveCursor(item, rows);
    rows.rows.Add(row);
    return {};
  });
  if (!read) return Fail(read.error().code, Describe(request) + ": " + read.error().message);
  if (unreadable > 0 && reading.shortfall.empty()) {
    reading.shortfall = fmt::format("{}: {} entries are no objects", Describe(request), unreadable);
  }
  if (!section.exact && paging->expected && given < *paging->expected) {
    reading.notes.push_back({request.document, "short page",
                             fmt::format("{}: the API counts {} entries here and shows {}",
                                         Describe(request), *paging->expected, given)});
  }
  reading.rows = std::move(rows);
  return reading;
}

}  // namespace sluice::trakt
