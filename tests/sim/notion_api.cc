#include "tests/sim/notion_api.h"

#include <xxhash.h>

#include <algorithm>

namespace sluice::sim {
namespace {

// A query ends here, marked incomplete (API reference, "Query a data source").
constexpr std::uint32_t kQueryRowsMax = 10'000;

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

ApiVersion VersionOf(std::string_view header) {
  if (header >= "2026-03-11") return ApiVersion::k2026;
  return header >= "2025-09-03" ? ApiVersion::k2025 : ApiVersion::k2022;
}

std::string Dashed(std::string_view id) {
  const auto bits = ParseUuid(id);
  if (!bits) return std::string(id);
  std::string dashed;
  for (const char c : id) {
    if (c == '-') continue;
    const auto size = dashed.size();
    if (size == 8 || size == 13 || size == 18 || size == 23) dashed += '-';
    dashed += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return dashed;
}

}  // namespace

std::optional<HttpResponse> CheckNotionHeaders(const HttpRequest& request) {
  const std::string_view auth = request.Header("authorization");
  constexpr std::string_view kBearer = "Bearer ";
  if (!auth.starts_with(kBearer) || auth.size() == kBearer.size() || auth == "Bearer bad") {
    return NotionError(request, 401, "unauthorized", "API token is invalid.");
  }
  if (request.Header("notion-version").empty()) {
    return NotionError(request, 400, "missing_version",
                       "Notion-Version header failed validation: Notion-Version header should be "
                       "defined, instead was `undefined`.");
  }
  const std::string_view version = request.Header("notion-version");
  const bool date =
      version.size() == 10 && version.starts_with("20") && version[4] == '-' && version[7] == '-';
  if (!date) {
    return NotionError(request, 400, "validation_error",
                       "Notion-Version header failed validation: Notion-Version header should be "
                       "a valid version, instead was `\"" +
                           std::string(version) + "\"`.");
  }
  return std::nullopt;
}

NotionApi::NotionApi(const WorldOptions& options, std::optional<ApiVersion> forced)
    : world_(options), blocks_(world_), json_(world_, blocks_), forced_(forced) {}

HttpResponse NotionApi::Answer(const HttpRequest& request, const ListFaults& faults) {
  if (auto refusal = CheckNotionHeaders(request)) return *std::move(refusal);
  Call call{.request = request,
            .faults = faults,
            .version = forced_.value_or(VersionOf(request.Header("notion-version"))),
            .segments = Segments(request.Path())};
  if (call.segments.size() < 2 || call.segments.front() != "v1") return InvalidUrl(call);
  call.segments.erase(call.segments.begin());
  const std::string_view name = call.segments.front();
  const bool get = request.method == "GET";
  if (name == "search" && request.method == "POST") return Search(call);
  if (name == "pages" && get) return PageRoute(call);
  if (name == "blocks" && get) return BlockRoute(call);
  if (name == "databases") return DatabaseRoute(call);
  if (name == "data_sources" && call.version != ApiVersion::k2022) return DataSourceRoute(call);
  if (name == "users" && get) return UserRoute(call);
  if (name == "comments" && get) return Comments(call);
  return InvalidUrl(call);
}

HttpResponse NotionApi::InvalidUrl(const Call& call) const {
  return NotionError(call.request, 400, "invalid_request_url", "Invalid request URL.");
}

HttpResponse NotionApi::Problem(const Call& call, const ListRequestOrProblem& parsed) const {
  if (parsed.bad_json) {
    return NotionError(call.request, 400, "invalid_json", "Error parsing JSON body.");
  }
  return NotionError(call.request, 400, "validation_error", parsed.problem);
}

NotionApi::Target NotionApi::Resolve(const Call& call, std::string_view id,
                                     std::string_view what) const {
  const auto bits = ParseUuid(id);
  if (!bits) {
    return {.ref = std::nullopt,
            .refusal = NotionError(call.request, 400, "validation_error",
                                   "path failed validation: path." + std::string(what) +
                                       "_id should be a valid uuid, instead was `\"" +
                                       std::string(id) + "\"`.")};
  }
  const auto ref = world_.ids().Decode(*bits);
  if (!ref || !Names(*ref)) {
    return {.ref = std::nullopt, .refusal = NotionNotFound(call.request, what, Dashed(id))};
  }
  return {.ref = ref, .refusal = {}};
}

bool NotionApi::Names(const Ref& ref) const {
  switch (ref.kind) {
    case RefKind::kPage:
      return world_.Exists(ref.owner);
    case RefKind::kBlock:
      return blocks_.At(ref).has_value();
    case RefKind::kDatabase:
    case RefKind::kDataSource:
      return ref.owner < world_.DatabaseCount();
    case RefKind::kUser:
      return ref.owner <= World::kBot;
    default:
      return false;
  }
}

std::string NotionApi::Cursor(const ListRequest& list, std::uint32_t position,
                              std::uint32_t given) const {
  const auto hash =
      static_cast<std::uint32_t>(XXH3_64bits(list.list_text.data(), list.list_text.size()));
  return world_.ids().Encode(
      {.kind = RefKind::kCursor, .owner = position, .top = hash & 0xffffff, .path = given});
}

HttpResponse NotionApi::List(const Call& call, const ListRequest& list,
                             const Source& source) const {
  std::uint32_t position = 0;
  std::uint32_t given = 0;
  if (!list.start_cursor.empty()) {
    const auto bits = ParseUuid(list.start_cursor);
    const auto ref = bits ? world_.ids().Decode(*bits) : std::nullopt;
    if (!ref || Cursor(list, ref->owner, static_cast<std::uint32_t>(ref->path)) !=
                    Dashed(list.start_cursor)) {
      return NotionError(call.request, 400, "validation_error",
                         "The start_cursor provided is invalid: " + list.start_cursor);
    }
    position = ref->owner;
    given = static_cast<std::uint32_t>(ref->path);
  }
  const std::uint32_t list_max = world_.options().list_max;
  std::uint32_t size = list_max > 0 ? list_max : list.page_size;
  if (call.faults.clamp) size = std::min(size, 25u);
  if (call.faults.short_page) size = std::max(size / 3, 1u);

  std::string body;
  JsonOut out(body);
  out.BeginObject().Field("object", "list").Key("results").BeginArray();
  std::uint32_t written = 0;
  bool more = false;
  bool capped = false;
  for (Step step; (step = source.at(position)) != Step::kEnd; ++position) {
    if (step == Step::kSkip) continue;
    capped = source.items_max > 0 && given + written == source.items_max;
    more = !capped && written == size;
    if (capped || more) break;
    source.write(out, position);
    ++written;
  }
  out.EndArray().Key("next_cursor");
  if (call.faults.cursor_loop) {
    more = true;
    out.String(Cursor(list, 0, 0));
  } else {
    more ? out.String(Cursor(list, position, given + written)) : out.Null();
  }
  out.Field("has_more", more).Field("type", source.type);
  body += source.extra.empty() ? ",\"" + source.type + "\":{}" : source.extra;
  if (capped) {
    body += R"(,"request_status":{"type":"incomplete",)"
            R"("incomplete_reason":"query_result_limit_reached"})";
  }
  return NotionOk(call.request, std::move(body));
}

HttpResponse NotionApi::Search(const Call& call) const {
  const ListRequestOrProblem parsed = ParseListRequest(call.request);
  if (call.segments.size() != 1) return InvalidUrl(call);
  if (parsed.bad_json || !parsed.problem.empty()) return Problem(call, parsed);
  const ListRequest& list = parsed.list;
  const bool classic = call.version == ApiVersion::k2022;
  const std::string_view container = classic ? "database" : "data_source";
  if (!list.object_filter.empty() && list.object_filter != "page" &&
      list.object_filter != container) {
    return NotionError(call.request, 400, "validation_error",
                       "body failed validation: body.filter.value should be `\"page\"` or `\"" +
                           std::string(container) + "\"`, instead was `\"" + list.object_filter +
                           "\"`.");
  }
  // Oldest first: databases, pages as generated, pages with a newer revision.
  const std::uint32_t databases = world_.DatabaseCount();
  const std::uint32_t pages = world_.PageCount();
  const auto total = static_cast<std::uint32_t>(databases + pages + world_.Touched().size());
  const bool ascending = list.sort == ListRequest::Sort::kLastEditedTime &&
                         list.order == ListRequest::Order::kAscending;
  const auto place = [=](std::uint32_t position) {
    return ascending ? position : total - 1 - position;
  };
  const auto page_at = [&, databases, pages](std::uint32_t at) {
    return at < databases + pages ? at - databases : world_.Touched()[at - databases - pages];
  };
  const auto matches = [&](const std::string& title) {
    return list.query.empty() || title.find(list.query) != std::string::npos;
  };
  Source source{.type = classic ? "page_or_database" : "page_or_data_source"};
  source.at = [&](std::uint32_t position) {
    if (position >= total) return Step::kEnd;
    const std::uint32_t at = place(position);
    if (at < databases) {
      return list.object_filter == "page" || !matches(world_.DatabaseTitle(at)) ? Step::kSkip
                                                                                : Step::kItem;
    }
    const PageIndex page = page_at(at);
    const bool in_its_place = (at >= databases + pages) == world_.TouchedPage(page);
    const bool wanted = in_its_place && world_.Exists(page) && world_.Listed(page) &&
                        list.object_filter != container && matches(world_.Title(page));
    return wanted ? Step::kItem : Step::kSkip;
  };
  source.write = [&](JsonOut& out, std::uint32_t position) {
    const std::uint32_t at = place(position);
    out.BeginObject();
    if (at >= databases) {
      json_.PageFields(out, page_at(at), call.version);
    } else if (classic) {
      json_.DatabaseFields(out, at, call.version);
    } else {
      json_.DataSourceFields(out, at);
    }
    out.EndObject();
  };
  return List(call, list, source);
}

HttpResponse NotionApi::PageRoute(const Call& call) const {
  if (call.segments.size() != 2 &&
      (call.segments.size() != 4 || call.segments[2] != "properties")) {
    return InvalidUrl(call);
  }
  const Target target = Resolve(call, call.segments[1], "page");
  if (!target.ref) return target.refusal;
  if (target.ref->kind != RefKind::kPage) {
    return NotionNotFound(call.request, "page", Dashed(call.segments[1]));
  }
  if (call.segments.size() == 4) return PropertyRoute(call, target.ref->owner);
  std::string body;
  JsonOut out(body);
  json_.PageFields(out.BeginObject(), target.ref->owner, call.version);
  return NotionOk(call.request, std::move(body));
}

HttpResponse NotionApi::PropertyRoute(const Call& call, PageIndex page) const {
  const std::string wanted = PercentDecode(call.segments[3]);
  const auto properties = world_.IsRow(page) ? Properties() : Properties().first(1);
  const auto property = std::ranges::find_if(
      properties, [&](const Property& p) { return PercentDecode(p.id) == wanted; });
  if (property == properties.end()) {
    return NotionError(call.request, 404, "object_not_found",
                       "Could not find property with ID: " + std::string(call.segments[3]) + ".");
  }
  const bool listed = property->type == "title" || property->type == "rich_text" ||
                      property->type == "people" || property->type == "relation";
  if (!listed) {
    std::string body;
    JsonOut out(body);
    out.BeginObject().Field("object", "property_item").Field("type", property->type);
    out.Field("id", property->id);
    json_.ValueField(out, page, *property);
    return NotionOk(call.request, std::move(body));
  }
  const ListRequestOrProblem parsed = ParseListRequest(call.request);
  if (!parsed.problem.empty()) return Problem(call, parsed);
  Source source{.type = "property_item"};
  const std::uint32_t count = json_.ItemCount(page, *property);
  source.at = [count](std::uint32_t position) {
    return position < count ? Step::kItem : Step::kEnd;
  };
  source.write = [&](JsonOut& out, std::uint32_t position) {
    out.BeginObject().Field("object", "property_item").Field("type", property->type);
    out.Field("id", property->id).Key(property->type);
    json_.Item(out, page, *property, position);
    out.EndObject();
  };
  source.extra = ",\"property_item\":{\"id\":\"" + std::string(property->id) +
                 "\",\"next_url\":null,\"type\":\"" + std::string(property->type) + "\",\"" +
                 std::string(property->type) + "\":{}}";
  return List(call, parsed.list, source);
}

HttpResponse NotionApi::BlockRoute(const Call& call) const {
  if (call.segments.size() != 2 && (call.segments.size() != 3 || call.segments[2] != "children")) {
    return InvalidUrl(call);
  }
  const Target target = Resolve(call, call.segments[1], "block");
  if (!target.ref) return target.refusal;
  const RefKind kind = target.ref->kind;
  if (kind != RefKind::kPage && kind != RefKind::kBlock && kind != RefKind::kDatabase) {
    return NotionNotFound(call.request, "block", Dashed(call.segments[1]));
  }
  if (call.segments.size() == 3) return BlockChildren(call, *target.ref);
  Entry entry = Entry::OfPage(target.ref->owner);
  if (kind == RefKind::kBlock) entry = Entry::OfBlock(*blocks_.At(*target.ref));
  if (kind == RefKind::kDatabase) entry = Entry::OfDatabase(target.ref->owner);
  std::string body;
  JsonOut out(body);
  json_.BlockFields(out.BeginObject(), entry, call.version);
  return NotionOk(call.request, std::move(body));
}

HttpResponse NotionApi::BlockChildren(const Call& call, const Ref& ref) const {
  const ListRequestOrProblem parsed = ParseListRequest(call.request);
  if (!parsed.problem.empty()) return Problem(call, parsed);
  std::uint32_t total = 0;  // a database has no blocks
  BlockNode block;
  if (ref.kind == RefKind::kPage) total = blocks_.PageEntryCount(ref.owner);
  if (ref.kind == RefKind::kBlock) {
    block = *blocks_.At(ref);
    total = blocks_.BlockEntryCount(block);
  }
  // Entries are made a page of the list at a time.
  std::vector<Entry> entries;
  std::uint32_t first = 0;
  Source source{.type = "block"};
  source.at = [total](std::uint32_t position) {
    return position < total ? Step::kItem : Step::kEnd;
  };
  source.write = [&](JsonOut& out, std::uint32_t position) {
    if (position - first >= entries.size()) {
      first = position;
      entries = ref.kind == RefKind::kPage ? blocks_.PageEntries(ref.owner, position, kPageSizeMax)
                                           : blocks_.BlockEntries(block, position, kPageSizeMax);
    }
    json_.BlockFields(out.BeginObject(), entries[position - first], call.version);
    out.EndObject();
  };
  return List(call, parsed.list, source);
}

HttpResponse NotionApi::DatabaseRoute(const Call& call) const {
  const bool query = call.segments.size() == 3 && call.segments[2] == "query" &&
                     call.request.method == "POST" && call.version == ApiVersion::k2022;
  if (!query && (call.segments.size() != 2 || call.request.method != "GET")) {
    return InvalidUrl(call);
  }
  const Target target = Resolve(call, call.segments[1], "database");
  if (!target.ref) return target.refusal;
  if (target.ref->kind != RefKind::kDatabase) {
    return NotionNotFound(call.request, "database", Dashed(call.segments[1]));
  }
  if (query) return Query(call, target.ref->owner);
  std::string body;
  JsonOut out(body);
  json_.DatabaseFields(out.BeginObject(), target.ref->owner, call.version);
  return NotionOk(call.request, std::move(body));
}

HttpResponse NotionApi::DataSourceRoute(const Call& call) const {
  const bool query =
      call.segments.size() == 3 && call.segments[2] == "query" && call.request.method == "POST";
  if (!query && (call.segments.size() != 2 || call.request.method != "GET")) {
    return InvalidUrl(call);
  }
  const Target target = Resolve(call, call.segments[1], "data_source");
  if (!target.ref) return target.refusal;
  if (target.ref->kind != RefKind::kDataSource) {
    return NotionNotFound(call.request, "data_source", Dashed(call.segments[1]));
  }
  if (query) return Query(call, target.ref->owner);
  std::string body;
  JsonOut out(body);
  json_.DataSourceFields(out.BeginObject(), target.ref->owner);
  return NotionOk(call.request, std::move(body));
}

HttpResponse NotionApi::Query(const Call& call, DatabaseIndex database) const {
  const ListRequestOrProblem parsed = ParseListRequest(call.request);
  if (parsed.bad_json || !parsed.problem.empty()) return Problem(call, parsed);
  const ListRequest& list = parsed.list;
  // In the order of creation; by last edit, the pages with a newer revision come last.
  const bool by_edit = list.sort == ListRequest::Sort::kLastEditedTime;
  const std::uint32_t slots = world_.RowSlots(database);
  std::vector<PageIndex> touched;
  for (const PageIndex page : world_.Touched()) {
    if (by_edit && world_.IsRow(page) && world_.DatabaseOf(page) == database) {
      touched.push_back(page);
    }
  }
  const auto total = static_cast<std::uint32_t>(slots + touched.size());
  const auto row_at = [&](std::uint32_t position) {
    const bool ascending = list.order == ListRequest::Order::kAscending;
    const std::uint32_t at = ascending ? position : total - 1 - position;
    return at < slots ? world_.RowAt(database, at) : touched[at - slots];
  };
  Source source{.type = "page_or_database", .items_max = kQueryRowsMax};
  if (call.version != ApiVersion::k2022) source.type = "page_or_data_source";
  source.at = [&](std::uint32_t position) {
    if (position >= total) return Step::kEnd;
    const PageIndex row = row_at(position);
    if (!world_.Exists(row)) return Step::kSkip;
    const bool at_the_end = list.order == ListRequest::Order::kAscending
                                ? position >= slots
                                : position < touched.size();
    if (by_edit && at_the_end != world_.TouchedPage(row)) return Step::kSkip;
    if (list.time_filter == ListRequest::Sort::kNone) return Step::kItem;
    const UnixMs time = list.time_filter == ListRequest::Sort::kCreatedTime ? world_.CreatedMs(row)
                                                                            : world_.EditedMs(row);
    const bool inside = time >= list.from_ms.value_or(time) && time < list.to_ms.value_or(time + 1);
    return inside ? Step::kItem : Step::kSkip;
  };
  source.write = [&](JsonOut& out, std::uint32_t position) {
    json_.PageFields(out.BeginObject(), row_at(position), call.version);
    out.EndObject();
  };
  return List(call, list, source);
}

HttpResponse NotionApi::UserRoute(const Call& call) const {
  if (call.segments.size() == 2) {
    std::uint32_t user = World::kBot;
    if (call.segments[1] != "me") {
      const Target target = Resolve(call, call.segments[1], "user");
      if (!target.ref) return target.refusal;
      if (target.ref->kind != RefKind::kUser) {
        return NotionNotFound(call.request, "user", Dashed(call.segments[1]));
      }
      user = target.ref->owner;
    }
    std::string body;
    JsonOut out(body);
    json_.UserFields(out.BeginObject(), user);
    return NotionOk(call.request, std::move(body));
  }
  if (call.segments.size() != 1) return InvalidUrl(call);
  const ListRequestOrProblem parsed = ParseListRequest(call.request);
  if (!parsed.problem.empty()) return Problem(call, parsed);
  Source source{.type = "user"};
  source.at = [](std::uint32_t position) {
    if (position > World::kBot) return Step::kEnd;
    const bool guest = position >= World::kUsers - World::kGuests && position < World::kUsers;
    return guest ? Step::kSkip : Step::kItem;
  };
  source.write = [&](JsonOut& out, std::uint32_t position) {
    json_.UserFields(out.BeginObject(), position);
    out.EndObject();
  };
  return List(call, parsed.list, source);
}

HttpResponse NotionApi::Comments(const Call& call) const {
  const std::string id = QueryValue(call.request.Query(), "block_id");
  if (call.segments.size() != 1) return InvalidUrl(call);
  const Target target = Resolve(call, id, "block");
  if (!target.ref) return target.refusal;
  const ListRequestOrProblem parsed = ParseListRequest(call.request);
  if (!parsed.problem.empty()) return Problem(call, parsed);
  const std::uint64_t hash = Mix(world_.PageHash(target.ref->owner) ^ target.ref->top, 0xc0);
  std::uint32_t count = 0;
  if (target.ref->kind == RefKind::kPage && hash % 10 == 0) count = 1 + (hash >> 8) % 3;
  if (target.ref->kind == RefKind::kPage && hash % 300 == 0) count = 130;  // two pages of a list
  if (target.ref->kind == RefKind::kBlock && target.ref->path == 0 && hash % 50 == 0) count = 1;
  Source source{.type = "comment"};
  source.at = [count](std::uint32_t position) {
    return position < count ? Step::kItem : Step::kEnd;
  };
  source.write = [&](JsonOut& out, std::uint32_t position) {
    json_.CommentFields(out.BeginObject(), *target.ref, position);
    out.EndObject();
  };
  return List(call, parsed.list, source);
}

}  // namespace sluice::sim
