// Bytes of any number: an answer, its packed form, the rows it gave. Up to kBodyInMemoryMax they
// are in memory; what is longer lies in an unnamed file that is mapped, so that it can be read like
// memory and costs none: whoever reads it from front to back lets go of what is behind (Release).
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

#include "storage/base/result.h"
#include "storage/spill_dir.h"

namespace sluice {

// With 64 items in flight this is 64 MiB at worst, should every answer be just as long. Notion's
// are a tenth of it.
inline constexpr std::size_t kBodyInMemoryMax = std::size_t{1} << 20;

// Bytes as a reader sees them. Borrows.
class BodyView {
 public:
  enum class Where { kMemory, kFile };

  BodyView() = default;
  BodyView(std::string_view text, Where where) : text_(text), where_(where) {}
  // Implicit on purpose: bytes in memory are a body.
  BodyView(std::string_view text) : text_(text) {}    // NOLINT(google-explicit-constructor)
  BodyView(const std::string& text) : text_(text) {}  // NOLINT(google-explicit-constructor)
  BodyView(const char* text) : text_(text) {}         // NOLINT(google-explicit-constructor)

  std::string_view text() const { return text_; }
  std::size_t size() const { return text_.size(); }
  operator std::string_view() const { return text_; }  // NOLINT(google-explicit-constructor)
  friend bool operator==(const BodyView& a, std::string_view b) { return a.text_ == b; }

  // [begin, end) has been read and will not be read again soon: gives the memory back that reading
  // it took. Its content stays what it is.
  void Release(std::size_t begin, std::size_t end) const;

 private:
  std::string_view text_;
  Where where_ = Where::kMemory;
};

// Owns its bytes; they never change. A copy of one in a file shares it. Not thread-safe, but copies
// are independent.
class Body {
 public:
  Body() = default;
  // Implicit on purpose, as above.
  Body(std::string text) : text_(std::move(text)) {}  // NOLINT(google-explicit-constructor)
  Body(const char* text) : text_(text) {}             // NOLINT(google-explicit-constructor)
  // The first `size` bytes of `file`. Code::kDisk: it cannot be mapped.
  static Result<Body> OfFile(UniqueFd file, std::size_t size);

  BodyView view() const;                        // valid until this is moved or gone
  operator BodyView() const { return view(); }  // NOLINT(google-explicit-constructor)
  operator std::string_view() const {
    return view().text();
  }  // NOLINT(google-explicit-constructor)
  std::size_t size() const { return view().size(); }
  bool empty() const { return size() == 0; }
  bool in_memory() const { return file_ == nullptr; }

 private:
  struct Mapping;
  std::string text_;
  std::shared_ptr<const Mapping> file_;
};

bool operator==(const Body& a, std::string_view b);
std::ostream& operator<<(std::ostream& out, const Body& body);

// Makes a Body from bytes that come piece by piece. One thread at a time.
class BodyWriter {
 public:
  // `spill` must outlive it; null: everything stays in memory, however much it is.
  explicit BodyWriter(const SpillDir* spill) : spill_(spill) {}

  // So many bytes are likely to come.
  void Reserve(std::size_t bytes);
  // Fails with Code::kDisk when the file cannot be written; nothing after that succeeds.
  Status Append(std::string_view bytes);
  std::size_t size() const { return size_; }
  // Call once.
  Result<Body> Finish();

 private:
  Status Flush();

  const SpillDir* spill_;
  std::size_t size_ = 0;
  std::string memory_;  // all of it, or what is not yet in the file
  std::optional<UniqueFd> file_;
  std::optional<Error> failure_;
};

}  // namespace sluice
