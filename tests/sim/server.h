// A small HTTP/1.1 server for tests: two epoll threads, keep-alive, any number of connections, and
// the wire faults that server libraries do not offer (RST in mid body, a short body, a drip).
//
// Thread rule: Run() blocks; the handler is called from several threads at once.
// Memory: one buffer per open connection; nothing per request is kept.
#pragma once

#include <functional>
#include <string>

#include "tests/sim/http_message.h"

namespace sluice::sim {

struct ServerEvents {
  // Answers a request. Called at once when the request has arrived in full.
  std::function<HttpResponse(const HttpRequest&)> handle;
  // Called when the answer (after its delay) is about to be sent, `ms` after the request came.
  std::function<void(const HttpRequest&, int status, double ms)> answered;
};

class Server {
 public:
  // Binds 127.0.0.1; port 0 takes a free one. Throws std::runtime_error when it cannot.
  Server(int port, ServerEvents events);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  int port() const { return port_; }
  // Serves until `stop_fd` becomes readable.
  void Run(int stop_fd);

 private:
  // Constant after construction.
  ServerEvents events_;
  int listener_ = -1;
  int port_ = 0;
};

}  // namespace sluice::sim
