// What libcurl's result codes mean to an export.
#pragma once

#include "storage/base/result.h"

namespace sluice {

// The class of a failed transfer, by CURLcode:
//   kNetwork    the server could not be reached: DNS, connect, TLS handshake
//   kTransient  it was reached and the answer did not come whole, or was no HTTP
//   kInvalid    asking again cannot help: certificate, URL, an answer over a limit
//   kCancelled  we stopped it
// A code that libcurl adds later is kTransient: attempts bound what that can cost.
Code ClassifyCurl(int curl_code);

// The server's certificate, or our own trust store, is the trouble: every request will fail alike.
bool IsCertificateError(int curl_code);

}  // namespace sluice
