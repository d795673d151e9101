#include "tests/support/tls_server.h"

#include <arpa/inet.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <stdexcept>
#include <utility>

namespace sluice {
namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

Key NewKey() { return {EVP_EC_gen("P-256"), &EVP_PKEY_free}; }

void AddExtension(X509* certificate, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

void SetName(X509_NAME* to, const std::string& name) {
  X509_NAME_add_entry_by_txt(to, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
}

struct Identity {
  Key key{nullptr, &EVP_PKEY_free};
  Certificate certificate{nullptr, &X509_free};
};

// Signed by `signer`; by itself where that is nullptr.
Identity NewIdentity(const std::string& name, const TlsOptions& options, const Identity* signer,
                     bool is_authority) {
  Identity made{.key = NewKey(), .certificate = {X509_new(), &X509_free}};
  X509* const x = made.certificate.get();
  X509_set_version(x, X509_VERSION_3);
  static long serial = 0;
  ASN1_INTEGER_set(X509_get_serialNumber(x), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(x), options.days_from * 86'400L);
  X509_gmtime_adj(X509_getm_notAfter(x), options.days_to * 86'400L);
  X509_set_pubkey(x, made.key.get());
  SetName(X509_get_subject_name(x), name);
  const Identity& by = signer == nullptr ? made : *signer;
  X509_set_issuer_name(x, X509_get_subject_name(by.certificate.get()));
  AddExtension(x, NID_basic_constraints, is_authority ? "critical,CA:TRUE" : "CA:FALSE");
  in_addr ignored;
  const bool is_ip = inet_pton(AF_INET, options.address.c_str(), &ignored) == 1;
  if (!is_authority) {
    AddExtension(x, NID_subject_alt_name, (is_ip ? "IP:" : "DNS:") + options.address);
  }
  if (X509_sign(x, by.key.get(), EVP_sha256()) == 0) throw std::runtime_error("cannot sign");
  return made;
}

void WritePem(const std::filesystem::path& path, X509* certificate) {
  std::unique_ptr<FILE, decltype(&fclose)> file(fopen(path.c_str(), "w"), &fclose);
  if (!file || PEM_write_X509(file.get(), certificate) != 1) {
    throw std::runtime_error("cannot write " + path.string());
  }
}

int Connect(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return fd;
  close(fd);
  return -1;
}

void Relay(SSL* ssl, int plain) {
  std::array<char, 16 << 10> buffer;
  pollfd both[] = {{.fd = SSL_get_fd(ssl), .events = POLLIN, .revents = 0},
                   {.fd = plain, .events = POLLIN, .revents = 0}};
  while (SSL_pending(ssl) > 0 || poll(both, 2, -1) > 0) {
    if (SSL_pending(ssl) > 0 || both[0].revents != 0) {
      const int got = SSL_read(ssl, buffer.data(), buffer.size());
      if (got <= 0 || send(plain, buffer.data(), static_cast<std::size_t>(got), MSG_NOSIGNAL) < 0) {
        return;
      }
    }
    if (both[1].revents != 0) {
      const ssize_t got = recv(plain, buffer.data(), buffer.size(), 0);
      if (got <= 0 || SSL_write(ssl, buffer.data(), static_cast<int>(got)) <= 0) return;
    }
    both[0].revents = both[1].revents = 0;
  }
}

}  // namespace

void RelayTo(int port, SSL* ssl) {
  const int plain = Connect(port);
  if (plain < 0) return;
  Relay(ssl, plain);
  close(plain);
}

TlsServer::TlsServer(int port, TlsOptions options)
    : TlsServer([port](SSL* ssl) { RelayTo(port, ssl); }, std::move(options)) {}

TlsServer::TlsServer(std::function<void(SSL*)> speak, TlsOptions options)
    : speak_(std::move(speak)),
      options_(std::move(options)),
      context_(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free) {
  // OpenSSL writes to connections that the client has closed.
  std::signal(SIGPIPE, SIG_IGN);
  const Identity authority = NewIdentity("a test's authority", {}, nullptr, true);
  const Identity stranger = NewIdentity("another authority", {}, nullptr, true);
  const Identity* const signer = options_.signer == TlsOptions::Signer::kItself     ? nullptr
                                 : options_.signer == TlsOptions::Signer::kStranger ? &stranger
                                                                                    : &authority;
  const Identity own = NewIdentity("a test's server", options_, signer, false);
  WritePem(this->authority(), authority.certificate.get());

  SSL_CTX* const context = context_.get();
  SSL_CTX_set_security_level(context, 0);  // lets the old versions be spoken
  SSL_CTX_set_min_proto_version(context, 0);
  SSL_CTX_set_max_proto_version(context, options_.version_max);
  SSL_CTX_set_alpn_select_cb(context, &TlsServer::OnAlpn, this);
  if (SSL_CTX_use_certificate(context, own.certificate.get()) != 1 ||
      SSL_CTX_use_PrivateKey(context, own.key.get()) != 1) {
    throw std::runtime_error("cannot use the certificate");
  }
  front_ = std::make_unique<RawServer>([this](RawConnection& connection) { Serve(connection); });
}

void TlsServer::Serve(RawConnection& connection) {
  const std::unique_ptr<SSL, decltype(&SSL_free)> ssl(SSL_new(context_.get()), &SSL_free);
  SSL_set_fd(ssl.get(), connection.fd());
  if (SSL_accept(ssl.get()) == 1) speak_(ssl.get());
}

int TlsServer::OnAlpn(SSL*, const unsigned char** out, unsigned char* out_size,
                      const unsigned char* in, unsigned in_size, void* self) {
  auto& server = *static_cast<TlsServer*>(self);
  std::vector<std::string> offered;
  int result = SSL_TLSEXT_ERR_ALERT_FATAL;
  for (unsigned at = 0; at < in_size; at += 1u + in[at]) {
    offered.emplace_back(reinterpret_cast<const char*>(in) + at + 1, in[at]);
    const bool chosen = server.options_.alpn.empty() || server.options_.alpn == offered.back();
    if (result == SSL_TLSEXT_ERR_OK || !chosen) continue;
    *out = in + at + 1;
    *out_size = in[at];
    result = SSL_TLSEXT_ERR_OK;
  }
  server.offered_.With([&](auto& slot) { slot = std::move(offered); });
  return result;
}

std::vector<std::string> TlsServer::offered() const {
  return offered_.With([](const auto& offered) { return offered; });
}

}  // namespace sluice
