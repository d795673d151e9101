#include "storage/beneath.h"

#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace sluice {
namespace {

std::string_view NextStep(int error_number) {
  switch (error_number) {
    case ENOSPC:
    case EDQUOT:
      return "free space or inodes and run again";
    case EFBIG:
      return "raise the file size limit (ulimit -f) and run again";
    case EACCES:
    case EPERM:
    case EROFS:
      return "make it writable or choose another folder";
    case EMFILE:
    case ENFILE:
      return "raise the limit of open files (ulimit -n) and run again";
    case ELOOP:
    case ENOTDIR:
    case EEXIST:
      return "something stands in the way; move it and run again";
    default:
      return "check the disk and run again";
  }
}

}  // namespace

Status CheckOutputPath(std::string_view path) {
  const auto refuse = [&](std::string_view why) {
    return Fail(Code::kInvalid, fmt::format("output path '{}' {}", path, why));
  };
  if (path.empty()) return refuse("is empty");
  if (path.find('\0') != path.npos) return refuse("holds a NUL byte");
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view segment = path.substr(begin, end - begin);
    if (segment.empty()) return refuse("is absolute or has an empty segment");
    if (segment == "." || segment == "..") return refuse("has a '.' or '..' segment");
    if (begin == 0 && segment == ".sluice") return refuse("lies inside sluice's own folder");
    begin = end + 1;
  }
  return {};
}

UniqueFd OpenBeneath(int folder, const std::string& path, int flags, mode_t mode) {
  open_how how{};
  how.flags = static_cast<unsigned>(flags | O_CLOEXEC);
  how.mode = mode;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  const auto fd = ::syscall(SYS_openat2, folder, path.c_str(), &how, sizeof how);
  // Older container runtimes answer EPERM for system calls that they do not know.
  if (fd < 0 && (errno == ENOSYS || errno == EPERM)) return WalkBeneath(folder, path, flags, mode);
  return UniqueFd(static_cast<int>(fd));
}

bool HasOpenat2() {
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC;
  const UniqueFd fd(static_cast<int>(::syscall(SYS_openat2, AT_FDCWD, "/", &how, sizeof how)));
  return static_cast<bool>(fd) || (errno != ENOSYS && errno != EPERM);
}

UniqueFd WalkBeneath(int folder, const std::string& path, int flags, mode_t mode) {
  UniqueFd parent;
  int at = folder;
  std::size_t begin = 0;
  for (std::size_t end = path.find('/'); end != path.npos; end = path.find('/', begin)) {
    const std::string segment = path.substr(begin, end - begin);
    if (segment.empty() || segment == "..") {
      errno = EXDEV;
      return {};
    }
    parent = UniqueFd(::openat(at, segment.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!parent) return {};
    at = parent.get();
    begin = end + 1;
  }
  const std::string last = path.substr(begin);
  if (last == "..") {
    errno = EXDEV;
    return {};
  }
  return UniqueFd(::openat(at, last.c_str(), flags | O_NOFOLLOW | O_CLOEXEC, mode));
}

tl::unexpected<Error> DiskError(int error_number, std::string_view action, std::string_view path) {
  return Fail(Code::kDisk,
              fmt::format("cannot {} {}: {}; {}", action, path,
                          std::generic_category().message(error_number), NextStep(error_number)));
}

}  // namespace sluice
