// How Trakt pages: the numbers stand in headers and nowhere else, `limit` is cut in silence, a page
// that is not full is not the last.
#include <fmt/format.h>

#include <algorithm>

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
  std::optional<std::int64_t> pages;  // nullopt: this is the whole list
  std::optional<std::int64_t> items;
};

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

Result<Paging> ReadFirst(const Request& request, const Page& page, const Headers& headers,
                         const std::string& first_key, Paging paging) {
  const std::int64_t pages = headers.pages.value_or(1);
  if (pages > kPagesMax) {
    return Fail(Code::kInvalid, fmt::format("{}: the API declares {} pages; more than {} are not "
                                            "believed",
                                            Describe(request), pages, kPagesMax));
  }
  const Walk walk{.items = headers.items,
                  .pages = headers.pages,
                  .first_key = first_key,
                  .restarts = DecodeWalk(request.context).restarts};
  Page next = page;
  next.limit = paging.size = headers.limit.value_or(page.limit);
  for (next.number = 2; next.number <= pages; ++next.number) {
    paging.requests.push_back(OtherPage(request, next, walk));
  }
  return paging;
}

Result<Paging> ReadFurther(const Request& request, const Page& page, const Headers& headers,
                           const std::string& first_key, Paging paging) {
  const Walk walk = DecodeWalk(request.context);
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
  }
  return paging;
}

}  // namespace

Result<Paging> ReadPaging(const Request& request, const Page& page, const AnswerView& answer,
                          const std::string& first_key) {
  const Headers headers(answer);
  Paging paging{
      .size = page.limit, .declared = headers.items, .expected = Expected(headers, page.number)};
  return page.number == 1 ? ReadFirst(request, page, headers, first_key, std::move(paging))
                          : ReadFurther(request, page, headers, first_key, std::move(paging));
}

}  // namespace sluice::trakt
