#include "storage/records.h"

namespace sluice {

std::string RequestText(const Request& request) {
  std::string text = request.method + " " + request.target;
  if (!request.body.empty()) text += " " + request.body;
  return text;
}

Hash128 RequestKey(const Request& request) { return Xxh3_128(RequestText(request)); }

}  // namespace sluice
