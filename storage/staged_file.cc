#include "storage/staged_file.h"

#include <fmt/format.h>

#include <cerrno>
#include <fstream>
#include <vector>

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

Result<StagedFile::Finished> StagedFile::FinishAsItIs() {
  std::ifstream file(path_, std::ios::binary);
  std::vector<char> buffer(std::size_t{1} << 16);
  while (file) {
    file.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    const std::string_view part(buffer.data(), static_cast<std::size_t>(file.gcount()));
    sha256_.Update(part);
    bytes_ += static_cast<std::int64_t>(part.size());
  }
  if (!file.eof()) return DiskError(EIO, "read", path_);
  return Finish();
}

}  // namespace sluice
