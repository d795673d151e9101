// What is wrong with a job, collected so that one look at the message mends it all.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "storage/base/result.h"

namespace sluice {

// Texts name the key and what is allowed, and never repeat a value: it might be a secret.
class Problems {
 public:
  // In the job file, whose name SetFile() gave. Line 0: the file as a whole. What has been said
  // about a line is not said again.
  void SetFile(std::string name) { file_ = std::move(name); }
  void AtLine(std::uint32_t line, std::string_view text);
  // In a flag or a variable, whose name stands before the text.
  void At(std::string_view origin, std::string_view text);

  std::string Where(std::uint32_t line) const;
  bool empty() const { return entries_.empty(); }
  // kUsage: a headline where there are several, and a line for each, those of the file first and in
  // its order.
  // REQUIRES: not empty().
  Error ToError() &&;

 private:
  struct Entry {
    std::uint32_t line;  // of what is not in the file: the highest number
    std::string text;

    bool operator==(const Entry&) const = default;
  };
  void Add(Entry entry);

  std::string file_;
  std::vector<Entry> entries_;
};

}  // namespace sluice
