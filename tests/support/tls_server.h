// A TLS front on loopback with a certificate as good or bad as a test wants; what comes through is
// handed to a plain server behind it, or to a function that speaks for itself.
#pragma once

#include <openssl/ssl.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "storage/base/guarded.h"
#include "tests/support/raw_server.h"
#include "tests/support/temp_dir.h"

namespace sluice {

struct TlsOptions {
  enum class Signer { kAuthority, kItself, kStranger };

  std::string address = "127.0.0.1";  // what the certificate is for
  int days_from = -1;                 // valid from then on, from now
  int days_to = 1;
  Signer signer = Signer::kAuthority;
  int version_max = TLS1_3_VERSION;
  std::string alpn;  // the one protocol that is spoken; empty: whatever is offered first
};

// Both ways between the client and a plain server on loopback, until one side has ended.
void RelayTo(int port, SSL* ssl);

class TlsServer {
 public:
  // `port` is that of the plain server on loopback, which speaks HTTP/1.1.
  explicit TlsServer(int port, TlsOptions options = {.alpn = "http/1.1"});
  // `speak` runs once per connection, each on a thread of its own, after the handshake.
  TlsServer(std::function<void(SSL*)> speak, TlsOptions options);

  std::string url() const { return "https://127.0.0.1:" + std::to_string(front_->port()); }
  // The authority whose certificates are to be trusted, as PEM.
  std::filesystem::path authority() const { return folder_ / "authority.pem"; }
  // What the last client offered to speak: "h2", "http/1.1".
  std::vector<std::string> offered() const;
  int connections() const { return front_->connections(); }

 private:
  void Serve(RawConnection& connection);
  static int OnAlpn(SSL* ssl, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* in, unsigned in_size, void* self);

  // Constant after construction.
  const std::function<void(SSL*)> speak_;
  const TlsOptions options_;
  const TempDir folder_;
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
  // Own synchronisation.
  Guarded<std::vector<std::string>> offered_;
  std::unique_ptr<RawServer> front_;  // last: its threads use the rest
};

}  // namespace sluice
