#include "storage/run_lock.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <optional>
#include <thread>

namespace sluice {
namespace {

using std::chrono::milliseconds;

std::string HolderText(const Clock& clock) {
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host[0] = '?';
  return fmt::format("pid {} since {:%Y-%m-%dT%H:%M:%SZ} host {}\n", ::getpid(),
                     fmt::gmtime(static_cast<std::time_t>(clock.WallNow() / 1000)), host.data());
}

std::string ReadHolder(int fd) {
  std::array<char, 512> buffer{};
  const ssize_t got = ::pread(fd, buffer.data(), buffer.size(), 0);
  std::string text(buffer.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
  return text.substr(0, text.find('\n'));
}

std::string Age(const std::string& since, const Clock& clock) {
  std::tm tm{};
  if (::strptime(since.c_str(), "%Y-%m-%dT%H:%M:%SZ", &tm) == nullptr) return "age unknown";
  const std::int64_t seconds = std::max<std::int64_t>(0, clock.WallNow() / 1000 - ::timegm(&tm));
  if (seconds < 120) return fmt::format("{} s", seconds);
  if (seconds < 7200) return fmt::format("{} min", seconds / 60);
  return fmt::format("{} h", seconds / 3600);
}

tl::unexpected<Error> Refusal(int fd, const std::string& path, const Clock& clock) {
  const std::string holder = ReadHolder(fd);
  const auto since = holder.find(" since ");
  const auto host = holder.find(" host ");
  // Empty for an instant: the holder has locked the file and not yet written its name.
  if (since == holder.npos || host == holder.npos || host < since) {
    return Fail(Code::kLocked, fmt::format("{}: locked by another run; wait for it", path));
  }
  const std::string when = holder.substr(since + 7, host - since - 7);
  return Fail(
      Code::kLocked,
      fmt::format("{}: locked by {}, running since {} ({}) on {}; wait for it or stop it", path,
                  holder.substr(0, since), when, Age(when, clock), holder.substr(host + 6)));
}

// The longest pause between two attempts: a lock that is given up lies free for half of it, and 20
// attempts a second cost nothing.
constexpr milliseconds kPauseMax{50};

// 0, or the errno of the last attempt.
int LockWithin(int fd, milliseconds wait) {
  milliseconds waited{0};
  for (milliseconds pause{10};; pause = std::min(pause * 2, kPauseMax)) {
    if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return 0;
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK || waited >= wait) return errno;
    pause = std::min(pause, wait - waited);
    std::this_thread::sleep_for(pause);
    waited += pause;
  }
}

}  // namespace

Result<RunLock> RunLock::Acquire(const std::filesystem::path& state_dir, const Clock& clock,
                                 milliseconds wait) {
  std::error_code error;
  const auto root = state_dir.parent_path();
  std::filesystem::create_directories(root.parent_path(), error);
  ::mkdir(root.c_str(), 0755);  // a failure shows in the next line
  if (::mkdir(state_dir.c_str(), 0700) != 0 && errno != EEXIST) {
    return DiskError(errno, "create folder", state_dir.string());
  }
  const std::string path = (state_dir / "lock").string();
  const UniqueFd folder(::open(state_dir.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!folder) return DiskError(errno, "open folder", state_dir.string());
  UniqueFd fd = OpenBeneath(folder.get(), "lock", O_RDWR | O_CREAT | O_NONBLOCK, 0600);
  if (!fd) return DiskError(errno, "open", path);
  const int failed = LockWithin(fd.get(), wait);
  if (failed == EWOULDBLOCK) return Refusal(fd.get(), path, clock);
  if (failed != 0) return DiskError(failed, "lock", path);
  const std::string holder = HolderText(clock);
  if (::fchmod(fd.get(), 0600) != 0 || ::ftruncate(fd.get(), 0) != 0 ||
      ::pwrite(fd.get(), holder.data(), holder.size(), 0) != static_cast<ssize_t>(holder.size())) {
    return DiskError(errno, "write", path);
  }
  return RunLock(std::move(fd));
}

std::optional<std::string> RunLockHolder(const std::filesystem::path& state_dir) {
  const UniqueFd fd(
      ::open((state_dir / "lock").c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
  if (!fd) return std::nullopt;
  // Shared, and given back at once with the descriptor: two that look do not see each other.
  if (::flock(fd.get(), LOCK_SH | LOCK_NB) == 0 || errno != EWOULDBLOCK) return std::nullopt;
  return ReadHolder(fd.get());
}

}  // namespace sluice
