#include "stages/sources/rest/detect_paginator.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "stages/json/json_path.h"
#include "stages/sources/rest/link_header.h"
#include "stages/sources/rest/paginate_range.h"
#include "stages/sources/rest/url.h"

namespace sluice::rest {
namespace {

using Type = Paginator::Type;

constexpr std::array<const char*, 7> kLinks = {
    "next",        "next_url",        "links.next", "_links.next.href",
    "paging.next", "pagination.next", "_links.next"};

// Where a cursor stands, and the parameter that takes it by convention.
struct KnownCursor {
  const char* path;
  const char* param;
};
constexpr std::array kCursors = {
    KnownCursor{"next_cursor", "cursor"},
    KnownCursor{"nextCursor", "cursor"},
    KnownCursor{"meta.next_cursor", "cursor"},
    KnownCursor{"response_metadata.next_cursor", "cursor"},
    KnownCursor{"pagination.next_cursor", "cursor"},
    KnownCursor{"cursors.next", "cursor"},
    KnownCursor{"cursor", "cursor"},
    KnownCursor{"paging.cursors.after", "after"},
    KnownCursor{"paging.next.after", "after"},
    KnownCursor{"next_page_token", "page_token"},
    KnownCursor{"nextPageToken", "pageToken"},
};

constexpr std::array kPageCounts = {"X-Total-Pages", "X-Pagination-Page-Count"};
constexpr std::array kTotals = {"total", "count", "total_count", "meta.total", "pagination.total"};
constexpr const char* kTotalHeader = "X-Total-Count";
constexpr std::array<const char*, 2> kOffsets = {"offset", "skip"};
constexpr std::array<std::int64_t, 10> kRoundLengths = {10, 15,  20,  25,  30,
                                                        50, 100, 200, 500, 1000};

std::optional<JsonValue> At(const PageAnswer& page, std::string_view path) {
  if (!page.body) return std::nullopt;
  return JsonPath::Parse(path)->Find(*page.body);
}

bool IsLink(const std::optional<JsonValue>& value) {
  if (!value || value->type() != JsonValue::Type::kString) return false;
  const std::string_view text = value->text();
  return text.starts_with("http://") || text.starts_with("https://") || text.starts_with('/') ||
         text.starts_with('?');
}

std::optional<Detected> ByLink(const PageAnswer& page) {
  if (FindLink(page.answer.headers, "next")) {
    return Detected{.paginator = {.type = Type::kHeaderLink},
                    .why = "a Link header leads to the next page"};
  }
  for (const char* path : kLinks) {
    if (!IsLink(At(page, path))) continue;
    return Detected{.paginator = {.type = Type::kJsonLink, .next_url_path = path},
                    .why = fmt::format("'{}' leads to the next page", path)};
  }
  return std::nullopt;
}

std::optional<Detected> ByCursor(const PageAnswer& page) {
  for (const KnownCursor& known : kCursors) {
    const auto value = At(page, known.path);
    if (!value || !value->is_scalar() || value->is_null() || value->text().empty()) continue;
    if (value->type() == JsonValue::Type::kBool) continue;
    return Detected{.paginator = {.type = Type::kCursor,
                                  .cursor_path = known.path,
                                  .cursor_param = known.param},
                    .why = fmt::format("'{}' is the cursor of the next page, sent as '{}'",
                                       known.path, known.param)};
  }
  return std::nullopt;
}

std::optional<Detected> ByPageCount(const PageAnswer& page) {
  for (const char* header : kPageCounts) {
    const std::string* count = page.answer.Header(header);
    if (count == nullptr || !AsCount(*count)) continue;
    Paginator paginator{.type = Type::kPageNumber, .base_page = 1, .total_header = header};
    if (const auto asked = GetParam(page.request.target, "page")) {
      paginator.base_page = AsCount(*asked).value_or(1);
    }
    return Detected{
        .paginator = std::move(paginator),
        .why = fmt::format("{} says how many pages there are, asked for with 'page'", header)};
  }
  return std::nullopt;
}

std::optional<Detected> ByOffset(const PageAnswer& page) {
  for (const char* total : kTotals) {
    if (!CountAt(page, total, "")) continue;
    for (const char* offset : kOffsets) {
      const auto begin = CountAt(page, offset, "");
      const auto limit = CountAt(page, "limit", "");
      if (!begin || !limit || *limit == 0) continue;
      return Detected{.paginator = {.type = Type::kOffset,
                                    .limit = *limit,
                                    .offset = *begin,
                                    .offset_param = offset,
                                    .total_path = total},
                      .why = fmt::format("the answer says '{}', 'limit' and '{}'", offset, total)};
    }
  }
  return std::nullopt;
}

// One page. What it says about the length of the list proves whether that was all; a single record
// may have a field of that name, which proves nothing.
Detected OnePage(const PageAnswer& page) {
  Detected detected{.paginator = {.type = Type::kSinglePage},
                    .why = "nothing in the answer leads to another page"};
  if (page.given != 1) {
    for (const char* total : kTotals) {
      if (CountAt(page, total, "")) detected.paginator.record_total_path = total;
    }
    if (page.answer.Header(kTotalHeader)) detected.paginator.record_total_header = kTotalHeader;
  }
  const bool counted = !detected.paginator.record_total_path.empty() ||
                       !detected.paginator.record_total_header.empty();
  detected.may_be_cut = !counted && std::find(kRoundLengths.begin(), kRoundLengths.end(),
                                              page.given) != kRoundLengths.end();
  return detected;
}

}  // namespace

Detected DetectPaginator(const PageAnswer& page) {
  if (auto found = ByLink(page)) return *found;
  if (auto found = ByCursor(page)) return *found;
  if (auto found = ByPageCount(page)) return *found;
  if (auto found = ByOffset(page)) return *found;
  return OnePage(page);
}

}  // namespace sluice::rest
