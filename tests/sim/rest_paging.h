// The ways in which a list is handed out in pages, and what each says about the way on.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "tests/sim/api.h"
#include "tests/sim/json_out.h"

namespace sluice::sim {

enum class Paginator { kHeaderLink, kCursor, kOffset, kPageNumber, kJsonLink, kHeaderCursor };
// "header_link", ...; nothing when `name` is no paginator.
std::optional<Paginator> ParsePaginator(std::string_view name);

struct PagingOptions {
  Paginator paginator = Paginator::kHeaderLink;
  std::uint32_t page_max = 100;  // a larger page is not refused, but cut
  std::uint32_t cap = 0;         // lists seem to end after so many items; 0: no such limit
};

// A list as numbered places.
struct PagedList {
  std::uint32_t size = 0;
  std::function<void(JsonOut& out, std::uint32_t place)> write;
};

// The page of `list` that `request` asks for, or the 400 that says what is wrong with the request.
HttpResponse PageOf(const PagedList& list, const HttpRequest& request, const ListFaults& faults,
                    const PagingOptions& options);

}  // namespace sluice::sim
