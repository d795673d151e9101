#include "stages/sinks/compressed_sink.h"

#include <zlib.h>
#include <zstd.h>

#include <array>
#include <cstdint>

#include "storage/base/check.h"
#include "storage/base/out_of_memory.h"

namespace sluice {
namespace {

constexpr std::size_t kChunk = std::size_t{1} << 16;
constexpr int kGzipLevel = 6;
constexpr int kZstdLevel = 3;
constexpr int kOsUnknown = 255;

}  // namespace

class CompressedSink::Packer {
 public:
  virtual ~Packer() = default;
  // Appends to `packed` what has become of `text` so far.
  virtual void Add(std::string_view text, std::string& packed) = 0;
  // Ends the stream; the next Add() begins another.
  virtual void End(std::string& packed) = 0;
};

namespace {

class GzipPacker final : public CompressedSink::Packer {
 public:
  GzipPacker() {
    // 15 + 16: the largest window, with a gzip header. Fails only for want of memory.
    if (deflateInit2(&stream_, kGzipLevel, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
      OutOfMemory();
    }
    Begin();
  }
  GzipPacker(const GzipPacker&) = delete;
  GzipPacker& operator=(const GzipPacker&) = delete;
  ~GzipPacker() override { deflateEnd(&stream_); }

  void Add(std::string_view text, std::string& packed) override {
    while (!text.empty()) {  // zlib counts in 32 bits
      const std::string_view part = text.substr(0, std::size_t{1} << 30);
      text.remove_prefix(part.size());
      stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(part.data()));
      stream_.avail_in = static_cast<uInt>(part.size());
      while (stream_.avail_in > 0) Deflate(Z_NO_FLUSH, packed);
    }
  }
  void End(std::string& packed) override {
    while (Deflate(Z_FINISH, packed) != Z_STREAM_END) {
    }
    deflateReset(&stream_);
    Begin();
  }

 private:
  void Begin() {
    header_ = {};
    header_.os = kOsUnknown;
    deflateSetHeader(&stream_, &header_);
  }
  int Deflate(int flush, std::string& packed) {
    stream_.next_out = buffer_.data();
    stream_.avail_out = static_cast<uInt>(buffer_.size());
    const int result = deflate(&stream_, flush);
    packed.append(reinterpret_cast<const char*>(buffer_.data()),
                  buffer_.size() - stream_.avail_out);
    return result;
  }

  z_stream stream_{};
  gz_header header_{};
  std::array<Bytef, kChunk> buffer_;
};

class ZstdPacker final : public CompressedSink::Packer {
 public:
  ZstdPacker() : context_(ZSTD_createCCtx(), &ZSTD_freeCCtx) {
    if (context_ == nullptr) OutOfMemory();
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, kZstdLevel);
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_checksumFlag, 1);
  }

  void Add(std::string_view text, std::string& packed) override {
    ZSTD_inBuffer in{text.data(), text.size(), 0};
    while (in.pos < in.size) Step(in, ZSTD_e_continue, packed);
  }
  void End(std::string& packed) override {
    ZSTD_inBuffer nothing{nullptr, 0, 0};
    while (Step(nothing, ZSTD_e_end, packed) != 0) {
    }
  }

 private:
  std::size_t Step(ZSTD_inBuffer& in, ZSTD_EndDirective directive, std::string& packed) {
    ZSTD_outBuffer out{buffer_.data(), buffer_.size(), 0};
    const std::size_t left = ZSTD_compressStream2(context_.get(), &out, &in, directive);
    SLUICE_CHECK(!ZSTD_isError(left));
    packed.append(buffer_.data(), out.pos);
    return left;
  }

  std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context_;
  std::array<char, kChunk> buffer_;
};

}  // namespace

CompressedSink::CompressedSink(TextSink& out, Compression compression) : out_(out) {
  if (compression == Compression::kGzip) packer_ = std::make_unique<GzipPacker>();
  if (compression == Compression::kZstd) packer_ = std::make_unique<ZstdPacker>();
  SLUICE_CHECK(packer_ != nullptr);
}

CompressedSink::~CompressedSink() = default;

void CompressedSink::Write(std::string_view text) {
  packer_->Add(text, packed_);
  if (!packed_.empty()) out_.Write(packed_);
  packed_.clear();
}

void CompressedSink::NextFile() {
  Finish();
  out_.NextFile();
}

Result<std::filesystem::path> CompressedSink::OwnFile() {
  return Fail(Code::kFatal, "a file that a library writes by itself cannot be compressed");
}

void CompressedSink::Finish() {
  packer_->End(packed_);
  out_.Write(packed_);
  packed_.clear();
}

}  // namespace sluice
