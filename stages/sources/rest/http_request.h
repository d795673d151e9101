// A request of a REST job as it goes to the wire. Pure, but for the credential's own state.
#pragma once

#include "stages/http/credential.h"
#include "stages/http/transport.h"
#include "stages/sources/rest/plan.h"
#include "storage/records.h"

namespace sluice::rest {

// The one place where secrets meet a request. Of two headers of one name the later counts: ours,
// the client's, the resource's, the credential's (may be null).
HttpRequest ToHttpRequest(const Plan& plan, const Request& request, const Credential* credential);

}  // namespace sluice::rest
