// A file that is being written in the staging folder.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "storage/base/hash.h"
#include "storage/base/result.h"
#include "storage/beneath.h"

namespace sluice {

// Not thread-safe; one thread at a time. Deletes its file unless Finish() succeeded, after which
// the file belongs to whoever took the path. Nothing is synced here: OutputDir::Publish does that.
class StagedFile {
 public:
  struct Finished {
    std::string path;
    std::int64_t bytes = 0;
    std::string sha256;
  };

  StagedFile(UniqueFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}
  StagedFile(StagedFile&& other) noexcept = default;
  StagedFile& operator=(StagedFile&&) = delete;
  ~StagedFile();

  // Appends all of `bytes`, or fails with Code::kDisk naming the path and what could not be
  // written; after a failure the file is of no use.
  Status Write(std::string_view bytes);
  // Call once, and nothing after it.
  Result<Finished> Finish();

  // For a library that writes the file by itself, under its path: instead of Write() and Finish().
  const std::string& path() const { return path_; }
  Result<Finished> FinishAsItIs();

 private:
  UniqueFd fd_;  // empty: moved from, or finished
  std::string path_;
  std::int64_t bytes_ = 0;
  Sha256 sha256_;
};

}  // namespace sluice
