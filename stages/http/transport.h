// The seam between fetch and the wire. Implementations: CurlTransport (curl_transport.h), and
// FakeTransport in tests/support.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/base/clock.h"
#include "storage/base/result.h"
#include "storage/body.h"

namespace sluice {

struct HttpHeader {
  std::string name;  // compared without regard to case
  std::string value;
};

// The first header of that name, or nullptr. Names are compared without regard to case.
const std::string* FindHeader(std::span<const HttpHeader> headers, std::string_view name);

struct HttpRequest {
  std::string method = "GET";
  std::string url;                  // absolute
  std::vector<HttpHeader> headers;  // may hold credentials: never logged
  std::string body;
  std::size_t body_bytes_max = 64u << 20;     // of the response, after decompression
  std::chrono::milliseconds timeout{60'000};  // whole transfer, from the moment it starts
  // Must not be acted on twice: it gets a connection of its own, since libcurl sends again what a
  // kept or shared one may have lost. Over HTTP/2 it is still sent again, five times at most, where
  // the server says it has not looked at it (REFUSED_STREAM, or a GOAWAY that does not take it).
  bool once = false;
};

struct HttpResponse {
  int status = 0;
  std::vector<HttpHeader> headers;
  Body body;  // decompressed
  std::chrono::microseconds elapsed{0};
  int redirects = 0;  // that were followed on the way here, each a request of its own

  // The first header of that name, or nullptr. Names are compared without regard to case.
  const std::string* Header(std::string_view name) const;
};

// No complete response: what went wrong, as libcurl's code (0 where it was not libcurl) and class.
struct TransportError {
  // kTransient, kNetwork, kInvalid, kCancelled, or kDisk: the answer could not be put down.
  Code code = Code::kTransient;
  int curl_code = 0;
  std::string message;  // names host and cause; no secret
  bool calm = false;    // the server asks for fewer requests at once (ENHANCE_YOUR_CALM)
  int redirects = 0;    // as above
};

using TransportResult = tl::expected<HttpResponse, TransportError>;

// Sends requests and runs timers on one loop thread.
//
// Thread-safe: Post() and Stop() from any thread. Start() and After() on the loop thread only;
// everything that is passed in runs there and must not block.
class Transport {
 public:
  using Done = std::function<void(TransportResult)>;

  virtual ~Transport() = default;

  // Runs `work` on the loop thread, soon, in the order of the calls.
  virtual void Post(std::function<void()> work) = 0;
  // Runs `work` on the loop thread after `delay`.
  virtual void After(Duration delay, std::function<void()> work) = 0;
  // Sends at once: whoever calls has already waited for limits. `done` runs exactly once, never
  // inside Start() itself.
  virtual void Start(HttpRequest request, Done done) = 0;
  // Fails every request under way with kCancelled and every later Start() likewise. Idempotent.
  virtual void Stop() = 0;
};

}  // namespace sluice
