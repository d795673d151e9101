// A server on loopback that speaks HTTP/2 over TLS with real frames, and breaks it exactly where a
// test wants it broken.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "stages/http/transport.h"
#include "tests/support/tls_server.h"

namespace sluice {

// RFC 9113, section 7.
inline constexpr std::uint32_t kNoError = 0;
inline constexpr std::uint32_t kInternalError = 2;
inline constexpr std::uint32_t kRefusedStream = 7;
inline constexpr std::uint32_t kCancel = 8;
inline constexpr std::uint32_t kEnhanceYourCalm = 11;

struct H2Request {
  std::string method;
  std::string path;                 // with the query
  std::vector<HttpHeader> headers;  // names in lower case; no pseudo-headers
  std::string body;
  int connection = 1;  // of the server, 1-based
};

// What is done to one answer after a part of it has been sent.
struct H2Fault {
  enum class Then {
    kNothing,  // no fault: the whole answer
    kReset,    // RST_STREAM with `code`
    kGoAway,   // GOAWAY with `code` whose last stream is this one; those that it takes are answered
    kGoAwayAndClose,  // the same, and the connection ends
    kRefuseAll,  // GOAWAY with `code` that takes none of the streams under way; the end follows
    kClose,      // the connection ends without a word
    kSilence,    // nothing more ever comes on this stream
  };
  Then then = Then::kNothing;
  std::uint32_t code = kNoError;
  std::optional<std::size_t> body_bytes;  // sent before; nullopt: not even the headers
};

struct H2Answer {
  int status = 200;
  std::vector<HttpHeader> headers;
  std::string body;
  H2Fault fault;
};

struct H2Options {
  // Nothing is answered on the first connection until so many requests wait there.
  int gather = 1;
  std::uint32_t streams_max = 100;  // SETTINGS_MAX_CONCURRENT_STREAMS
  // Who does not offer h2 speaks HTTP/1.1 with this server on loopback; 0: is refused.
  int http1_port = 0;
};

class H2Server {
 public:
  // One thread per connection, on which requests are answered in the order of their arrival.
  using Handler = std::function<H2Answer(const H2Request&)>;

  explicit H2Server(Handler handler, H2Options options = {});

  std::string url() const { return front_.url(); }
  std::filesystem::path authority() const { return front_.authority(); }
  int connections() const { return front_.connections(); }
  // That have come whole, over HTTP/2.
  int requests() const { return requests_; }

 private:
  void Speak(SSL* ssl);

  // Constant after construction.
  const Handler handler_;
  const H2Options options_;
  // Own synchronisation.
  std::atomic<int> requests_ = 0;
  std::atomic<int> sessions_ = 0;
  TlsServer front_;  // last: its threads use the rest
};

// Asks a plain server on loopback the same, and takes what it answers.
H2Answer ForwardTo(int port, const H2Request& request);

}  // namespace sluice
