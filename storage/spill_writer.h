// An output of unknown size: in memory while it is small, a staged file from then on.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "storage/base/hash.h"
#include "storage/base/result.h"
#include "storage/output_dir.h"

namespace sluice {

// One thread at a time; many writers may work at once. Borrows: `dir`, which must outlive it.
// Dropped before Finish(), it leaves nothing behind.
class SpillWriter {
 public:
  // Most pages are far smaller; with 64 documents in flight this is 16 MiB at worst.
  static constexpr std::size_t kMemoryMax = std::size_t{256} * 1024;

  explicit SpillWriter(OutputDir& dir) : dir_(dir) {}

  // Fails with Code::kDisk when the staged file cannot be written; nothing after that succeeds.
  Status Write(std::string_view bytes);
  // Call once. The file to hand to OutputDir::Publish under `path`.
  Result<OutputFile> Finish(std::string path);

 private:
  OutputDir& dir_;
  std::string memory_;
  std::optional<StagedFile> file_;
  std::optional<Error> failure_;
};

}  // namespace sluice
