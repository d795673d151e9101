#include "tests/support/http_call.h"

#include <curl/curl.h>

#include <algorithm>
#include <memory>

namespace sluice {
namespace {

// Enough for every honest answer; a gzip bomb stops here with CURLE_WRITE_ERROR.
constexpr std::size_t kBodyBytesMax = 64 << 20;

std::size_t OnBody(char* data, std::size_t, std::size_t size, void* user) {
  auto& body = static_cast<HttpAnswer*>(user)->body;
  if (body.size() + size > kBodyBytesMax) return 0;
  body.append(data, size);
  return size;
}

std::size_t OnHeader(char* data, std::size_t, std::size_t size, void* user) {
  const std::string line(data, size);
  const auto colon = line.find(':');
  if (colon == std::string::npos) return size;
  std::string name = line.substr(0, colon);
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
  const auto start = line.find_first_not_of(' ', colon + 1);
  const auto end = line.find_last_not_of("\r\n");
  static_cast<HttpAnswer*>(user)->headers[name] =
      start == std::string::npos || end < start ? "" : line.substr(start, end - start + 1);
  return size;
}

}  // namespace

HttpAnswer Send(const HttpCall& call) {
  thread_local const std::unique_ptr<CURL, void (*)(CURL*)> handle(curl_easy_init(),
                                                                   curl_easy_cleanup);
  CURL* curl = handle.get();
  curl_easy_reset(curl);
  curl_slist* headers = nullptr;
  if (!call.token.empty()) {
    headers = curl_slist_append(headers, ("Authorization: Bearer " + call.token).c_str());
  }
  if (!call.version.empty()) {
    headers = curl_slist_append(headers, ("Notion-Version: " + call.version).c_str());
  }
  for (const std::string& header : call.headers) {
    headers = curl_slist_append(headers, header.c_str());
  }
  HttpAnswer answer;
  curl_easy_setopt(curl, CURLOPT_URL, call.url.c_str());
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_PROXY, "");
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, call.method.c_str());
  if (call.method != "GET") {
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, static_cast<long>(call.body.size()));
    curl_easy_setopt(curl, CURLOPT_COPYPOSTFIELDS, call.body.c_str());
    headers = curl_slist_append(headers, "Content-Type: application/json");
  }
  if (call.unpack) curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "gzip");
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, call.timeout_ms);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, OnBody);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, OnHeader);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &answer);
  answer.curl_code = curl_easy_perform(curl);
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  answer.status = static_cast<int>(status);
  curl_slist_free_all(headers);
  return answer;
}

}  // namespace sluice
