// Which libraries the stages are at work with.
#pragma once

#include <string>

namespace sluice {

struct HttpLibrary {
  std::string version;      // of libcurl, as "7.88.1"
  std::string tls;          // "OpenSSL/3.0.16"; empty: none
  bool https = false;       // it speaks https
  bool http2 = false;       // it is new enough to be trusted with HTTP/2 (curl_transport.h)
  std::string authorities;  // PEM file of those that TLS trusts; empty: the backend knows its own
};
// The one that is loaded, which need not be the one that was built against.
HttpLibrary LoadedHttpLibrary();

// "3.0.1 (icelake)": the version it was built with, and the instruction set that it chose.
std::string JsonLibraryVersion();

}  // namespace sluice
