#include "stages/http/transport.h"

#include <strings.h>

namespace sluice {

const std::string* FindHeader(std::span<const HttpHeader> headers, std::string_view name) {
  for (const HttpHeader& header : headers) {
    if (header.name.size() == name.size() &&
        strncasecmp(header.name.data(), name.data(), name.size()) == 0) {
      return &header.value;
    }
  }
  return nullptr;
}

const std::string* HttpResponse::Header(std::string_view name) const {
  return FindHeader(headers, name);
}

}  // namespace sluice
