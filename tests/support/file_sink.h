// A rendering's files in a folder: "out", "out-2", ...
#pragma once

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "stages/sources/source.h"

namespace sluice {

class FileSink final : public TextSink {
 public:
  explicit FileSink(std::filesystem::path folder) : folder_(std::move(folder)) { NextFile(); }

  void Write(std::string_view text) override {
    file_.write(text.data(), static_cast<std::streamsize>(text.size()));
  }
  void NextFile() override {
    if (file_.is_open()) file_.close();
    file_.open(File(++files_), std::ios::binary);
  }
  Result<std::filesystem::path> OwnFile() override {
    file_.close();
    return File(1);
  }
  // Once the last file has been written; files count from 1.
  void Close() { file_.close(); }
  std::filesystem::path File(int number) const {
    return folder_ / (number == 1 ? "out" : fmt::format("out-{}", number));
  }
  int files() const { return files_; }

 private:
  const std::filesystem::path folder_;
  std::ofstream file_;
  int files_ = 0;
};

}  // namespace sluice
