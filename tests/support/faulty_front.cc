#include "tests/support/faulty_front.h"

#include <utility>
#include <vector>

namespace sluice {
namespace {

// What stands between `before` and the end of the line.
std::string Between(const std::string& text, std::string_view before, char after) {
  const auto start = text.find(before);
  if (start == std::string::npos) return {};
  const auto from = start + before.size();
  return text.substr(from, text.find(after, from) - from);
}

HttpAnswer Ask(const std::string& upstream, const std::string& request) {
  const std::string method = request.substr(0, request.find(' '));
  const auto body = request.find("\r\n\r\n");
  std::vector<std::string> headers;
  if (const std::string key = Between(request, "trakt-api-key: ", '\r'); !key.empty()) {
    headers = {"trakt-api-key: " + key, "trakt-api-version: 2", "User-Agent: front"};
  }
  return Send({.method = method,
               .url = upstream + Between(request, method + " ", ' '),
               .body = request.substr(body + 4),
               .version = Between(request, "Notion-Version: ", '\r'),
               .token = Between(request, "Authorization: Bearer ", '\r'),
               .headers = std::move(headers)});
}

// What an API adds of its own, such as the numbers of pages.
std::string OwnHeaders(const HttpAnswer& answer) {
  std::string text;
  for (const auto& [name, value] : answer.headers) {
    if (name.starts_with("x-")) text += name + ": " + value + "\r\n";
  }
  return text;
}

}  // namespace

std::string WholeAnswer(std::string_view body, std::string_view status,
                        std::string_view more_headers) {
  std::string text = "HTTP/1.1 " + std::string(status) +
                     "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
  return text.append(more_headers).append("\r\n").append(body);
}

FaultyFront::FaultyFront(const SimProcess& sim, Spoil spoil)
    : upstream_(sim.url()),
      spoil_(std::move(spoil)),
      server_([this](RawConnection& connection) { Serve(connection); }) {}

void FaultyFront::Serve(RawConnection& connection) const {
  for (std::string request; !(request = connection.ReadRequest()).empty();) {
    const auto forward = [&] { return Ask(upstream_, request); };
    const std::string spoilt = spoil_(request, forward);
    if (!spoilt.empty()) {
      connection.Write(spoilt);
      return;
    }
    const HttpAnswer answer = forward();
    if (answer.curl_code != 0) return;
    if (!connection.Write(WholeAnswer(answer.body, std::to_string(answer.status) + " As it came",
                                      OwnHeaders(answer)))) {
      return;
    }
  }
}

}  // namespace sluice
