// A request as it came from the wire and the answer that is to go there. Plain values.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::sim {

struct HttpRequest {
  std::string method;
  std::string target;                                        // path and query as sent
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  std::string body;
  bool keep_alive = true;

  // The value of a header (name in lower case); empty when it is absent.
  std::string_view Header(std::string_view name) const {
    for (const auto& [key, value] : headers) {
      if (key == name) return value;
    }
    return {};
  }
  std::string_view Path() const { return std::string_view(target).substr(0, target.find('?')); }
  std::string_view Query() const {
    const auto at = target.find('?');
    return at == std::string::npos ? std::string_view() : std::string_view(target).substr(at + 1);
  }
};

// How the bytes of a response reach the client.
enum class Delivery {
  kWhole,
  kReset,     // half of the body, then RST
  kTruncate,  // Content-Length of the whole, half of the body, then FIN
  kDrip,      // the body one byte every half second
};

struct HttpResponse {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;  // besides Content-Length
  std::string body;
  Delivery delivery = Delivery::kWhole;
  std::chrono::milliseconds delay{0};  // before the first byte
};

// The value of `name` in a query string, percent-decoded ('+' is a space); empty when absent.
std::string QueryValue(std::string_view query, std::string_view name);
std::string PercentDecode(std::string_view text);

}  // namespace sluice::sim
