#include "tests/sim/http_parser.h"

#include <algorithm>
#include <charconv>

namespace sluice::sim {
namespace {

constexpr std::size_t kHeadBytesMax = 64 << 10;
constexpr std::size_t kBodyBytesMax = 64 << 20;

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
  return lower;
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool ParseHead(std::string_view head, HttpRequest& request) {
  const auto line_end = head.find("\r\n");
  const std::string_view line = head.substr(0, line_end);
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return false;
  request = {.method = std::string(line.substr(0, first)),
             .target = std::string(line.substr(first + 1, last - first - 1))};
  request.keep_alive = line.substr(last + 1) == "HTTP/1.1";
  while (line_end != std::string_view::npos) {
    head = head.substr(head.find("\r\n") + 2);
    const std::string_view header = head.substr(0, head.find("\r\n"));
    const auto colon = header.find(':');
    if (colon == std::string_view::npos) return header.empty();
    request.headers.emplace_back(Lower(header.substr(0, colon)), Trim(header.substr(colon + 1)));
    if (head.find("\r\n") == std::string_view::npos) break;
  }
  const std::string connection = Lower(request.Header("connection"));
  if (connection == "close") request.keep_alive = false;
  if (connection == "keep-alive") request.keep_alive = true;
  return true;
}

// Decodes the chunks at `from`; `end` is set behind the last one.
Parse TakeChunks(std::string_view buffer, std::size_t from, std::string& body, std::size_t& end) {
  while (true) {
    const auto line_end = buffer.find("\r\n", from);
    if (line_end == std::string_view::npos) return Parse::kNeedMore;
    std::size_t size = 0;
    const auto parsed = std::from_chars(buffer.data() + from, buffer.data() + line_end, size, 16);
    if (parsed.ec != std::errc() || size > kBodyBytesMax) return Parse::kMalformed;
    const std::size_t data = line_end + 2;
    if (buffer.size() < data + size + 2) return Parse::kNeedMore;
    if (size == 0) {
      end = data + 2;
      return Parse::kComplete;
    }
    body.append(buffer.substr(data, size));
    if (body.size() > kBodyBytesMax) return Parse::kMalformed;
    from = data + size + 2;
  }
}

std::string_view Reason(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 404:
      return "Not Found";
    case 429:
      return "Too Many Requests";
    case 500:
      return "Internal Server Error";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    default:
      return "Status";
  }
}

}  // namespace

Parse TakeRequest(std::string& buffer, HttpRequest& request) {
  const auto head_end = buffer.find("\r\n\r\n");
  if (head_end == std::string::npos) {
    return buffer.size() > kHeadBytesMax ? Parse::kMalformed : Parse::kNeedMore;
  }
  if (!ParseHead(std::string_view(buffer).substr(0, head_end), request)) return Parse::kMalformed;
  const std::size_t body_start = head_end + 4;
  std::size_t end = body_start;
  if (Lower(request.Header("transfer-encoding")) == "chunked") {
    const Parse chunks = TakeChunks(buffer, body_start, request.body, end);
    if (chunks != Parse::kComplete) return chunks;
  } else if (const std::string_view length = request.Header("content-length"); !length.empty()) {
    std::size_t bytes = 0;
    const auto parsed = std::from_chars(length.begin(), length.end(), bytes);
    if (parsed.ec != std::errc() || bytes > kBodyBytesMax) return Parse::kMalformed;
    if (buffer.size() < body_start + bytes) return Parse::kNeedMore;
    request.body = buffer.substr(body_start, bytes);
    end = body_start + bytes;
  }
  buffer.erase(0, end);
  return Parse::kComplete;
}

std::string ResponseHead(const HttpResponse& response, bool keep_alive) {
  std::string head = "HTTP/1.1 " + std::to_string(response.status) + " ";
  head += Reason(response.status);
  for (const auto& [name, value] : response.headers) head += "\r\n" + name + ": " + value;
  head += "\r\nContent-Length: " + std::to_string(response.body.size());
  if (!keep_alive) head += "\r\nConnection: close";
  return head + "\r\n\r\n";
}

}  // namespace sluice::sim
