#include "storage/packed_body.h"

#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <vector>

#include "storage/base/check.h"
#include "storage/base/compress.h"
#include "storage/base/out_of_memory.h"

namespace sluice {
namespace {

// Packed at a time, and given back behind that.
constexpr std::size_t kPieceBytes = std::size_t{1} << 20;

struct PackerDeleter {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
};
struct UnpackerDeleter {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

Result<Body> PackLong(const BodyView& plain, const SpillDir* spill) {
  const std::unique_ptr<ZSTD_CCtx, PackerDeleter> context(ZSTD_createCCtx());
  if (!context) OutOfMemory();
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, kCompressionLevel);
  // Its parts are rows of their own: this says that they belong together.
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
  ZSTD_CCtx_setPledgedSrcSize(context.get(), plain.size());
  BodyWriter packed(spill);
  std::vector<char> buffer(ZSTD_CStreamOutSize());
  for (std::size_t at = 0; at < plain.size();) {
    const std::size_t end = std::min(plain.size(), at + kPieceBytes);
    const auto directive = end == plain.size() ? ZSTD_e_end : ZSTD_e_continue;
    ZSTD_inBuffer in{plain.text().data() + at, end - at, 0};
    std::size_t left = 1;
    while (in.pos < in.size || (directive == ZSTD_e_end && left != 0)) {
      ZSTD_outBuffer out{buffer.data(), buffer.size(), 0};
      left = ZSTD_compressStream2(context.get(), &out, &in, directive);
      if (ZSTD_getErrorCode(left) == ZSTD_error_memory_allocation) OutOfMemory();
      SLUICE_CHECK(!ZSTD_isError(left));
      if (auto added = packed.Append({buffer.data(), out.pos}); !added) return Fail(added.error());
    }
    plain.Release(at, end);
    at = end;
  }
  return packed.Finish();
}

}  // namespace

Result<Body> Pack(const BodyView& plain, const SpillDir* spill) {
  if (plain.size() <= kBodyInMemoryMax) return Body(Compress(plain.text()));
  return PackLong(plain, spill);
}

struct Unpacker::State {
  explicit State(const SpillDir* spill) : writer(spill), context(ZSTD_createDCtx()) {
    if (!context) OutOfMemory();
  }
  BodyWriter writer;
  std::unique_ptr<ZSTD_DCtx, UnpackerDeleter> context;
  std::vector<char> buffer = std::vector<char>(ZSTD_DStreamOutSize());
  std::size_t wanted = 1;  // 0: the frame has ended
};

Unpacker::Unpacker(const SpillDir* spill) : state_(std::make_unique<State>(spill)) {}
Unpacker::~Unpacker() = default;

Status Unpacker::Add(std::string_view packed, std::size_t bytes_max) {
  ZSTD_inBuffer in{packed.data(), packed.size(), 0};
  bool full = false;  // there may be more in the context than the buffer took
  while (in.pos < in.size || full) {
    ZSTD_outBuffer out{state_->buffer.data(), state_->buffer.size(), 0};
    state_->wanted = ZSTD_decompressStream(state_->context.get(), &out, &in);
    if (ZSTD_getErrorCode(state_->wanted) == ZSTD_error_memory_allocation) OutOfMemory();
    if (ZSTD_isError(state_->wanted)) return Fail(Code::kDamaged, "stored body does not unpack");
    if (state_->writer.size() + out.pos > bytes_max) {
      return Fail(Code::kDamaged, "stored body unpacks to more than an answer may hold");
    }
    if (auto added = state_->writer.Append({state_->buffer.data(), out.pos}); !added) return added;
    full = out.pos == out.size && state_->wanted != 0;
  }
  return {};
}

Result<Body> Unpacker::Finish() {
  if (state_->wanted != 0) return Fail(Code::kDamaged, "stored body is cut");
  return state_->writer.Finish();
}

}  // namespace sluice
