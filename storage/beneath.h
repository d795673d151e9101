// Opening files strictly beneath a folder: no link is ever followed, no path leaves the folder.
#pragma once

#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

#include <string>
#include <string_view>
#include <utility>

#include "storage/base/result.h"

namespace sluice {

// Owns a file descriptor. Errors of close() are ignored: what must last is synced before.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~UniqueFd() { Close(); }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  void Close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_ = -1;
};

// Refuses what may not be the path of an output: empty, absolute, with an empty, "." or ".."
// segment, with a NUL, or inside ".sluice". Code::kInvalid.
Status CheckOutputPath(std::string_view path);

// Opens `path` beneath `folder` without following any link (openat2, Linux 5.6; where that is
// missing or forbidden, WalkBeneath). On failure the result is empty and errno says why.
UniqueFd OpenBeneath(int folder, const std::string& path, int flags, mode_t mode = 0);

// Whether this kernel, and what confines this process, have openat2.
bool HasOpenat2();

// As OpenBeneath(), one segment at a time with O_NOFOLLOW.
UniqueFd WalkBeneath(int folder, const std::string& path, int flags, mode_t mode = 0);

// Code::kDisk: "cannot <action> <path>: <reason of errno>; <next step>".
tl::unexpected<Error> DiskError(int error_number, std::string_view action, std::string_view path);

}  // namespace sluice
