#include "stages/http/event_loop.h"

#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

namespace sluice {
namespace {

int OrThrow(int fd, const char* what) {
  if (fd < 0) throw std::system_error(errno, std::generic_category(), what);
  return fd;
}

// Asks for short turns of the CPU, since a thread that does so gets them sooner (Linux 6.12): woken
// on two CPUs at load 11 it ran 0.6 ms later instead of 1.1 ms. Where the kernel does not know that
// nothing changes. The C library has neither the calls nor the structure.
void AskForShortTurns() {
  struct {
    std::uint32_t size;
    std::uint32_t policy;
    std::uint64_t flags;
    std::int32_t nice;
    std::uint32_t priority;
    std::uint64_t turn_ns;
    std::uint64_t deadline_ns;
    std::uint64_t period_ns;
  } attributes{};
  if (syscall(SYS_sched_getattr, 0, &attributes, sizeof attributes, 0) != 0) return;
  constexpr std::uint32_t kNormal = 0;  // SCHED_OTHER; elsewhere the numbers mean something else
  if (attributes.policy != kNormal) return;
  attributes.turn_ns = 100'000;  // the shortest that there is
  syscall(SYS_sched_setattr, 0, &attributes, 0);
}

}  // namespace

EventLoop::EventLoop(OnSocket on_socket)
    : on_socket_(std::move(on_socket)),
      epoll_fd_(OrThrow(epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
      wake_fd_(OrThrow(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")),
      alarm_fd_(OrThrow(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK), "timerfd")) {
  Watch(wake_fd_, EPOLLIN);
  Watch(alarm_fd_, EPOLLIN);
}

EventLoop::~EventLoop() {
  close(alarm_fd_);
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
  AskForShortTurns();
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

// Sets the alarm anew, which also takes back one that has gone off. 0 would switch it off. So long
// from now, not at a time: where something makes this process believe in another clock
// (libfaketime), the kernel has not heard of it.
void EventLoop::SetAlarm(SteadyTime deadline) {
  if (deadline == alarm_) return;
  alarm_ = deadline;
  const Duration wait =
      deadline == SteadyTime::max()
          ? Duration::zero()
          : std::max<Duration>(deadline - std::chrono::steady_clock::now(), Duration(1));
  const auto seconds = std::chrono::floor<std::chrono::seconds>(wait);
  const itimerspec spec{
      .it_interval = {},
      .it_value = {.tv_sec = seconds.count(), .tv_nsec = (wait - seconds).count()}};
  timerfd_settime(alarm_fd_, 0, &spec, nullptr);
}

void EventLoop::Wait(SteadyTime deadline) {
  const bool may_sleep = inbox_.With([](Inbox& inbox) {
    inbox.sleeping = inbox.posted.empty() && !inbox.quit;
    return inbox.sleeping;
  });
  const bool due = deadline <= std::chrono::steady_clock::now();
  if (may_sleep && !due) SetAlarm(deadline);
  std::array<epoll_event, 64> events;
  const int ready = epoll_wait(epoll_fd_, events.data(), events.size(), may_sleep && !due ? -1 : 0);
  inbox_.With([](Inbox& inbox) { inbox.sleeping = false; });
  for (int i = 0; i < ready; ++i) {
    if (events[i].data.fd == wake_fd_) {
      eventfd_t ignored;
      eventfd_read(wake_fd_, &ignored);
    } else if (events[i].data.fd == alarm_fd_) {
      SetAlarm(SteadyTime::max());
    } else {
      on_socket_(events[i].data.fd, events[i].events);
    }
  }
}

}  // namespace sluice
