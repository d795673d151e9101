#include "stages/libraries.h"

#include <curl/curl.h>
#include <fmt/format.h>
#include <simdjson.h>

#include <string_view>

namespace sluice {

HttpLibrary LoadedHttpLibrary() {
  const curl_version_info_data* const info = curl_version_info(CURLVERSION_NOW);
  HttpLibrary library{.version = info->version, .http2 = info->version_num >= 0x080000};
  if (info->ssl_version != nullptr) library.tls = info->ssl_version;
  for (const char* const* protocol = info->protocols; *protocol != nullptr; ++protocol) {
    if (std::string_view(*protocol) == "https") library.https = true;
  }
  if (info->age >= CURLVERSION_SEVENTH && info->cainfo != nullptr) {
    library.authorities = info->cainfo;
  }
  return library;
}

std::string JsonLibraryVersion() {
  return fmt::format("{}.{}.{} ({})", static_cast<int>(simdjson::SIMDJSON_VERSION_MAJOR),
                     static_cast<int>(simdjson::SIMDJSON_VERSION_MINOR),
                     static_cast<int>(simdjson::SIMDJSON_VERSION_REVISION),
                     simdjson::get_active_implementation()->name());
}

}  // namespace sluice
