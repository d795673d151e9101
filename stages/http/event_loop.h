// One thread's loop: posted work, timers and sockets (epoll + eventfd + timerfd).
//
// A timerfd, because the time-out of epoll is rounded: whole milliseconds would cost 2-3 % of a
// pace of 50/s; the nanoseconds of epoll_pwait2 come with a slack of 50 us, which is 0.25 %.
//
// Thread-safe: Post() and Quit(). Everything else on the thread that calls Run().
#pragma once

#include <sys/epoll.h>

#include <cstdint>
#include <functional>
#include <queue>
#include <vector>

#include "storage/base/clock.h"
#include "storage/base/guarded.h"

namespace sluice {

class EventLoop {
 public:
  using Work = std::function<void()>;
  // Called with the socket and its epoll events.
  using OnSocket = std::function<void(int fd, std::uint32_t events)>;

  // Throws std::system_error when the process is out of file descriptors.
  explicit EventLoop(OnSocket on_socket);
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // Runs `work` on the loop, in the order of the calls. One eventfd write wakes the loop for all
  // that is posted while it sleeps; none is needed while it is awake.
  void Post(Work work);
  // Runs `work` once, not before `delay` has passed. Equal deadlines keep their order.
  void After(Duration delay, Work work);
  // Watches `fd` for EPOLLIN/EPOLLOUT; 0 forgets it. A closed socket may be forgotten too.
  void Watch(int fd, std::uint32_t events);

  // Returns after Quit(), when nothing posted is left. Timers that are not due are dropped.
  // `after_each` runs after each round and returns when it wants the next one at the latest.
  void Run(const std::function<SteadyTime()>& after_each);
  void Quit();

 private:
  struct Timer {
    SteadyTime due;
    std::uint64_t order;
    Work work;
    bool operator<(const Timer& other) const {  // std::priority_queue keeps the largest on top
      return due != other.due ? due > other.due : order > other.order;
    }
  };
  struct Inbox {
    std::vector<Work> posted;
    bool sleeping = false;
    bool quit = false;
  };

  bool RunPosted();  // false: Quit() was called and nothing is left
  void RunDueTimers();
  void SetAlarm(SteadyTime deadline);
  void Wait(SteadyTime deadline);

  const OnSocket on_socket_;
  const int epoll_fd_;
  const int wake_fd_;
  const int alarm_fd_;
  // Own synchronisation.
  Guarded<Inbox> inbox_;
  // Only on the loop thread.
  std::priority_queue<Timer> timers_;
  std::uint64_t timers_started_ = 0;
  SteadyTime alarm_ = SteadyTime::max();  // max: not set
};

}  // namespace sluice
