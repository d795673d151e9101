#include "storage/row_spool.h"

#include <cstdint>
#include <cstring>

#include "storage/base/check.h"

namespace sluice {
namespace {

// A row is its three texts, each behind its length; in memory or a file of this process alone, so
// the machine's own order of bytes will do.
using Length = std::uint64_t;

std::string_view Take(std::string_view& bytes) {
  Length length = 0;
  SLUICE_CHECK(bytes.size() >= sizeof length);
  std::memcpy(&length, bytes.data(), sizeof length);
  bytes.remove_prefix(sizeof length);
  SLUICE_CHECK(bytes.size() >= length);
  const std::string_view text = bytes.substr(0, length);
  bytes.remove_prefix(length);
  return text;
}

// What has been read is given back in pieces of this size.
constexpr std::size_t kReleaseBytes = std::size_t{1} << 20;

}  // namespace

struct RowSpool::State {
  BodyWriter writer;
  Body rows;
  std::size_t count = 0;
};

RowSpool::RowSpool(const SpillDir* spill) : state_(new State{.writer = BodyWriter(spill)}) {}

std::size_t RowSpool::size() const { return state_->count; }

void RowSpool::Add(const Row& row) {
  for (const std::string* text : {&row.key, &row.position, &row.body}) {
    const Length length = text->size();
    // Finish() reports what fails here.
    if (!state_->writer.Append({reinterpret_cast<const char*>(&length), sizeof length})) return;
    if (!state_->writer.Append(*text)) return;
  }
  ++state_->count;
}

Status RowSpool::Finish() {
  auto rows = state_->writer.Finish();
  if (!rows) return Fail(rows.error());
  state_->rows = std::move(*rows);
  return {};
}

void RowSpool::ForEach(const std::function<void(const Row&)>& use) const {
  const BodyView all = state_->rows.view();
  std::string_view left = all.text();
  std::size_t released = 0;
  Row row;
  while (!left.empty()) {
    row.key = Take(left);
    row.position = Take(left);
    row.body = Take(left);
    use(row);
    const std::size_t read = all.size() - left.size();
    if (read - released < kReleaseBytes) continue;
    all.Release(released, read);
    released = read;
  }
}

}  // namespace sluice
