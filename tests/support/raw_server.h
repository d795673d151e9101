// A TCP server on loopback that says exactly what a test wants on the wire, bytes and breaks alike.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "storage/base/guarded.h"

namespace sluice {

// One accepted connection. Only on the thread that its handler runs on.
class RawConnection {
 public:
  explicit RawConnection(int fd) : fd_(fd) {}
  ~RawConnection();
  RawConnection(const RawConnection&) = delete;
  RawConnection& operator=(const RawConnection&) = delete;

  // Head and body of the next request; empty when the client has closed.
  std::string ReadRequest();
  // False when the client has gone.
  bool Write(std::string_view bytes);
  // A whole answer with Content-Length.
  bool Answer(std::string_view body, std::string_view status = "200 OK",
              std::string_view more_headers = "");
  // For protocols that speak for themselves.
  int fd() const { return fd_; }
  // Ends the connection with RST instead of FIN.
  void Reset();

 private:
  int fd_;
};

// Owns its threads; the destructor breaks what is open and joins.
class RawServer {
 public:
  using Handler = std::function<void(RawConnection&)>;

  // `handler` runs once per connection, each on a thread of its own.
  explicit RawServer(Handler handler);
  ~RawServer();

  int port() const { return port_; }
  // "http://127.0.0.1:PORT" + path
  std::string Url(std::string_view path = "/") const;
  int connections() const;

 private:
  void AcceptLoop();

  const Handler handler_;
  int listen_fd_ = -1;
  int port_ = 0;
  struct Open {
    std::vector<int> fds;
    std::vector<std::jthread> threads;
    int accepted = 0;
  };
  mutable Guarded<Open> open_;
  std::jthread acceptor_;
};

}  // namespace sluice
