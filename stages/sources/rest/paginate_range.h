// The paginators that count: offset and page_number. See paginate.h.
#pragma once

#include "stages/sources/rest/paginate.h"

namespace sluice::rest {

Status BeginRange(const Paginator& paginator, Request& request);
Result<Turn> NextInRange(const Paginator& paginator, const ListContext& context,
                         const PageAnswer& page, const Paging& paging);

// What the answer says at the path or in the header. nullopt: nothing, or no count.
std::optional<std::int64_t> CountAt(const PageAnswer& page, const JsonPathText& path,
                                    const std::string& header);

// Whether there is more, as has_more_path says. nullopt: it is not configured.
// Code::kInvalid: the answer does not say.
Result<std::optional<bool>> HasMore(const Paginator& paginator, const PageAnswer& page);

}  // namespace sluice::rest
