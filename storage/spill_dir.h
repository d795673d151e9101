// Where bytes go that are too many for memory: unnamed files in the staging folder. They have no
// name, so a kill leaves nothing behind; nobody syncs them, since what must last is committed.
#pragma once

#include <filesystem>

#include "storage/base/result.h"
#include "storage/beneath.h"

namespace sluice {

// Thread-safe. Cheap to copy.
class SpillDir {
 public:
  // `folder` must exist for as long as files are made in it.
  explicit SpillDir(std::filesystem::path folder) : folder_(std::move(folder)) {}

  // A new, empty file, read-write, mode 0600. Code::kDisk: why there is none.
  Result<UniqueFd> NewFile() const;
  // For messages.
  const std::filesystem::path& folder() const { return folder_; }

 private:
  std::filesystem::path folder_;
};

}  // namespace sluice
