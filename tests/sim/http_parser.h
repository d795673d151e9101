// Takes whole HTTP/1.1 requests off the front of a buffer.
#pragma once

#include <optional>
#include <string>

#include "tests/sim/http_message.h"

namespace sluice::sim {

enum class Parse { kComplete, kNeedMore, kMalformed };

// On kComplete fills `request` and removes its bytes from `buffer`. Bodies come with
// Content-Length or chunked; heads over 64 KiB and bodies over 64 MiB are malformed.
Parse TakeRequest(std::string& buffer, HttpRequest& request);

// The status line, the headers and Content-Length, up to and with the empty line.
std::string ResponseHead(const HttpResponse& response, bool keep_alive);

}  // namespace sluice::sim
