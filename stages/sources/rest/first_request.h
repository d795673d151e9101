// The first request of a list, from the templates of its resource. Pure.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "stages/sources/rest/list_context.h"
#include "stages/sources/rest/plan.h"
#include "storage/records.h"

namespace sluice::rest {

// The names of all placeholders of a resource. Code::kUsage: a template cannot be parsed, or `json`
// is no JSON.
Result<std::set<std::string>> PlaceholdersOf(const Resource& resource);

// The lists that a resource has under one row of its parent (or at the top): one, or one for each
// partition. `base` is filled in with the partition's number, `values` with its value.
std::vector<ListContext> ListsOf(const Resource& resource, const ListContext& common);

// The first request of the list: fills the templates from context.values and from the bounds, and
// sets context.name and context.headers. A parameter, header or member of the body whose
// placeholder has no value (incremental.start_value in a first run) is left out. Code::kInvalid: a
// placeholder of the path has no value, or the paginator finds no place in the body.
Result<Request> FirstRequest(const Plan& plan, const PlannedResource& resource,
                             ListContext context);

}  // namespace sluice::rest
