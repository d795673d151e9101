// Outputs of several files, and compressed ones.
#include <zlib.h>
#include <zstd.h>

#include <array>

#include "stages/sinks/compressed_sink.h"
#include "tests/stages/sinks/record_fixture.h"

namespace sluice {
namespace {

using Files = std::vector<std::string>;

Files FilesOf(std::vector<std::string> rows, OutputSpec output) {
  return WriteText(TableOf(std::move(rows), std::move(output))).files;
}

std::string Gunzip(const std::string& packed) {
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  std::string text;
  std::array<char, 4096> buffer;
  int result = Z_OK;
  while (result == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream.avail_out = buffer.size();
    result = inflate(&stream, Z_NO_FLUSH);
    text.append(buffer.data(), buffer.size() - stream.avail_out);
  }
  EXPECT_EQ(result, Z_STREAM_END);
  EXPECT_EQ(stream.avail_in, 0u) << "more than one stream";
  inflateEnd(&stream);
  return text;
}

std::string Unzstd(const std::string& packed, std::size_t size) {
  std::string text(size + 1, '\0');
  const std::size_t unpacked =
      ZSTD_decompress(text.data(), text.size(), packed.data(), packed.size());
  EXPECT_FALSE(ZSTD_isError(unpacked)) << ZSTD_getErrorName(unpacked);
  text.resize(ZSTD_isError(unpacked) ? 0 : unpacked);
  return text;
}

TEST(PartTest, AFileHasSoManyRows) {
  EXPECT_EQ(FilesOf({"1", "2", "3", "4", "5"}, {.rows_per_file = 2}),
            (Files{"1\n2\n", "3\n4\n", "5\n"}));
  EXPECT_EQ(FilesOf({"1", "2"}, {.rows_per_file = 2}), (Files{"1\n2\n"}));
}

TEST(PartTest, TheHeaderBeginsEveryFile) {
  EXPECT_EQ(FilesOf({R"({"a":1})", R"({"a":2})"}, {.format = Format::kCsv, .rows_per_file = 1}),
            (Files{"a\r\n1\r\n", "a\r\n2\r\n"}));
}

TEST(PartTest, AFileHasSoManyBytesAtMost) {
  EXPECT_EQ(FilesOf({"1", "2", "3"}, {.bytes_per_file = 4}), (Files{"1\n2\n", "3\n"}));
  EXPECT_EQ(FilesOf({R"({"a":1})", R"({"a":2})", R"({"a":3})"},
                    {.format = Format::kCsv, .bytes_per_file = 9}),
            (Files{"a\r\n1\r\n2\r\n", "a\r\n3\r\n"}));
}

TEST(PartTest, ARecordThatIsLargerThanAFileStandsAlone) {
  EXPECT_EQ(FilesOf({"1", "\"xxxxxxxx\"", "2"}, {.bytes_per_file = 4}),
            (Files{"1\n", "\"xxxxxxxx\"\n", "2\n"}));
}

TEST(PartTest, LargeRowsPassTheBuffer) {
  const std::string large = "\"" + std::string(200'000, 'x') + "\"";
  EXPECT_EQ(FilesOf({"1", large, "2"}, {}), (Files{"1\n" + large + "\n2\n"}));
}

TEST(CompressionTest, EveryFileIsAStreamOfItsOwn) {
  const Files gzip =
      FilesOf({"1", "2", "3"}, {.rows_per_file = 2, .compression = Compression::kGzip});
  ASSERT_EQ(gzip.size(), 2u);
  EXPECT_EQ(Gunzip(gzip[0]), "1\n2\n");
  EXPECT_EQ(Gunzip(gzip[1]), "3\n");
  const Files zstd =
      FilesOf({"1", "2", "3"}, {.rows_per_file = 2, .compression = Compression::kZstd});
  ASSERT_EQ(zstd.size(), 2u);
  EXPECT_EQ(Unzstd(zstd[0], 4), "1\n2\n");
  EXPECT_EQ(Unzstd(zstd[1], 2), "3\n");
}

TEST(CompressionTest, TheHeaderOfGzipNamesNothing) {
  const Files files = FilesOf({"1"}, {.compression = Compression::kGzip});
  // RFC 1952: magic, deflate, no flags, no time, then the operating system: unknown.
  EXPECT_EQ(files[0].substr(0, 8), std::string("\x1f\x8b\x08\0\0\0\0\0", 8));
  EXPECT_EQ(files[0][9], '\xff');
}

TEST(CompressionTest, LargeOutputsComeBackWhole) {
  std::vector<std::string> rows;
  std::string expected;
  for (int i = 0; i < 50'000; ++i) {
    rows.push_back(fmt::format("\"{:x}\"", static_cast<unsigned>(i) * 2654435761u));
    expected += rows.back() + "\n";
  }
  const auto packed = [&](Compression compression) {
    return FilesOf(rows, {.compression = compression}).front();
  };
  EXPECT_EQ(Gunzip(packed(Compression::kGzip)), expected);
  EXPECT_EQ(Unzstd(packed(Compression::kZstd), expected.size()), expected);
  EXPECT_EQ(packed(Compression::kZstd), packed(Compression::kZstd));
}

TEST(CompressionTest, NoRowsAreAnEmptyStream) {
  EXPECT_EQ(Gunzip(FilesOf({}, {.compression = Compression::kGzip}).front()), "");
  EXPECT_EQ(Unzstd(FilesOf({}, {.compression = Compression::kZstd}).front(), 0), "");
}

TEST(CompressionTest, AFileOfALibraryIsNotPacked) {
  StringSink out;
  EXPECT_FALSE(CompressedSink(out, Compression::kZstd).OwnFile());
}

TEST(OutputSpecTest, TheExtensionSaysFormatAndCompression) {
  EXPECT_EQ(ExtensionOf({}), ".jsonl");
  EXPECT_EQ(ExtensionOf({.format = Format::kCsv, .compression = Compression::kGzip}), ".csv.gz");
  EXPECT_EQ(ExtensionOf({.compression = Compression::kZstd}), ".jsonl.zst");
  EXPECT_EQ(ExtensionOf({.format = Format::kSqlite}), ".db");
}

}  // namespace
}  // namespace sluice
