#include "stages/sources/rest/split.h"

#include <fmt/format.h>

#include <algorithm>

#include "stages/sources/rest/first_request.h"
#include "storage/base/cursor_order.h"

namespace sluice::rest {

void SeeCursor(ListContext& context, const std::string& value) {
  if (value.empty()) return;
  if (CursorLess(value, context.previous)) context.unsorted = true;
  if (CursorLess(context.highest, value)) context.highest = value;
  context.previous = value;
}

Result<NextPart> BeginNextPart(const Plan& plan, const PlannedResource& resource,
                               ListContext context, std::uint32_t length) {
  const Resource& spec = resource.spec;
  const std::string& path = spec.incremental.cursor_path;
  const std::string seen =
      fmt::format("{}, {}: {} records", spec.name, context.name, context.part_given);
  if (context.unsorted) {
    return NextPart{.shortfall = fmt::format(
                        "{} are not sorted by '{}', lowest first; what comes behind them cannot be "
                        "reached. Ask the API for that order",
                        seen, path)};
  }
  if (!CursorLess(context.part_start, context.highest)) {
    return NextPart{.shortfall = fmt::format(
                        "{} have the same '{}' ({}); what comes behind them cannot be reached",
                        seen, path, context.highest.empty() ? "none" : context.highest)};
  }
  context.number_base = context.number() + std::max(length, 1u);
  context.at = 0;
  context.step = 0;
  context.take = 0;
  context.empty_pages = 0;
  context.first_page = 0;
  context.last_page = 0;
  context.declared.reset();
  context.places.reset();
  ++context.part;
  context.part_given = 0;
  context.previous.clear();
  context.bounds[spec.name].start = context.highest;
  auto request = FirstRequest(plan, resource, std::move(context));
  if (!request) return Fail(request.error());
  request->next_page = true;
  return NextPart{.request = std::move(*request)};
}

}  // namespace sluice::rest
