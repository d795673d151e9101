// Pages that did not come.
#include <fmt/format.h>

#include <utility>

#include "stages/sources/rest/incremental.h"
#include "stages/sources/rest/read_page.h"
#include "stages/sources/rest/split.h"

namespace sluice::rest {

Reading IgnoredPage(const PlannedResource& resource, const Request& request,
                    const AnswerView& answer) {
  Reading reading{
      .notes = {{.kind = "ignored",
                 .text = fmt::format("{}: {} gave HTTP {}, which error_handler ignores",
                                     resource.spec.name, request.target, answer.status)}}};
  const auto context = DecodeContext(request.context);
  if (context && !GoesOn(resource.spec)) {
    reading.rows = RowBatch{.cursor = context->parent_cursor};
  }
  return reading;
}

std::optional<Reading> RefusedPage(const Plan& plan, const PlannedResource& resource,
                                   const Request& request, int status) {
  const bool about_length = status / 100 == 4 && status != 401 && status != 404;
  const auto context = DecodeContext(request.context);
  if (!about_length || !context || !IsSplit(resource.spec) || context->part_given == 0) {
    return std::nullopt;
  }
  auto next = BeginNextPart(plan, resource, *context, 0);
  if (!next) return std::nullopt;
  Reading reading{.shortfall = std::move(next->shortfall)};
  if (next->request) reading.requests.push_back(std::move(*next->request));
  return reading;
}

}  // namespace sluice::rest
