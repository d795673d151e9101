// One page of a list: rows, requests for the rows' children, and the way on. Pure.
#pragma once

#include <string>

#include "stages/sources/rest/plan.h"
#include "stages/sources/source.h"

namespace sluice::rest {

// A complete answer that is to be read as a page. One that holds an error, or no list where the
// list should be, is no page: Code::kTransient where it tells of a limit or a failing server, else
// Code::kInvalid. `success` is the rule that declares it one: then a list that is left out is
// empty, and where the rule is about what the answer holds, an error in it is none.
Result<Reading> ReadPage(const Plan& plan, const PlannedResource& resource, const Request& request,
                         const AnswerView& answer, const ResponseFilter* success);

// What takes the place of a page that a rule ignores: nothing, and a note.
Reading IgnoredPage(const PlannedResource& resource, const Request& request,
                    const AnswerView& answer);

// The API refuses a further page of a list that is split: it begins anew behind what it gave.
// nullopt: the list is not split, or this says nothing about its length.
std::optional<Reading> RefusedPage(const Plan& plan, const PlannedResource& resource,
                                   const Request& request, int status);

}  // namespace sluice::rest
