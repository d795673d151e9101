#include "stages/http/event_loop.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <system_error>
#include <utility>

namespace sluice {
namespace {

int OrThrow(int fd, const char* what) {
  if (fd < 0) throw std::system_error(errno, std::generic_category(), what);
  return fd;
}

// Sleeps with nanosecond resolution where the kernel can (5.11): rounding a 20 ms pace up to whole
// milliseconds would cost 2-3 % of the rate.
int WaitFor(int epoll_fd, epoll_event* events, int count, Duration timeout) {
  static std::atomic<bool> fine_timeouts = true;
  if (fine_timeouts) {
    const timespec spec{.tv_sec = timeout.count() / 1'000'000'000,
                        .tv_nsec = timeout.count() % 1'000'000'000};
    const int ready = epoll_pwait2(epoll_fd, events, count, &spec, nullptr);
    if (ready >= 0 || errno != ENOSYS) return ready;
    fine_timeouts = false;
  }
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(timeout);
  return epoll_wait(epoll_fd, events, count, static_cast<int>(ms.count()));
}

}  // namespace

EventLoop::EventLoop(OnSocket on_socket)
    : on_socket_(std::move(on_socket)),
      epoll_fd_(OrThrow(epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
      wake_fd_(OrThrow(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")) {
  Watch(wake_fd_, EPOLLIN);
}

EventLoop::~EventLoop() {
  close(wake_fd_);
  close(epoll_fd_);
}

void EventLoop::Post(Work work) {
  const bool wake = inbox_.With([&](Inbox& inbox) {
    inbox.posted.push_back(std::move(work));
    return std::exchange(inbox.sleeping, false);
  });
  if (wake) eventfd_write(wake_fd_, 1);
}

void EventLoop::Quit() {
  inbox_.With([](Inbox& inbox) {
    inbox.quit = true;
    inbox.sleeping = false;
  });
  eventfd_write(wake_fd_, 1);
}

void EventLoop::After(Duration delay, Work work) {
  const SteadyTime due = std::chrono::steady_clock::now() + std::max(delay, Duration::zero());
  timers_.push({.due = due, .order = timers_started_++, .work = std::move(work)});
}

void EventLoop::Watch(int fd, std::uint32_t events) {
  epoll_event event{.events = events, .data = {.fd = fd}};
  if (events == 0) {
    epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, fd, &event);
  } else if (epoll_ctl(epoll_fd_, EPOLL_CTL_MOD, fd, &event) != 0 && errno == ENOENT) {
    epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &event);
  }
}

void EventLoop::Run(const std::function<SteadyTime()>& after_each) {
  while (RunPosted()) {
    RunDueTimers();
    const SteadyTime deadline = after_each();
    Wait(timers_.empty() ? deadline : std::min(deadline, timers_.top().due));
  }
}

bool EventLoop::RunPosted() {
  bool quit = false;
  std::vector<Work> posted;
  inbox_.With([&](Inbox& inbox) {
    posted.swap(inbox.posted);
    quit = inbox.quit;
  });
  for (Work& work : posted) work();
  return !quit || !posted.empty();
}

void EventLoop::RunDueTimers() {
  const SteadyTime now = std::chrono::steady_clock::now();
  while (!timers_.empty() && timers_.top().due <= now) {
    // top() is const only to protect the order, which the pop below ends.
    Work work = std::move(const_cast<Timer&>(timers_.top()).work);
    timers_.pop();
    work();
  }
}

void EventLoop::Wait(SteadyTime deadline) {
  const bool may_sleep = inbox_.With([](Inbox& inbox) {
    inbox.sleeping = inbox.posted.empty() && !inbox.quit;
    return inbox.sleeping;
  });
  Duration timeout{0};
  if (may_sleep) {
    timeout = std::clamp<Duration>(deadline - std::chrono::steady_clock::now(), Duration::zero(),
                                   std::chrono::minutes(1));
  }
  std::array<epoll_event, 64> events;
  const int ready = WaitFor(epoll_fd_, events.data(), events.size(), timeout);
  inbox_.With([](Inbox& inbox) { inbox.sleeping = false; });
  for (int i = 0; i < ready; ++i) {
    if (events[i].data.fd == wake_fd_) {
      eventfd_t ignored;
      eventfd_read(wake_fd_, &ignored);
    } else {
      on_socket_(events[i].data.fd, events[i].events);
    }
  }
}

}  // namespace sluice
