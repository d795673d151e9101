#include "storage/base/compress.h"

#include <fmt/format.h>
#include <zstd.h>

#include "storage/base/check.h"

namespace sluice {
namespace {
constexpr int kLevel = 1;
}  // namespace

std::string Compress(std::string_view bytes) {
  std::string out(ZSTD_compressBound(bytes.size()), '\0');
  const std::size_t size =
      ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), kLevel);
  SLUICE_CHECK(!ZSTD_isError(size));
  out.resize(size);
  return out;
}

Result<std::string> Decompress(std::string_view compressed, std::size_t bytes_max) {
  const auto size = ZSTD_getFrameContentSize(compressed.data(), compressed.size());
  if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN) {
    return Fail(Code::kDamaged, "stored body is not a zstd frame");
  }
  if (size > bytes_max) {
    return Fail(Code::kDamaged,
                fmt::format("stored body unpacks to {} bytes, limit {}", size, bytes_max));
  }
  std::string out(size, '\0');
  const std::size_t got =
      ZSTD_decompress(out.data(), out.size(), compressed.data(), compressed.size());
  if (ZSTD_isError(got) || got != size) {
    return Fail(Code::kDamaged, "stored body does not unpack");
  }
  return out;
}

}  // namespace sluice
