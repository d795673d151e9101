#include "stages/sources/notion/read_object.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>

#include "stages/sinks/file_name.h"
#include "stages/sources/notion/properties.h"
#include "stages/sources/notion/references.h"
#include "stages/sources/notion/requests.h"
#include "storage/base/compress.h"

namespace sluice::notion {
namespace {

// Notion rounds last_edited_time down to the minute, so a page may change twice under one revision
// until that minute is over; the second minute is for clocks that disagree.
constexpr WallMs kFreshMs = 2 * 60 * 1000;

std::optional<int> Digits(std::string_view text, std::size_t at, std::size_t count) {
  int value = 0;
  if (at + count > text.size()) return std::nullopt;
  const char* end = text.data() + at + count;
  const auto [stop, error] = std::from_chars(text.data() + at, end, value);
  if (error != std::errc() || stop != end || value < 0) return std::nullopt;
  return value;
}

// "Z", "+02:00", "-0800" or nothing -> minutes east of UTC.
std::optional<int> ParseOffset(std::string_view text) {
  if (text.empty() || text == "Z") return 0;
  if (text[0] != '+' && text[0] != '-') return std::nullopt;
  if (text.size() < 5 || text.size() > 6) return std::nullopt;
  const auto hours = Digits(text, 1, 2);
  const auto minutes = Digits(text, text.size() - 2, 2);
  if (!hours || !minutes) return std::nullopt;
  return (text[0] == '-' ? -1 : 1) * (*hours * 60 + *minutes);
}

bool IsTitle(Json property) { return GetString(property, "type") == "title"; }

std::string PageTitle(Json page) {
  std::string title;
  const auto properties = Get(page, "properties");
  if (!properties) return title;
  ForEachValue(*properties, [&](Json property) {
    if (IsTitle(property)) {
      if (const auto text = Get(property, "title")) title = PlainText(*text);
    }
  });
  return title;
}

std::string ObjectTitle(Json object) {
  const auto title = Get(object, "title");
  return title ? PlainText(*title) : std::string();
}

bool IsRoot(const DocumentId& id, const NotionOptions& options) {
  return std::any_of(options.roots.begin(), options.roots.end(),
                     [&](const std::string& root) { return DashedId(root) == id.value; });
}

// Packing costs more than it saves where objects are as short as they usually are.
constexpr std::size_t kPackedFromBytes = std::size_t{32} << 10;

void SetObject(Json object, DocumentUpdate& update) {
  update.object = simdjson::minify(object);
  update.object_is_packed = update.object.size() >= kPackedFromBytes;
  if (update.object_is_packed) update.object = Compress(update.object);
}

// What is the same for a page, a database and a data source.
DocumentUpdate CommonUpdate(Json object, const DocumentId& id, const Position& position,
                            std::string title, const NotionOptions& options, WallMs now_ms) {
  const std::string_view edited = GetString(object, "last_edited_time");
  const std::optional<WallMs> edited_ms = ParseTime(edited);
  DocumentUpdate update{.id = id, .place = position.place, .parent = position.parent};
  // Whatever a root hangs under is not exported with it.
  if (IsRoot(id, options)) update.place = Place::kTop;
  if (update.place == Place::kTop || update.place == Place::kUnchanged) update.parent = {};
  update.name = FileSegment(title, HexId(id.value));
  update.title = std::move(title);
  update.revision = Revision(std::string(edited));
  update.stable = edited_ms && now_ms - *edited_ms >= kFreshMs;
  SetObject(object, update);
  return update;
}

// What would end the path segment, or is refused in a URL, was never a property id.
bool UsableInPath(std::string_view id) {
  return !id.empty() && std::all_of(id.begin(), id.end(), [](char c) {
    return c > ' ' && c < 0x7F && c != '/' && c != '?' && c != '#';
  });
}

void AddPropertyRequests(Json page, DocumentUpdate& update, Reading& reading) {
  const auto properties = Get(page, "properties");
  if (!properties) return;
  ForEachValue(*properties, [&](Json property) {
    if (!NeedsPropertyRequest(property)) return;
    const std::string_view id = GetString(property, "id");
    if (UsableInPath(id)) {
      update.content.push_back(PropertyRequest(update.id, update.revision, id, ""));
      return;
    }
    reading.notes.push_back(
        {.document = update.id,
         .kind = "truncated",
         .text = fmt::format("page {}: a {} property has more values than the page holds, and no "
                             "usable id to ask for them; the first ones are exported",
                             update.id.value, GetString(property, "type"))});
  });
}

void ReadPage(Json page, const DocumentId& id, const NotionOptions& options, WallMs now_ms,
              Reading& reading) {
  DocumentUpdate update =
      CommonUpdate(page, id, ReadParent(page, "parent"), PageTitle(page), options, now_ms);
  update.kind = "page";
  update.extension = ".md";
  const auto parent = Get(page, "parent");
  update.part_of_parent = parent && (!GetString(*parent, "database_id").empty() ||
                                     !GetString(*parent, "data_source_id").empty());
  update.content.push_back(ChildrenRequest(id, update.revision, id.value, "", 0));
  AddPropertyRequests(page, update, reading);
  if (options.comments) {
    update.content.push_back(CommentsRequest(id, update.revision, id.value, ""));
  }
  if (const auto properties = Get(page, "properties")) {
    AddReferences(FindReferences(*properties), options, update.mentions, reading);
  }
  reading.documents.push_back(std::move(update));
}

void AddDatabase(DocumentUpdate update, ApiVersion version, Reading& reading) {
  update.kind = "database";
  update.extension = ".csv";
  update.content.push_back(QueryRequest(version, update.id, "", ""));
  reading.documents.push_back(std::move(update));
}

void ReadDataSource(Json source, const DocumentId& id, const NotionOptions& options, WallMs now_ms,
                    Reading& reading) {
  // Its parent is the container, which is no document; what that hangs under is told apart.
  const Position position = Get(source, "database_parent") ? ReadParent(source, "database_parent")
                                                           : Position{.place = Place::kUnchanged};
  DocumentUpdate update = CommonUpdate(source, id, position, ObjectTitle(source), options, now_ms);
  if (const auto parent = Get(source, "parent")) {
    const DocumentId container(DashedId(GetString(*parent, "database_id")));
    if (!container.empty()) update.aliases.push_back(container);
    if (IsRoot(container, options)) update.place = Place::kTop, update.parent = {};
  }
  AddDatabase(std::move(update), ApiVersion::k2025_09_03, reading);
}

// Since 2025-09-03 a database only contains data sources; they hold the schema and the rows.
void ReadContainer(Json container, const DocumentId& id, const NotionOptions& options,
                   Reading& reading) {
  Position position = ReadParent(container, "parent");
  if (IsRoot(id, options)) position = {};
  ForEach(container, "data_sources", [&](Json source) {
    const DocumentId source_id(DashedId(GetString(source, "id")));
    if (source_id.empty()) return;
    reading.documents.push_back({.id = source_id,
                                 .kind = "database",
                                 .place = position.place,
                                 .parent = position.parent,
                                 .title = std::string(GetString(source, "name")),
                                 .aliases = {id}});
  });
}

void ReadUser(Json user, const DocumentId& id, Reading& reading) {
  reading.documents.push_back({.id = UserDocument(id.value),
                               .kind = "user",
                               .place = Place::kTop,
                               .title = std::string(GetString(user, "name")),
                               .object = simdjson::minify(user)});
}

}  // namespace

std::optional<WallMs> ParseTime(std::string_view iso) {
  const auto year = Digits(iso, 0, 4), month = Digits(iso, 5, 2), day = Digits(iso, 8, 2);
  const auto hour = Digits(iso, 11, 2), minute = Digits(iso, 14, 2), second = Digits(iso, 17, 2);
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  if (iso[4] != '-' || iso[7] != '-' || iso[10] != 'T' || iso[13] != ':' || iso[16] != ':') {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(*month),
                                         std::chrono::day(*day)};
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  std::string_view rest = iso.substr(19);
  WallMs fraction_ms = 0;
  if (!rest.empty() && rest[0] == '.') {
    const std::size_t end = std::min(rest.find_first_not_of("0123456789", 1), rest.size());
    if (const auto ms = Digits(rest, 1, std::min<std::size_t>(3, end - 1)); ms && end >= 4) {
      fraction_ms = *ms;
    }
    rest.remove_prefix(end);
  }
  const auto offset = ParseOffset(rest);
  if (!offset) return std::nullopt;
  const WallMs days = std::chrono::sys_days(date).time_since_epoch().count();
  return ((days * 24 + *hour) * 60 + *minute - *offset) * 60'000 + *second * 1000 + fraction_ms;
}

std::string FormatTime(WallMs ms) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.000Z", fmt::gmtime(static_cast<std::time_t>(ms / 1000)));
}

bool InTrash(Json object) {
  return Get(object, "in_trash") ? GetBool(object, "in_trash") : GetBool(object, "archived");
}

std::string PlainText(Json rich_text) {
  std::string text;
  ForEach(rich_text, [&](Json run) { text += GetString(run, "plain_text"); });
  return text;
}

Position ReadParent(Json object, std::string_view key) {
  const auto parent = Get(object, key);
  if (!parent) return {};
  // A row of 2025 names both its data source and the container; the former is the document.
  for (const std::string_view name : {"data_source_id", "database_id", "page_id"}) {
    const DocumentId id(DashedId(GetString(*parent, name)));
    if (!id.empty()) return {.place = Place::kUnder, .parent = id};
  }
  const DocumentId block(DashedId(GetString(*parent, "block_id")));
  if (!block.empty()) return {.place = Place::kUnresolved, .parent = block};
  return {};
}

bool ReadObject(Json object, const NotionOptions& options, WallMs now_ms, Reading& reading) {
  const std::string_view type = GetString(object, "object");
  const DocumentId id(DashedId(GetString(object, "id")));
  if (id.empty()) return false;
  if (type == "user") {
    ReadUser(object, id, reading);
  } else if (type != "page" && type != "database" && type != "data_source") {
    return false;
  } else if (InTrash(object)) {
    return true;
  } else if (type == "page") {
    ReadPage(object, id, options, now_ms, reading);
  } else if (type == "data_source") {
    ReadDataSource(object, id, options, now_ms, reading);
  } else if (GetObject(object, "properties")) {
    AddDatabase(CommonUpdate(object, id, ReadParent(object, "parent"), ObjectTitle(object), options,
                             now_ms),
                ApiVersion::k2022_06_28, reading);
  } else {
    ReadContainer(object, id, options, reading);
  }
  return true;
}

}  // namespace sluice::notion
