// Whether a job can work, before any request is sent. Pure.
#pragma once

#include "stages/sources/rest/rest_spec.h"

namespace sluice::rest {

// Code::kUsage: every problem on a line of its own, with the resource that it is about.
Status ValidateSpec(const RestSpec& spec);

}  // namespace sluice::rest
