#include "tests/sim/rest_paging.h"

#include <xxhash.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "tests/sim/rest_errors.h"

namespace sluice::sim {
namespace {

constexpr std::uint32_t kPageDefault = 100;
constexpr std::uint32_t kClamp = 25;

struct Name {
  std::string_view text;
  Paginator paginator;
};
constexpr std::array kNames = {
    Name{"header_link", Paginator::kHeaderLink}, Name{"cursor", Paginator::kCursor},
    Name{"offset", Paginator::kOffset},          Name{"page_number", Paginator::kPageNumber},
    Name{"json_link", Paginator::kJsonLink},     Name{"header_cursor", Paginator::kHeaderCursor}};

bool ByCursor(Paginator paginator) {
  return paginator == Paginator::kCursor || paginator == Paginator::kJsonLink ||
         paginator == Paginator::kHeaderCursor;
}

// Which items of the list this page holds, and where the next one begins.
struct Window {
  std::uint32_t size = 0;  // of a whole page
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  std::uint32_t visible = 0;          // items of the list, up to the cap
  std::optional<std::uint32_t> next;  // a place
};

// The number `name` of the query, `fallback` when it is absent; nothing when it is none.
std::optional<std::uint64_t> Number(const HttpRequest& request, std::string_view name,
                                    std::uint64_t fallback) {
  const std::string text = QueryValue(request.Query(), name);
  if (text.empty()) return fallback;
  std::uint64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = parsed.ec == std::errc() && parsed.ptr == text.data() + text.size();
  return whole ? std::optional(value) : std::nullopt;
}

// The query without what leads from page to page: the same for all pages of a list.
std::string QueryWithout(std::string_view query, std::string_view name) {
  std::string kept;
  while (!query.empty()) {
    const auto end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    if (!pair.empty() && pair.substr(0, pair.find('=')) != name) kept += std::string(pair) + "&";
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
  }
  return kept;
}

// A cursor names its list and place, in characters that mean something else in a query.
std::string Cursor(const HttpRequest& request, std::uint32_t place) {
  std::string list(request.Path());
  for (const char* name : {"updated_since", "updated_before", "order"}) {
    list += '\n' + QueryValue(request.Query(), name);
  }
  const std::uint64_t check = XXH3_64bits_withSeed(list.data(), list.size(), place);
  return std::to_string(place) + "+" + std::to_string(check % 1'000'000'000) + "/==";
}

std::optional<std::uint32_t> PlaceOfCursor(const HttpRequest& request) {
  const std::string cursor = QueryValue(request.Query(), "cursor");
  if (cursor.empty()) return 0;
  std::uint32_t place = 0;
  const auto parsed = std::from_chars(cursor.data(), cursor.data() + cursor.size(), place);
  if (parsed.ec != std::errc() || Cursor(request, place) != cursor) return std::nullopt;
  return place;
}

std::string Encoded(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    if (c == '+')
      encoded += "%2B";
    else if (c == '/')
      encoded += "%2F";
    else if (c == '=')
      encoded += "%3D";
    else
      encoded += c;
  }
  return encoded;
}

std::string Url(const HttpRequest& request, std::string_view name, std::string_view value) {
  std::string url = "http://" + std::string(request.Header("host"));
  url += request.Path();
  url += '?' + QueryWithout(request.Query(), name);
  url += name;
  url += '=';
  return url + Encoded(value);
}

// The message of a 400, or empty.
std::string Place(const HttpRequest& request, Paginator paginator, Window& window) {
  if (ByCursor(paginator)) {
    const auto place = PlaceOfCursor(request);
    if (!place) return "cursor is not one of this list";
    window.begin = *place;
    return {};
  }
  if (paginator == Paginator::kOffset) {
    const auto offset = Number(request, "offset", 0);
    if (!offset) return "offset is no number";
    window.begin = static_cast<std::uint32_t>(std::min<std::uint64_t>(*offset, window.visible));
    return {};
  }
  const auto page = Number(request, "page", 1);
  if (!page || *page < 1) return "page is no number from 1 on";
  const std::uint64_t pages_before = std::min<std::uint64_t>(*page - 1, window.visible);
  window.begin = static_cast<std::uint32_t>(
      std::min<std::uint64_t>(pages_before * window.size, window.visible));
  return {};
}

std::string Size(const HttpRequest& request, const ListFaults& faults, std::uint32_t page_max,
                 Window& window) {
  const std::uint32_t usual = std::min(kPageDefault, page_max);
  const auto asked = Number(request, "per_page", Number(request, "limit", usual).value_or(0));
  if (!asked || *asked < 1) return "per_page or limit is no number from 1 on";
  window.size = static_cast<std::uint32_t>(std::min<std::uint64_t>(*asked, page_max));
  if (faults.clamp) window.size = std::min(window.size, kClamp);
  if (faults.short_page) window.size = std::max(window.size / 3, 1u);
  return {};
}

// The pages go first, second, first, second, ... Where no link leads on but the client counts, it
// is the items that do.
void Loop(Paginator paginator, Window& window) {
  const bool counted = paginator == Paginator::kOffset || paginator == Paginator::kPageNumber;
  if (counted && window.begin >= window.size) {
    const bool second = window.visible > window.size && window.begin / window.size % 2 == 1;
    window.begin = second ? window.size : 0;
  }
  window.end = std::min(window.begin + window.size, window.visible);
  window.next = window.begin == 0 && window.end < window.visible ? window.end : 0;
}

void AddLinks(HttpResponse& response, const HttpRequest& request, const Window& window) {
  const std::uint32_t page = window.begin / window.size + 1;
  const std::uint32_t last = std::max((window.visible + window.size - 1) / window.size, 1u);
  std::string links;
  const auto add = [&](std::string_view relation, std::uint32_t to) {
    if (!links.empty()) links += ", ";
    links += "<" + Url(request, "page", std::to_string(to)) + ">; rel=\"";
    links += relation;
    links += '"';
  };
  if (page > 1) add("prev", page - 1);
  if (window.next) add("next", *window.next / window.size + 1);
  if (page < last) add("last", last);
  if (page > 1) add("first", 1);
  if (!links.empty()) response.headers.emplace_back("Link", links);
}

}  // namespace

std::optional<Paginator> ParsePaginator(std::string_view name) {
  const auto found = std::ranges::find(kNames, name, &Name::text);
  return found == kNames.end() ? std::nullopt : std::optional(found->paginator);
}

HttpResponse PageOf(const PagedList& list, const HttpRequest& request, const ListFaults& faults,
                    const PagingOptions& options) {
  const Paginator paginator = options.paginator;
  Window window{.visible = options.cap > 0 ? std::min(list.size, options.cap) : list.size};
  std::string problem = Size(request, faults, options.page_max, window);
  if (problem.empty()) problem = Place(request, paginator, window);
  if (!problem.empty()) return RestError(400, "bad_request", problem);
  window.begin = std::min(window.begin, window.visible);
  window.end = std::min(window.begin + window.size, window.visible);
  if (window.end < window.visible) window.next = window.end;
  if (faults.cursor_loop) Loop(paginator, window);

  const bool bare = paginator == Paginator::kHeaderLink || paginator == Paginator::kPageNumber ||
                    paginator == Paginator::kHeaderCursor;
  std::string body;
  JsonOut out(body);
  if (!bare) out.BeginObject().Key("results");
  out.BeginArray();
  for (std::uint32_t place = window.begin; place < window.end; ++place) list.write(out, place);
  out.EndArray();
  const std::string cursor = window.next ? Cursor(request, *window.next) : std::string();
  if (paginator == Paginator::kOffset) out.Key("total").Int(list.size);
  if (paginator == Paginator::kCursor) {
    out.Key("next_cursor");
    window.next ? out.String(cursor) : out.Null();
  }
  if (paginator == Paginator::kJsonLink) {
    out.Key("next");
    window.next ? out.String(Url(request, "cursor", cursor)) : out.Null();
  }
  if (!bare) out.EndObject();

  HttpResponse response = RestOk(std::move(body));
  response.headers.emplace_back("X-Total-Count", std::to_string(list.size));
  if (paginator == Paginator::kHeaderLink) AddLinks(response, request, window);
  if (paginator == Paginator::kPageNumber) {
    const std::uint32_t pages = (window.visible + window.size - 1) / window.size;
    response.headers.emplace_back("X-Total-Pages", std::to_string(pages));
  }
  if (paginator == Paginator::kHeaderCursor && window.next) {
    response.headers.emplace_back("X-Next-Cursor", cursor);
  }
  return response;
}

}  // namespace sluice::sim
