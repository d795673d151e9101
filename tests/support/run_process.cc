#include "tests/support/run_process.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "tests/support/child_process.h"

namespace sluice {
namespace {

using SteadyClock = std::chrono::steady_clock;

// Appends what can be read; false at the end of the stream.
bool Drain(int fd, std::string& text) {
  std::array<char, 64 << 10> buffer;
  const ssize_t count = read(fd, buffer.data(), buffer.size());
  if (count > 0) text.append(buffer.data(), count);
  return count > 0;
}

int MsUntil(SteadyClock::time_point due) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(due - SteadyClock::now());
  return static_cast<int>(std::max<std::int64_t>(left.count(), 0));
}

// Writes a piece of the input; an input that nobody reads any more is dropped.
void Feed(ChildProcess& child, std::string_view& input) {
  const ssize_t count = write(child.in(), input.data(), std::min<std::size_t>(input.size(), 4096));
  input.remove_prefix(count > 0 ? count : input.size());
  if (input.empty()) child.CloseIn();
}

}  // namespace

ProcessResult RunProcess(const Command& command) {
  signal(SIGPIPE, SIG_IGN);
  ChildProcess child({.args = command.args,
                      .environment = command.environment,
                      .working_folder = command.working_folder});
  ProcessResult result;
  const auto start = SteadyClock::now();
  const auto deadline = start + command.deadline;
  auto kill_at = command.kill_after ? start + *command.kill_after : SteadyClock::time_point::max();
  std::string_view input = command.input;
  if (input.empty()) child.CloseIn();
  std::array<pollfd, 3> waits{{{.fd = child.out(), .events = POLLIN, .revents = 0},
                               {.fd = child.err(), .events = POLLIN, .revents = 0},
                               {.fd = child.in(), .events = POLLOUT, .revents = 0}}};
  while (waits[0].fd >= 0 || waits[1].fd >= 0) {
    poll(waits.data(), waits.size(), MsUntil(std::min(deadline, kill_at)));
    if (SteadyClock::now() >= kill_at) {
      child.Kill(command.kill_signal);
      kill_at = SteadyClock::time_point::max();
    }
    if (SteadyClock::now() >= deadline) {
      result.timed_out = true;
      child.Kill(SIGKILL);
      break;
    }
    if (waits[0].revents != 0 && !Drain(child.out(), result.out)) waits[0].fd = -1;
    if (waits[1].revents != 0 && !Drain(child.err(), result.err)) waits[1].fd = -1;
    if (waits[2].revents != 0) Feed(child, input);
    waits[2].fd = child.in();
    waits[2].revents = 0;
  }
  result.exit_code = child.Wait();
  return result;
}

}  // namespace sluice
