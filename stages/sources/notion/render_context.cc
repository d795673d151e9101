#include "stages/sources/notion/render_context.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "stages/sinks/file_name.h"
#include "stages/sources/notion/requests.h"

namespace sluice::notion {
namespace {

// Hosts under which Notion shows pages of a workspace.
constexpr std::array<std::string_view, 5> kNotionOrigins = {
    "https://www.notion.so/", "https://notion.so/", "https://app.notion.com/",
    "http://www.notion.so/", "/"};

std::string_view WithoutQuery(std::string_view url) {
  return url.substr(0, url.find_first_of("?#"));
}

// "https://www.notion.so/Team/Title-0123...cdef?pvs=4" -> the dashed id; empty: no link to a page.
std::string LinkedId(std::string_view href) {
  const bool notion =
      std::any_of(kNotionOrigins.begin(), kNotionOrigins.end(),
                  [&](std::string_view origin) { return href.starts_with(origin); });
  if (!notion || href.starts_with("//")) return {};
  std::string_view path = WithoutQuery(href);
  path.remove_prefix(path.rfind('/') + 1);
  if (const std::string dashed = DashedId(path); !dashed.empty()) return dashed;
  constexpr std::size_t kHexDigits = 32;
  return path.size() > kHexDigits ? DashedId(path.substr(path.size() - kHexDigits)) : std::string();
}

// A list that leads back to a cursor it gave before would never end.
bool NextCursor(const Json& answer, std::set<std::string>& seen, std::string& cursor) {
  cursor = std::string(GetString(answer, "next_cursor"));
  return GetBool(answer, "has_more") && !cursor.empty() && seen.insert(cursor).second;
}

}  // namespace

void AddNote(RenderContext& context, std::string kind, std::string text) {
  context.rendering.notes.push_back(
      {.document = context.document, .kind = std::move(kind), .text = std::move(text)});
}

std::string DocumentHref(RenderContext& context, std::string_view id) {
  const std::string dashed = DashedId(id);
  const auto row = context.inputs.Find(DocumentId(dashed.empty() ? std::string(id) : dashed));
  if (row && !row->path.empty()) return RelativeLink(context.from_path, row->path);
  return fmt::format("https://www.notion.so/{}", HexId(id));
}

std::string DocumentLabel(RenderContext& context, std::string_view id, std::string_view known) {
  // A rename does not touch the pages that mention it, so what their stored answers call it is old.
  const auto row = context.inputs.Find(DocumentId(DashedId(id)));
  if (row && !row->title.empty()) return row->title;
  return known.empty() ? "Untitled" : std::string(known);
}

std::string ResolveHref(RenderContext& context, std::string_view href) {
  const std::string id = LinkedId(href);
  if (!id.empty()) {
    const auto row = context.inputs.Find(DocumentId(id));
    if (row && !row->path.empty()) return RelativeLink(context.from_path, row->path);
  }
  const bool inside = href.starts_with('/') && !href.starts_with("//");
  return inside ? fmt::format("https://www.notion.so{}", href) : std::string(href);
}

std::string UserName(RenderContext& context, const Json& user) {
  if (const std::string_view name = GetString(user, "name"); !name.empty())
    return std::string(name);
  const std::string_view id = GetString(user, "id");
  const auto row = context.inputs.Find(UserDocument(id));
  return row && !row->title.empty() ? row->title : std::string(id);
}

std::string FileUrl(const Json& file) {
  for (const std::string_view type : {"file", "external", "custom_emoji"}) {
    const auto where = Get(file, type);
    const std::string_view url = where ? GetString(*where, "url") : std::string_view();
    if (!url.empty()) return std::string(type == "external" ? url : WithoutQuery(url));
  }
  return {};
}

std::string IconText(const Json& icon) {
  if (const auto emoji = GetString(icon, "emoji"); !emoji.empty()) return std::string(emoji);
  for (const std::string_view type : {"custom_emoji", "icon"}) {
    const auto named = Get(icon, type);
    const std::string_view name = named ? GetString(*named, "name") : std::string_view();
    if (!name.empty()) return fmt::format(":{}:", name);
  }
  return FileUrl(icon);
}

Result<ListEnd> ForEachAnswer(RenderContext& context,
                              const std::function<Request(std::string_view cursor)>& request_for,
                              const std::function<Status(const ParsedAnswer& answer)>& use) {
  std::set<std::string> seen;
  std::string cursor;
  bool more = true;
  while (more) {
    Request request = request_for(cursor);
    const auto stored = context.inputs.Response(request);
    if (!stored && stored.error().code == Code::kNotFound) {
      context.rendering.missing.push_back(std::move(request));
      return ListEnd{.kind = ListEnd::Kind::kMissing};
    }
    if (!stored) return Fail(stored.error());
    if (stored->status < 200 || stored->status > 299) {
      return ListEnd{.kind = ListEnd::Kind::kRefused, .status = stored->status};
    }
    const auto answer = ParsedAnswer::Parse(stored->body.view());
    if (!answer) {
      return Fail(answer.error().code, fmt::format("stored answer to {}: {}", RequestText(request),
                                                   answer.error().message));
    }
    if (auto used = use(*answer); !used) return Fail(used.error());
    more = NextCursor(answer->root(), seen, cursor);
  }
  return ListEnd{};
}

}  // namespace sluice::notion
