#include "tests/sim/server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <stdexcept>
#include <thread>
#include <unordered_map>

#include "tests/sim/http_parser.h"

namespace sluice::sim {
namespace {

using SteadyClock = std::chrono::steady_clock;
using Time = SteadyClock::time_point;

constexpr int kWorkers = 2;
constexpr auto kDripInterval = std::chrono::milliseconds(500);

// One client. It reads a request, answers it, and only then looks at the next one.
struct Connection {
  enum class State { kReading, kDelaying, kWriting, kDripping };

  int fd = -1;
  std::uint64_t serial = 0;  // tells a reused descriptor from its former owner in the timer queue
  State state = State::kReading;
  std::string in;
  std::string out;
  std::size_t written = 0;
  std::uint32_t interest = EPOLLIN;
  HttpRequest request;
  HttpResponse response;
  Time arrived;
};

struct Timer {
  Time due;
  int fd = -1;
  std::uint64_t serial = 0;
  bool operator>(const Timer& other) const { return due > other.due; }
};

// One epoll thread and the connections that were given to it. Everything is on its thread only,
// but Adopt(), which the accepting thread calls.
class Worker {
 public:
  explicit Worker(const ServerEvents& events)
      : events_(events), epoll_(epoll_create1(EPOLL_CLOEXEC)), wake_(eventfd(0, EFD_CLOEXEC)) {
    epoll_event event{.events = EPOLLIN, .data = {.fd = wake_}};
    epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &event);
    thread_ = std::jthread([this] { Loop(); });
  }
  ~Worker() {
    eventfd_write(wake_, 1);
    thread_.join();
    for (auto& [fd, connection] : connections_) close(fd);
    close(epoll_);
    close(wake_);
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // epoll_ctl is thread-safe; the connection itself comes into being on the worker's thread.
  void Adopt(int fd) {
    epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
    epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
  }

 private:
  void Loop();
  void Ready(int fd, std::uint32_t events);
  void Read(Connection& connection);
  void NextRequest(Connection& connection);
  void StartAnswer(Connection& connection);
  void Write(Connection& connection);
  void Written(Connection& connection);
  void Drip(Connection& connection);
  void Wait(Connection& connection, Time due) {
    timers_.push({.due = due, .fd = connection.fd, .serial = connection.serial});
  }
  void RunTimers();
  int MsToNextTimer() const;
  void Watch(Connection& connection, std::uint32_t interest);
  void Close(Connection& connection);
  void Reset(Connection& connection);

  const ServerEvents& events_;
  const int epoll_;
  const int wake_;
  std::unordered_map<int, std::unique_ptr<Connection>> connections_;
  std::priority_queue<Timer, std::vector<Timer>, std::greater<>> timers_;
  std::uint64_t serials_ = 0;
  std::jthread thread_;
};

void Worker::Loop() {
  std::array<epoll_event, 128> events;
  while (true) {
    const int count = epoll_wait(epoll_, events.data(), events.size(), MsToNextTimer());
    for (int i = 0; i < count; ++i) {
      if (events[i].data.fd == wake_) return;
      Ready(events[i].data.fd, events[i].events);
    }
    RunTimers();
  }
}

void Worker::Ready(int fd, std::uint32_t events) {
  auto& slot = connections_[fd];
  if (!slot) {
    slot = std::make_unique<Connection>();
    slot->fd = fd;
    slot->serial = ++serials_;
  }
  Connection& connection = *slot;
  if (events & (EPOLLERR | EPOLLHUP)) return Close(connection);
  if (events & EPOLLIN) return Read(connection);
  if (events & EPOLLOUT) Write(connection);
}

void Worker::Read(Connection& connection) {
  thread_local std::array<char, 64 << 10> buffer;
  const ssize_t count = recv(connection.fd, buffer.data(), buffer.size(), 0);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count <= 0) return Close(connection);
  connection.in.append(buffer.data(), count);
  // While an answer is under way, pipelined bytes wait in the kernel.
  if (connection.state == Connection::State::kReading) return NextRequest(connection);
  Watch(connection, 0);
}

void Worker::NextRequest(Connection& connection) {
  const Parse parse = TakeRequest(connection.in, connection.request);
  if (parse == Parse::kNeedMore) return Watch(connection, EPOLLIN);
  if (parse == Parse::kMalformed) return Close(connection);
  connection.arrived = SteadyClock::now();
  connection.response = events_.handle(connection.request);
  if (connection.response.delay.count() == 0) return StartAnswer(connection);
  connection.state = Connection::State::kDelaying;
  Watch(connection, EPOLLIN);
  Wait(connection, connection.arrived + connection.response.delay);
}

void Worker::StartAnswer(Connection& connection) {
  const HttpResponse& response = connection.response;
  const std::chrono::duration<double, std::milli> took = SteadyClock::now() - connection.arrived;
  events_.answered(connection.request, response.status, took.count());
  connection.out = ResponseHead(response, connection.request.keep_alive);
  connection.written = 0;
  connection.state = Connection::State::kWriting;
  switch (response.delivery) {
    case Delivery::kWhole:
      connection.out += response.body;
      break;
    case Delivery::kReset:
    case Delivery::kTruncate:
      connection.out.append(response.body, 0, response.body.size() / 2);
      break;
    case Delivery::kDrip:
      break;
  }
  Write(connection);
}

void Worker::Write(Connection& connection) {
  while (connection.written < connection.out.size()) {
    const ssize_t count = send(connection.fd, connection.out.data() + connection.written,
                               connection.out.size() - connection.written, MSG_NOSIGNAL);
    if (count < 0 && errno == EAGAIN) return Watch(connection, EPOLLOUT);
    if (count < 0) return Close(connection);
    connection.written += count;
  }
  Written(connection);
}

void Worker::Written(Connection& connection) {
  if (connection.response.delivery == Delivery::kReset) return Reset(connection);
  if (connection.response.delivery == Delivery::kTruncate) return Close(connection);
  if (connection.response.delivery == Delivery::kDrip && !connection.response.body.empty()) {
    connection.state = Connection::State::kDripping;
    Watch(connection, EPOLLIN);
    return Wait(connection, SteadyClock::now() + kDripInterval);
  }
  if (!connection.request.keep_alive) return Close(connection);
  connection.state = Connection::State::kReading;
  connection.response = {};
  NextRequest(connection);
}

void Worker::Drip(Connection& connection) {
  connection.out.assign(1, connection.response.body.front());
  connection.response.body.erase(0, 1);
  connection.written = 0;
  Write(connection);
}

void Worker::RunTimers() {
  const Time now = SteadyClock::now();
  while (!timers_.empty() && timers_.top().due <= now) {
    const Timer timer = timers_.top();
    timers_.pop();
    const auto found = connections_.find(timer.fd);
    if (found == connections_.end() || found->second->serial != timer.serial) continue;
    Connection& connection = *found->second;
    if (connection.state == Connection::State::kDelaying)
      StartAnswer(connection);
    else if (connection.state == Connection::State::kDripping)
      Drip(connection);
  }
}

int Worker::MsToNextTimer() const {
  if (timers_.empty()) return -1;
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(timers_.top().due - SteadyClock::now());
  return left.count() < 0 ? 0 : static_cast<int>(left.count());
}

void Worker::Watch(Connection& connection, std::uint32_t interest) {
  if (connection.interest == interest) return;
  connection.interest = interest;
  epoll_event event{.events = interest, .data = {.fd = connection.fd}};
  epoll_ctl(epoll_, EPOLL_CTL_MOD, connection.fd, &event);
}

void Worker::Close(Connection& connection) {
  const int fd = connection.fd;
  connections_.erase(fd);
  close(fd);
}

void Worker::Reset(Connection& connection) {
  // Closing with a linger time of zero sends RST instead of FIN (socket(7)).
  const linger now{.l_onoff = 1, .l_linger = 0};
  setsockopt(connection.fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  Close(connection);
}

}  // namespace

Server::Server(int port, ServerEvents events)
    : events_(std::move(events)), listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const int on = 1;
  setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      listen(listener_, 1024) != 0) {
    throw std::runtime_error("cannot listen on 127.0.0.1:" + std::to_string(port));
  }
  getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
}

Server::~Server() { close(listener_); }

void Server::Run(int stop_fd) {
  std::array<std::unique_ptr<Worker>, kWorkers> workers;
  for (auto& worker : workers) worker = std::make_unique<Worker>(events_);
  std::array<pollfd, 2> waits{{{.fd = listener_, .events = POLLIN, .revents = 0},
                               {.fd = stop_fd, .events = POLLIN, .revents = 0}}};
  for (std::size_t next = 0;;) {
    if (poll(waits.data(), waits.size(), -1) < 0) continue;
    if (waits[1].revents != 0) return;
    if (waits[0].revents == 0) continue;
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) continue;
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    workers[next++ % kWorkers]->Adopt(fd);
  }
}

}  // namespace sluice::sim
