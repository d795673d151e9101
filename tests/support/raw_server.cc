#include "tests/support/raw_server.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <stdexcept>
#include <utility>

namespace sluice {

RawConnection::~RawConnection() { shutdown(fd_, SHUT_RDWR); }

std::string RawConnection::ReadRequest() {
  std::string text;
  std::size_t whole = std::string::npos;
  while (text.size() < whole) {
    char buffer[4096];
    const ssize_t got = recv(fd_, buffer, sizeof buffer, 0);
    if (got <= 0) return {};
    text.append(buffer, static_cast<std::size_t>(got));
    const auto head = text.find("\r\n\r\n");
    if (head == std::string::npos) continue;
    const auto length = text.find("Content-Length: ");
    const bool has_body = length < head;
    whole = head + 4 + (has_body ? std::strtoul(text.c_str() + length + 16, nullptr, 10) : 0);
  }
  return text;
}

bool RawConnection::Write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool RawConnection::Answer(std::string_view body, std::string_view status,
                           std::string_view more_headers) {
  std::string text = "HTTP/1.1 " + std::string(status) +
                     "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
  text.append(more_headers).append("\r\n").append(body);
  return Write(text);
}

void RawConnection::Reset() {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  // The number stays ours, so that the server can still close it; the connection ends now.
  const int null_socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  dup2(null_socket, fd_);
  close(null_socket);
}

RawServer::RawServer(Handler handler) : handler_(std::move(handler)) {
  listen_fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  socklen_t length = sizeof address;
  if (bind(listen_fd_, any, length) != 0 || listen(listen_fd_, 128) != 0 ||
      getsockname(listen_fd_, any, &length) != 0) {
    throw std::runtime_error("cannot listen on loopback");
  }
  port_ = ntohs(address.sin_port);
  acceptor_ = std::jthread([this] { AcceptLoop(); });
}

RawServer::~RawServer() {
  shutdown(listen_fd_, SHUT_RDWR);
  acceptor_.join();
  close(listen_fd_);
  auto threads = open_.With([](Open& open) {
    for (const int fd : open.fds) shutdown(fd, SHUT_RDWR);
    return std::exchange(open.threads, {});
  });
  threads.clear();
  open_.With([](Open& open) {
    for (const int fd : open.fds) close(fd);
  });
}

void RawServer::AcceptLoop() {
  for (;;) {
    const int fd = accept4(listen_fd_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    open_.With([&](Open& open) {
      ++open.accepted;
      open.fds.push_back(fd);
      open.threads.emplace_back([this, fd] {
        RawConnection connection(fd);
        handler_(connection);
      });
    });
  }
}

std::string RawServer::Url(std::string_view path) const {
  return "http://127.0.0.1:" + std::to_string(port_) + std::string(path);
}

int RawServer::connections() const {
  return open_.With([](const Open& open) { return open.accepted; });
}

}  // namespace sluice
