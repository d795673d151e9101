// How Trakt pages: the numbers stand in headers and nowhere else, `limit` is cut in silence, a page
// that is not full is not the last. Where the headers are missing (something on the way took them
// out, or the list is not paged), a full page proves no end, and an empty one nothing at all.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "stages/sources/trakt/instant.h"
#include "stages/sources/trakt/reading.h"

namespace sluice::trakt {
namespace {

// A list of that many pages is not what its headers say.
constexpr std::int64_t kPagesMax = 100'000;
// A list that has changed so often while it was read is said to be short.
constexpr int kRestartsMax = 3;

std::optional<std::int64_t> Number(const AnswerView& answer, std::string_view name) {
  const std::string* text = answer.Header(name);
  if (text == nullptr || text->empty()) return std::nullopt;
  const auto value = static_cast<std::int64_t>(WholeNumber(*text));
  return value > 0 || *text == "0" ? std::optional(value) : std::nullopt;
}

struct Headers {
  explicit Headers(const AnswerView& answer)
      : limit(Number(answer, "X-Pagination-Limit")),
        pages(Number(answer, "X-Pagination-Page-Count")),
        items(Number(answer, "X-Pagination-Item-Count")) {
    if (limit == 0) limit.reset();
    if (!pages && items && limit) pages = Pages();
  }
  // As many as full pages take. REQUIRES: both are known.
  std::int64_t Pages() const { return (*items + *limit - 1) / *limit; }

  std::optional<std::int64_t> limit;
  std::optional<std::int64_t> pages;  // nullopt: it does not say
  std::optional<std::int64_t> items;
};

// Whether there is such a page, or at least a list that says how long it is. The user's lists
// (without a document) were not paged before 2026.
bool IsExpected(const Request& request, const Page& page) {
  if (page.number == 1) return !request.document.empty();
  return DecodeWalk(request.context).pages.value_or(0) >= page.number;
}

// How many items belong on that page; nullopt where the pages are not full ones.
std::optional<std::int64_t> Expected(const Headers& headers, std::int64_t page) {
  if (!headers.items || !headers.limit || headers.pages != headers.Pages()) return std::nullopt;
  const std::int64_t before = (page - 1) * *headers.limit;
  return std::clamp<std::int64_t>(*headers.items - before, 0, *headers.limit);
}

// Reads the list again in pages of another size: what was asked before would not be asked again.
void Restart(const Request& request, const Page& page, Walk walk, std::int64_t limit,
             std::string_view why, Paging& paging) {
  if (walk.restarts >= kRestartsMax || limit < 1) {
    paging.shortfall =
        fmt::format("{}: {} again and again; run the same command again", Describe(request), why);
    return;
  }
  Page first = page;
  first.number = 1;
  first.limit = limit;
  paging.requests.push_back(OtherPage(request, first, {.restarts = walk.restarts + 1}));
}

// Asks for the pages behind this one, up to `last`.
Result<Paging> AskForRest(const Request& request, const Page& page, std::int64_t last,
                          const Walk& walk, Paging paging) {
  if (last > kPagesMax) {
    return Fail(Code::kInvalid, fmt::format("{}: the API declares {} pages; more than {} are not "
                                            "believed",
                                            Describe(request), last, kPagesMax));
  }
  Page next = page;
  next.limit = paging.size;
  for (next.number = page.number + 1; next.number <= last; ++next.number) {
    paging.requests.push_back(OtherPage(request, next, walk));
  }
  return paging;
}

// The first page that says how many pages there are.
Result<Paging> ReadCounted(const Request& request, const Page& page, const Headers& headers,
                           Walk walk, Paging paging) {
  walk.items = headers.items;
  walk.pages = headers.pages;
  paging.untold = std::exchange(walk.untold, 0);
  return AskForRest(request, page, *headers.pages, walk, std::move(paging));
}

// Neither this page nor one before says how many there are. The list ends where a page is not full;
// one that is longer than its limit comes from a server that does not page.
Result<Paging> ReadUncounted(const Request& request, const Page& page, std::int64_t given,
                             Walk walk, Paging paging) {
  walk.untold += given;
  const std::int64_t last = page.number + (given == paging.size ? 1 : 0);
  return AskForRest(request, page, last, walk, std::move(paging));
}

Result<Paging> ReadFurther(const Request& request, const Page& page, const Headers& headers,
                           const std::string& first_key, std::int64_t given, Paging paging) {
  const Walk walk = DecodeWalk(request.context);
  if (!headers.items) paging.declared = walk.items;
  if (!first_key.empty() && first_key == walk.first_key) {
    paging.shortfall = Describe(request) + ": the API leads in a circle: this is page 1 again";
    return paging;
  }
  if (headers.limit && headers.limit != page.limit) {
    paging.declared = 0;  // pages of two sizes prove nothing
    Restart(request, page, walk, *headers.limit, "the API changed the size of pages", paging);
  } else if (headers.items && walk.items && headers.items != walk.items) {
    Restart(request, page, walk, page.limit - 1, "the list changed while it was read", paging);
  } else if (headers.pages && walk.pages && headers.pages != walk.pages) {
    return Fail(Code::kTransient,
                fmt::format("{}: the API declares {} pages and declared {} before",
                            Describe(request), *headers.pages, *walk.pages));
  } else if (headers.pages && !walk.pages) {
    return ReadCounted(request, page, headers, walk, std::move(paging));
  } else if (!walk.pages) {
    return ReadUncounted(request, page, given, walk, std::move(paging));
  }
  return paging;
}

}  // namespace

Result<Paging> ReadPaging(const Request& request, const Page& page, const AnswerView& answer,
                          const std::string& first_key, std::int64_t given) {
  const Headers headers(answer);
  if (given == 0 && !headers.pages && !headers.items && IsExpected(request, page)) {
    return Fail(Code::kTransient,
                fmt::format("{}: the answer is empty and has no X-Pagination headers; something on "
                            "the way may have replaced it",
                            Describe(request)));
  }
  Paging paging{
      .size = page.limit, .declared = headers.items, .expected = Expected(headers, page.number)};
  if (page.number > 1) {
    return ReadFurther(request, page, headers, first_key, given, std::move(paging));
  }
  paging.size = headers.limit.value_or(page.limit);
  const Walk walk{.first_key = first_key, .restarts = DecodeWalk(request.context).restarts};
  return headers.pages ? ReadCounted(request, page, headers, walk, std::move(paging))
                       : ReadUncounted(request, page, given, walk, std::move(paging));
}

}  // namespace sluice::trakt
