// Lists that an API caps ("only the first 1000 results"): they begin anew at the highest cursor
// value that they gave. Bounds are inclusive, so rows at the seam come twice and are merged by
// their key. Pure.
#pragma once

#include <optional>
#include <string>

#include "stages/sources/rest/list_context.h"
#include "stages/sources/rest/plan.h"
#include "storage/records.h"

namespace sluice::rest {

inline bool IsSplit(const Resource& resource) { return resource.incremental.split_limit > 0; }

// Takes note of the cursor value of the next record of the list. Empty: it has none.
void SeeCursor(ListContext& context, const std::string& value);

struct NextPart {
  std::optional<Request> request;
  std::string shortfall;  // why what lies behind the cap cannot be reached
};

// `context`: as the last page of the part left it; `length`: how many places of the list that page
// took (see ListContext::at).
Result<NextPart> BeginNextPart(const Plan& plan, const PlannedResource& resource,
                               ListContext context, std::uint32_t length);

}  // namespace sluice::rest
