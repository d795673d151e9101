// How long the run lock lies free while 8 processes want it: from the moment one has given it up to
// the moment another has it. One line: hand-overs, median, 99th percentile.
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <new>
#include <thread>
#include <vector>

#include "storage/run_lock.h"
#include "tests/support/temp_dir.h"

namespace sluice {
namespace {

constexpr int kProcesses = 8;
constexpr int kTurns = 25;  // of each
constexpr std::chrono::milliseconds kHeld{20};
constexpr std::chrono::milliseconds kElsewhere{60};  // less than what the others hold it together
constexpr std::chrono::seconds kPatience{60};

// In memory that the processes share.
struct Shared {
  std::atomic<std::int64_t> released_ns{0};
  std::atomic<pid_t> released_by{0};
  std::atomic<int> count{0};
  std::array<std::int64_t, kProcesses * kTurns> gaps_ns{};
};

std::int64_t NowNs() { return std::chrono::steady_clock::now().time_since_epoch().count(); }

int TakeTurns(Shared& shared, const std::filesystem::path& state_dir) {
  const SystemClock clock;
  for (int turn = 0; turn < kTurns; ++turn) {
    {
      auto lock = RunLock::Acquire(state_dir, clock, kPatience);
      const std::int64_t now = NowNs();
      if (!lock) return 1;
      if (const pid_t by = shared.released_by.load(); by != 0 && by != getpid()) {
        shared.gaps_ns.at(static_cast<std::size_t>(shared.count++)) = now - shared.released_ns;
      }
      std::this_thread::sleep_for(kHeld);
      shared.released_by = getpid();
      shared.released_ns = NowNs();
    }
    std::this_thread::sleep_for(kElsewhere);
  }
  return 0;
}

int Main() {
  const TempDir folder;
  void* memory =
      mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return 1;
  auto& shared = *new (memory) Shared;
  for (int i = 0; i < kProcesses; ++i) {
    if (fork() == 0) _exit(TakeTurns(shared, folder / ".sluice"));
  }
  bool all = true;
  for (int i = 0; i < kProcesses; ++i) {
    int status = 0;
    all = wait(&status) > 0 && status == 0 && all;
  }
  if (!all) {
    fmt::print(stderr, "lock_bench: a process did not get the lock\n");
    return 1;
  }
  std::vector<std::int64_t> gaps(shared.gaps_ns.begin(), shared.gaps_ns.begin() + shared.count);
  std::ranges::sort(gaps);
  const auto at = [&](std::size_t percent) {
    return static_cast<double>(gaps[(gaps.size() - 1) * percent / 100]) / 1e6;
  };
  fmt::print("{} processes, {} hand-overs: median {:.1f} ms, p99 {:.1f} ms, longest {:.1f} ms\n",
             kProcesses, gaps.size(), at(50), at(99), at(100));
  return 0;
}

}  // namespace
}  // namespace sluice

int main() { return sluice::Main(); }
