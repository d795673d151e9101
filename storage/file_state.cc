#include "storage/file_state.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>

#include "storage/base/hash.h"
#include "storage/beneath.h"

namespace sluice {
namespace {

Result<std::string> HashOf(int fd, const std::string& full) {
  Sha256 hash;
  std::array<char, std::size_t{64} * 1024> buffer;
  while (true) {
    const ssize_t got = ::read(fd, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return DiskError(errno, "read", full);
    if (got == 0) return hash.HexDigest();
    hash.Update({buffer.data(), static_cast<std::size_t>(got)});
  }
}

}  // namespace

Result<FileState> ReadFileState(int fd, WithHash with_hash, const std::string& full) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) return DiskError(errno, "inspect", full);
  if (!S_ISREG(info.st_mode)) {
    return Fail(Code::kInvalid, fmt::format("{} is not a regular file", full));
  }
  FileState state{.bytes = info.st_size,
                  .mtime_ns = info.st_mtim.tv_sec * 1'000'000'000LL + info.st_mtim.tv_nsec};
  if (with_hash == WithHash::kYes) {
    auto hash = HashOf(fd, full);
    if (!hash) return Fail(hash.error());
    state.sha256 = std::move(*hash);
  }
  return state;
}

}  // namespace sluice
