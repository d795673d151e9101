// What a generation of a REST job begins with. Pure.
#pragma once

#include "stages/sources/rest/plan.h"
#include "storage/records.h"

namespace sluice::rest {

// The resources, parents before children, then the files.
//
// Where an incremental resource begins: at the cursor of its last complete run. Its children have
// no cursors of their own; theirs is the value of the last parent whose children are all here. So
// what failed below it is asked for again, and so is everything when a child is new or has changed:
// a resource never begins later than the least of what is below it.
Opening OpenPlan(const Plan& plan, const LastRun& last);

}  // namespace sluice::rest
