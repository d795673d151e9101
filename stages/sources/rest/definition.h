// What a resource is, in one hash. Pure.
#pragma once

#include "stages/sources/rest/rest_spec.h"
#include "storage/base/ids.h"

namespace sluice::rest {

// Of everything that decides which rows there are; `parent` is the parent's definition, or empty.
// The disposition is no part of it: which rows are kept may change without asking for them again.
Revision DefinitionOf(const RestSpec& spec, const Resource& resource, const Revision& parent);

// Of how a table is written.
Revision FormOf(const Resource& resource);

}  // namespace sluice::rest
