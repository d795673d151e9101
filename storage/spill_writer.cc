#include "storage/spill_writer.h"

namespace sluice {

Status SpillWriter::Write(std::string_view bytes) {
  if (failure_) return Fail(*failure_);
  if (!file_ && memory_.size() + bytes.size() <= kMemoryMax) {
    memory_ += bytes;
    return {};
  }
  Status written;
  if (!file_) {
    auto staged = dir_.Stage();
    if (staged) {
      file_.emplace(std::move(*staged));
      written = file_->Write(memory_);
      std::string().swap(memory_);
    } else {
      written = Fail(staged.error());
    }
  }
  if (written) written = file_->Write(bytes);
  if (!written) failure_ = written.error();
  return written;
}

Result<OutputFile> SpillWriter::Finish(std::string path) {
  if (failure_) return Fail(*failure_);
  OutputFile output{.path = std::move(path)};
  if (file_) {
    auto finished = file_->Finish();
    if (!finished) return Fail(finished.error());
    output.staged = std::move(finished->path);
    output.bytes = finished->bytes;
    output.sha256 = std::move(finished->sha256);
    return output;
  }
  output.bytes = static_cast<std::int64_t>(memory_.size());
  output.sha256 = Sha256Hex(memory_);
  output.content = std::move(memory_);
  return output;
}

}  // namespace sluice
