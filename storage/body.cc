#include "storage/body.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>

namespace sluice {

namespace {

// One write() takes so much: a row is often a few bytes.
constexpr std::size_t kWriteBytes = std::size_t{64} << 10;

}  // namespace

struct Body::Mapping {
  Mapping(void* start, std::size_t bytes) : address(start), size(bytes) {}
  ~Mapping() { ::munmap(address, size); }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  void* address;
  std::size_t size;
};

void BodyView::Release(std::size_t begin, std::size_t end) const {
  if (where_ == Where::kMemory) return;
  // The mapping begins at a page; only whole pages can go, and the page at `end` is read next.
  static const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  const std::size_t first = begin / page * page;
  const std::size_t last = end == size() ? (end + page - 1) / page * page : end / page * page;
  if (first >= last) return;
  // The pages are the file's own and come back when they are read.
  ::madvise(const_cast<char*>(text_.data()) + first, last - first, MADV_DONTNEED);
}

Result<Body> Body::OfFile(UniqueFd file, std::size_t size) {
  Body body;
  if (size == 0) return body;
  void* const address = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file.get(), 0);
  if (address == MAP_FAILED) {
    return DiskError(errno, "map", fmt::format("a staged file of {} bytes", size));
  }
  body.file_ = std::make_shared<const Mapping>(address, size);
  return body;
}

BodyView Body::view() const {
  if (!file_) return BodyView(text_);
  return {{static_cast<const char*>(file_->address), file_->size}, BodyView::Where::kFile};
}

bool operator==(const Body& a, std::string_view b) { return a.view().text() == b; }
std::ostream& operator<<(std::ostream& out, const Body& body) { return out << body.view().text(); }

void BodyWriter::Reserve(std::size_t bytes) {
  memory_.reserve(spill_ == nullptr ? bytes : std::min(bytes, kBodyInMemoryMax));
}

Status BodyWriter::Append(std::string_view bytes) {
  if (failure_) return Fail(*failure_);
  memory_ += bytes;
  size_ += bytes.size();
  const bool full = memory_.size() > (file_ ? kWriteBytes : kBodyInMemoryMax);
  if (spill_ == nullptr || !full) return {};
  Status flushed = Flush();
  if (!flushed) failure_ = flushed.error();
  return flushed;
}

Status BodyWriter::Flush() {
  if (!file_) {
    auto file = spill_->NewFile();
    if (!file) return Fail(file.error());
    file_ = std::move(*file);
  }
  std::string_view bytes = memory_;
  while (!bytes.empty()) {
    const ssize_t written = ::write(file_->get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      return DiskError(errno, fmt::format("write {} more bytes to a file in", bytes.size()),
                       spill_->folder().string());
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  memory_.clear();
  if (memory_.capacity() > 2 * kWriteBytes) std::string().swap(memory_);
  return {};
}

Result<Body> BodyWriter::Finish() {
  if (failure_) return Fail(*failure_);
  if (!file_) return Body(std::move(memory_));
  if (auto flushed = Flush(); !flushed) return Fail(flushed.error());
  return Body::OfFile(std::move(*file_), size_);
}

}  // namespace sluice
