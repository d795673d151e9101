#include "pipeline/signals.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cstdint>

#include "storage/base/check.h"

namespace sluice {

SignalWatch::SignalWatch() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  SLUICE_CHECK(pthread_sigmask(SIG_BLOCK, &set, nullptr) == 0);
  signal(SIGPIPE, SIG_IGN);
  signals_ = UniqueFd(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  SLUICE_CHECK(signals_.get() >= 0);
}

int SignalWatch::Wait(std::chrono::milliseconds at_most, int fd) const {
  pollfd fds[2] = {{.fd = signals_.get(), .events = POLLIN, .revents = 0},
                   {.fd = fd, .events = POLLIN, .revents = 0}};
  if (poll(fds, 2, static_cast<int>(at_most.count())) <= 0) return 0;
  signalfd_siginfo info;
  if (read(signals_.get(), &info, sizeof info) != sizeof info) return 0;
  return static_cast<int>(info.ssi_signo);
}

Event::Event() : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) { SLUICE_CHECK(fd_.get() >= 0); }

void Event::Set() const {
  const std::uint64_t one = 1;
  SLUICE_CHECK(write(fd_.get(), &one, sizeof one) == sizeof one);
}

bool Event::IsSet() const {
  pollfd poll_fd{.fd = fd_.get(), .events = POLLIN, .revents = 0};
  return poll(&poll_fd, 1, 0) > 0;
}

}  // namespace sluice
