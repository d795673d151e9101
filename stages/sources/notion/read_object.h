// Reading single objects: a page, a database of either shape, a data source, a user.
#pragma once

#include <optional>
#include <string_view>

#include "stages/sources/notion/json.h"
#include "stages/sources/notion/notion_options.h"
#include "stages/sources/source.h"

namespace sluice::notion {

// "2022-07-14T16:51:00.000Z", also with an offset and without a fraction -> ms since the epoch.
std::optional<WallMs> ParseTime(std::string_view iso);
// The other way, to the second, in UTC.
std::string FormatTime(WallMs ms);

// Adds what `object` says to `reading`: a document with the requests for its content, hints for the
// data sources of a container, nothing for what lies in the trash. False where it is no object that
// a workspace is made of, or has no id.
bool ReadObject(Json object, const NotionOptions& options, WallMs now_ms, Reading& reading);

// Whether it was moved to the trash ("archived" until 2025-09-03, "in_trash" since 2024).
bool InTrash(Json object);
// The text of a rich text array, without its styles.
std::string PlainText(Json rich_text);
// Where an object with this `parent` hangs. kTop where that is the workspace, an agent or unknown.
struct Position {
  Place place = Place::kTop;
  DocumentId parent;
};
Position ReadParent(Json object, std::string_view key);

}  // namespace sluice::notion
