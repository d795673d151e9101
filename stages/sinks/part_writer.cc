#include "stages/sinks/part_writer.h"

#include <utility>

namespace sluice {
namespace {

constexpr std::size_t kBufferBytes = std::size_t{1} << 16;

}  // namespace

PartWriter::PartWriter(TextSink& out, std::string header, const Limits& limits)
    : out_(out), header_(std::move(header)), limits_(limits) {
  Append(header_);
}

void PartWriter::Add(std::string_view row) {
  if (Full(row.size())) {
    Finish();
    out_.NextFile();
    rows_ = 0;
    bytes_ = 0;
    Append(header_);
  }
  Append(row);
  ++rows_;
}

void PartWriter::Finish() {
  if (!buffer_.empty()) out_.Write(buffer_);
  buffer_.clear();
}

void PartWriter::Append(std::string_view text) {
  bytes_ += static_cast<std::int64_t>(text.size());
  if (buffer_.size() + text.size() > kBufferBytes) Finish();
  if (text.size() > kBufferBytes) {
    out_.Write(text);
  } else {
    buffer_ += text;
  }
}

bool PartWriter::Full(std::size_t more) const {
  if (rows_ == 0) return false;
  if (limits_.rows > 0 && rows_ >= limits_.rows) return true;
  return limits_.bytes > 0 && bytes_ + static_cast<std::int64_t>(more) > limits_.bytes;
}

}  // namespace sluice
