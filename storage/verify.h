// The proof that an export is complete and undamaged: every output against the manifest (it is
// there, size, SHA-256), and the state against itself (nothing open, failed or short).
//
// Reads only, takes no lock: beside a running export it says what is still open.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "storage/base/result.h"

namespace sluice {

struct Verification {
  std::vector<std::string> problems;  // one line each: the thing, and what is wrong with it
  std::int64_t problems_total = 0;    // those that are not listed included
  std::int64_t outputs = 0;           // in the manifest
  std::int64_t bytes = 0;             // of them
  std::int64_t other_files = 0;       // in the folder and not from this export; no problem

  bool ok() const { return problems_total == 0; }
};

// Reads every output in full. At most `problems_max` problems are listed. Code::kDisk: there is no
// export in `root`; Code::kDamaged: its state is none of ours.
Result<Verification> VerifyExport(const std::filesystem::path& root,
                                  const std::filesystem::path& state_file,
                                  std::size_t problems_max);

}  // namespace sluice
