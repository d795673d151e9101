// How much may be in flight with the file descriptors that the process may have.
#pragma once

namespace sluice {

// `wanted` items in flight, or as many as there are descriptors for: each may hold a connection. What
// the system allows beyond the usual limit is taken. At least 1.
int InFlightWithinDescriptors(int wanted);

}  // namespace sluice
