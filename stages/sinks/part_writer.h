// Splits rows into files of bounded size.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "stages/sources/source.h"

namespace sluice {

// Not thread-safe. Borrows `out`, which must outlive it.
class PartWriter {
 public:
  struct Limits {
    std::int64_t rows = 0;   // a file; 0: no bound
    std::int64_t bytes = 0;  // a file, its header included, before compression; 0: no bound
  };

  // `header` begins every file. A row that is larger than the bound has a file to itself.
  PartWriter(TextSink& out, std::string header, const Limits& limits);

  // A row with its line end.
  void Add(std::string_view row);
  // Writes what is still in memory. Call once, and nothing after it.
  void Finish();

 private:
  void Append(std::string_view text);
  bool Full(std::size_t more) const;

  TextSink& out_;
  const std::string header_;
  const Limits limits_;
  std::string buffer_;  // rows are small, and a write to a file is a system call
  std::int64_t rows_ = 0;
  std::int64_t bytes_ = 0;
};

}  // namespace sluice
