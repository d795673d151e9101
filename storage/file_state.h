// What a file on disk is, compared with what the manifest says it should be.
#pragma once

#include <cstdint>
#include <string>

#include "storage/base/result.h"

namespace sluice {

// An output as it lies on disk.
struct FileState {
  std::int64_t bytes = 0;
  std::int64_t mtime_ns = 0;
  std::string sha256;  // empty unless it was asked for
};

enum class WithHash { kNo, kYes };

// The state of an open regular file; `full` names it in errors. Code::kInvalid: it is none.
Result<FileState> ReadFileState(int fd, WithHash with_hash, const std::string& full);

}  // namespace sluice
