// One HTTP request to a simulator, for tests that look at the wire themselves.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace sluice {

struct HttpCall {
  std::string method = "GET";
  std::string url;
  std::string body;
  std::string version = "2025-09-03";  // Notion-Version; empty: the header is left out
  std::string token = "token";         // empty: no Authorization header
  std::vector<std::string> headers;    // further ones, as "Name: value"
  bool unpack = false;                 // take gzip, and unpack it
  long timeout_ms = 30'000;
};

struct HttpAnswer {
  int curl_code = 0;  // CURLcode; 0: the answer came whole
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

// Keeps one connection per thread open from call to call.
HttpAnswer Send(const HttpCall& call);

}  // namespace sluice
