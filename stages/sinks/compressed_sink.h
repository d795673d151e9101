// Packs what is written into gzip or zstd, one stream a file. The same text gives the same bytes:
// a gzip header names no file, no time and no operating system.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "stages/sinks/output_spec.h"
#include "stages/sources/source.h"

namespace sluice {

// Not thread-safe. Borrows `out`, which must outlive it.
class CompressedSink final : public TextSink {
 public:
  class Packer;  // one stream after the other

  // REQUIRES: `compression` is not kNone.
  CompressedSink(TextSink& out, Compression compression);
  ~CompressedSink() override;

  void Write(std::string_view text) override;
  void NextFile() override;
  // Code::kFatal: a file that a library writes by itself is not packed.
  Result<std::filesystem::path> OwnFile() override;
  // Ends the last file. Call once, and nothing after it; without it that file is cut.
  void Finish();

 private:
  TextSink& out_;
  std::unique_ptr<Packer> packer_;
  std::string packed_;
};

}  // namespace sluice
