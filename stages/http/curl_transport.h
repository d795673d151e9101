// Transport over libcurl: one loop thread named "curl" runs every transfer and every timer.
//
// HTTP/2 over TLS where the server chooses it (ALPN), else HTTP/1.1; http:// is HTTP/1.1. The first
// requests to a server wait until it has chosen, and then share one connection, as far as it lets
// them (MAX_CONCURRENT_STREAMS, 100 at most). Each stream has its own timeouts and limits, and one
// that ends by them leaves the others alone.
//
// A status of 2xx does not prove that the body is whole: libcurl before 8.0 reports one that was
// cut by RST_STREAM(NO_ERROR), or by a GOAWAY that does not take its stream, as complete, often as
// empty (fixed by curl 48cd032623 and 544a7f804d), and any libcurl one that ends with an HTTP/1.1
// connection. Only a declared Content-Length is checked. So whoever reads a body reads all of it,
// and takes neither nothing nor a bare number for a whole answer.
//
// libcurl sends a request again by itself, five times at most, a POST too: when a kept or shared
// connection turns out to be dead before the first byte of its answer, and when the server says
// that it has not looked at it (REFUSED_STREAM, or a GOAWAY that does not take it). An export only
// reads (its POSTs are searches and queries), so that is safe; what is not has HttpRequest::once.
// Streams that one GOAWAY turns away open a connection each, as they would over HTTP/1.1.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "stages/http/transport.h"

namespace sluice {

enum class PlainHttp {
  kLoopbackOnly,  // http:// is refused for any host that is not this machine
  kAllowed,       // the user asked for it: credentials go over the network unencrypted
};

struct CurlOptions {
  // Requests that may be under way at once; sizes the connection pool. A pool smaller than that
  // costs a new TLS handshake per request: measured 32k -> 1k requests/s.
  int in_flight_max = 64;
  PlainHttp plain_http = PlainHttp::kLoopbackOnly;
  // URL of a proxy; empty: none. The environment's http_proxy and its kin are never read.
  std::string proxy;
  // PEM file of the authorities to trust; empty: the system's.
  std::string ca_file;
  std::chrono::milliseconds connect_timeout{10'000};
  // A transfer slower than this for that long is given up.
  int low_speed_bytes_per_second = 100;
  std::chrono::seconds low_speed_time{30};
  // Where answers go that are too long for memory; it must outlive the transport. nullptr: they
  // stay in memory.
  const SpillDir* spill = nullptr;
  // Of one answer's header lines together, redirects apart.
  std::size_t header_bytes_max = 64u << 10;
};

// CURL_CA_BUNDLE, else SSL_CERT_FILE; empty where neither is set. The curl command reads them;
// libcurl does not, and a proxy that opens TLS cannot be used without.
std::string CaFileOfEnvironment();

// Thread rule: see Transport. The destructor may run on any thread but the loop's own: it stops,
// lets every `done` run, drops timers that are not due and joins the thread.
class CurlTransport final : public Transport {
 public:
  // Throws std::runtime_error when libcurl or the process is out of resources.
  explicit CurlTransport(CurlOptions options);
  ~CurlTransport() override;

  void Post(std::function<void()> work) override;
  void After(Duration delay, std::function<void()> work) override;
  void Start(HttpRequest request, Done done) override;
  void Stop() override;

 private:
  class Loop;
  std::unique_ptr<Loop> loop_;
};

}  // namespace sluice
