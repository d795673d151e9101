#include "stages/sources/rest/paginate.h"

#include <fmt/format.h>

#include <charconv>

#include "stages/json/json_path.h"
#include "stages/sources/rest/json_edit.h"
#include "stages/sources/rest/link_header.h"
#include "stages/sources/rest/paginate_range.h"
#include "stages/sources/rest/url.h"

namespace sluice::rest {
namespace {

std::optional<JsonValue> Find(const PageAnswer& page, const JsonPathText& path) {
  if (!page.body) return std::nullopt;
  const auto parsed = JsonPath::Parse(path);
  return parsed ? parsed->Find(*page.body) : std::nullopt;
}

// Ways to say that there is nothing more.
bool IsEnd(const std::optional<JsonValue>& value) {
  if (!value || value->is_null()) return true;
  return value->is_scalar() &&
         (value->text().empty() || value->text() == "false" || value->text() == "0");
}

// The next target by a link, or nullopt at the end.
Result<std::optional<std::string>> ByLink(const Paginator& paginator, const PageAnswer& page,
                                          const Paging& paging) {
  std::string link;
  if (paginator.type == Paginator::Type::kHeaderLink) {
    const auto found = FindLink(page.answer.headers, paginator.links_next_key);
    if (!found) return std::optional<std::string>();
    link = *found;
  } else {
    const auto found = Find(page, paginator.next_url_path);
    if (IsEnd(found)) return std::optional<std::string>();
    if (found->type() != JsonValue::Type::kString) {
      return Fail(Code::kInvalid,
                  fmt::format("'{}' should hold the link to the next page and holds "
                              "no text",
                              paginator.next_url_path));
    }
    link = found->text();
  }
  auto target = FollowLink(paging.base_url, page.request.target, link);
  if (!target) return Fail(target.error());
  return std::optional(WithoutSecretParams(WithoutParams(*target, paging.hidden),
                                           page.request.target, KnownSecrets()));
}

struct Cursor {
  std::string text;
  std::string json;
};

Result<std::optional<Cursor>> FindCursor(const Paginator& paginator, const PageAnswer& page) {
  if (paginator.type == Paginator::Type::kHeaderCursor) {
    const std::string* header = page.answer.Header(paginator.cursor_key);
    if (header == nullptr || header->empty()) return std::optional<Cursor>();
    return std::optional(Cursor{.text = *header, .json = JsonQuote(*header)});
  }
  const auto found = Find(page, paginator.cursor_path);
  if (IsEnd(found)) return std::optional<Cursor>();
  if (!found->is_scalar()) {
    return Fail(Code::kInvalid,
                fmt::format("'{}' should hold a cursor and holds a list or an object",
                            paginator.cursor_path));
  }
  return std::optional(Cursor{.text = std::string(found->text()), .json = found->json()});
}

// A cursor or link leads on although the list says that it has ended: the list is right.
Result<bool> SaysMore(const Paginator& paginator, const PageAnswer& page) {
  if (paginator.has_more_path.empty() || !Find(page, paginator.has_more_path)) return true;
  const auto more = HasMore(paginator, page);
  if (!more) return Fail(more.error());
  return more->value_or(true);
}

Result<std::optional<NextPage>> Following(const Paginator& paginator, const PageAnswer& page,
                                          const Paging& paging) {
  NextPage next{.target = page.request.target, .body = page.request.body};
  const auto more = SaysMore(paginator, page);
  if (!more) return Fail(more.error());
  if (!*more) return std::optional<NextPage>();
  if (paginator.type == Paginator::Type::kHeaderLink ||
      paginator.type == Paginator::Type::kJsonLink) {
    auto target = ByLink(paginator, page, paging);
    if (!target) return Fail(target.error());
    if (!*target) return std::optional<NextPage>();
    next.target = std::move(**target);
    return std::optional(std::move(next));
  }
  const auto cursor = FindCursor(paginator, page);
  if (!cursor) return Fail(cursor.error());
  if (!*cursor) return std::optional<NextPage>();
  if (!paginator.cursor_param.empty()) {
    next.target = WithParam(next.target, paginator.cursor_param, (*cursor)->text);
  }
  if (!paginator.cursor_body_path.empty()) {
    auto body = SetInJson(next.body, paginator.cursor_body_path, (*cursor)->json);
    if (!body) return Fail(body.error());
    next.body = std::move(*body);
  }
  return std::optional(std::move(next));
}

Result<Turn> NextByReference(const Paginator& paginator, const ListContext& context,
                             const PageAnswer& page, const Paging& paging) {
  Turn turn;
  auto next = Following(paginator, page, paging);
  if (!next) return Fail(next.error());
  if (!*next) return turn;
  if (page.given == 0 && paginator.stop_after_empty_page.value_or(false)) return turn;
  if (page.given == 0 && context.empty_pages + 1 >= kEmptyPagesMax) {
    turn.shortfall =
        fmt::format("{} empty pages in a row, and the API says that there is more", kEmptyPagesMax);
    return turn;
  }
  (*next)->at = context.at + 1;
  turn.pages.push_back(std::move(**next));
  return turn;
}

}  // namespace

Status BeginPaging(const Paginator& paginator, Request& request) {
  const bool counts =
      paginator.type == Paginator::Type::kOffset || paginator.type == Paginator::Type::kPageNumber;
  return counts ? BeginRange(paginator, request) : Status();
}

bool LeadsOn(const Paginator& paginator, const PageAnswer& page, const Paging& paging) {
  switch (paginator.type) {
    case Paginator::Type::kJsonLink:
    case Paginator::Type::kHeaderLink:
    case Paginator::Type::kHeaderCursor:
    case Paginator::Type::kCursor: {
      const auto next = Following(paginator, page, paging);
      return next && next->has_value();
    }
    default:
      return false;
  }
}

Result<Turn> NextPages(const Paginator& paginator, const ListContext& context,
                       const PageAnswer& page, const Paging& paging) {
  Result<Turn> turn = [&]() -> Result<Turn> {
    switch (paginator.type) {
      case Paginator::Type::kAuto:
      case Paginator::Type::kSinglePage:
        return Turn{};
      case Paginator::Type::kOffset:
      case Paginator::Type::kPageNumber:
        return NextInRange(paginator, context, page, paging);
      default:
        return NextByReference(paginator, context, page, paging);
    }
  }();
  if (!turn) return turn;
  turn->declared = CountAt(page, paginator.record_total_path, paginator.record_total_header);
  if (!turn->declared && paginator.type == Paginator::Type::kOffset) {
    turn->declared = CountAt(page, paginator.total_path, "");
  }
  return turn;
}

std::vector<std::string> PagingParams(const Paginator& paginator) {
  switch (paginator.type) {
    case Paginator::Type::kOffset:
      return {paginator.offset_param, paginator.limit_param};
    case Paginator::Type::kPageNumber:
      return {paginator.page_param};
    case Paginator::Type::kCursor:
    case Paginator::Type::kHeaderCursor:
      return {paginator.cursor_param};
    default:
      return {};
  }
}

std::optional<std::int64_t> AsCount(std::string_view text) {
  std::int64_t count = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, count);
  if (parsed.ec != std::errc() || parsed.ptr != end || count < 0) return std::nullopt;
  return count;
}

}  // namespace sluice::rest
