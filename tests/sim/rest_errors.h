// The plain answers of the rest service.
#pragma once

#include <string>
#include <string_view>

#include "tests/sim/http_message.h"

namespace sluice::sim {

HttpResponse RestOk(std::string body);
// {"error":code,"message":message}
HttpResponse RestError(int status, std::string_view code, std::string_view message);

}  // namespace sluice::sim
