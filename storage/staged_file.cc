#include "storage/staged_file.h"

#include <fmt/format.h>

#include <cerrno>

namespace sluice {

StagedFile::~StagedFile() {
  if (fd_) ::unlink(path_.c_str());
}

Status StagedFile::Write(std::string_view bytes) {
  sha256_.Update(bytes);
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd_.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      return DiskError(errno, fmt::format("write {} more bytes to", bytes.size()), path_);
    }
    bytes_ += written;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<StagedFile::Finished> StagedFile::Finish() {
  fd_.Close();
  return Finished{.path = path_, .bytes = bytes_, .sha256 = sha256_.HexDigest()};
}

}  // namespace sluice
