#include "storage/spill_dir.h"

#include <cerrno>
#include <cstdlib>

namespace sluice {

Result<UniqueFd> SpillDir::NewFile() const {
  UniqueFd fd(::open(folder_.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, 0600));
  if (fd) return fd;
  // File systems without unnamed files (NFS, some FUSE) say one of these.
  if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL) {
    return DiskError(errno, "create a file in", folder_.string());
  }
  std::string name = (folder_ / "spill.XXXXXX").string();
  fd = UniqueFd(::mkostemp(name.data(), O_CLOEXEC));
  if (!fd) return DiskError(errno, "create a file in", folder_.string());
  ::unlink(name.c_str());
  return fd;
}

}  // namespace sluice
