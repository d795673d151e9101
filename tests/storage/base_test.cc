#include <gtest/gtest.h>

#include "storage/base/bytes.h"
#include "storage/base/compress.h"
#include "storage/base/hash.h"

namespace sluice {
namespace {

TEST(Bytes, FormatTable) {
  EXPECT_EQ(FormatBytes(999), "999 B");
  EXPECT_EQ(FormatBytes(1'500'000), "1.5 MB");
  EXPECT_EQ(FormatBytes(64'000'000'000), "64 GB");
}

TEST(Compress, RoundTrip) {
  const std::string bytes(100'000, 'z');
  EXPECT_EQ(Decompress(Compress(bytes), 100'000).value(), bytes);
  EXPECT_EQ(Decompress(Compress(""), 0).value(), "");
}

TEST(Compress, MoreThanTheLimitIsRefused) {
  EXPECT_FALSE(Decompress(Compress(std::string(101, 'z')), 100));
}

TEST(Compress, TruncatedFrameIsDamaged) {
  const std::string whole = Compress("a body that is long enough to be cut");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto cut = Decompress(whole.substr(0, size), 1000);
    ASSERT_FALSE(cut) << size;
    EXPECT_EQ(cut.error().code, Code::kDamaged);
  }
}

// FIPS 180-4 example values.
TEST(Sha256, KnownAnswers) {
  EXPECT_EQ(Sha256Hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Sha256Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Checksum, EveryFlippedBitShows) {
  const std::string body = "stored body";
  for (std::size_t bit = 0; bit < body.size() * 8; ++bit) {
    std::string damaged = body;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_NE(Checksum(damaged), Checksum(body)) << bit;
  }
}

}  // namespace
}  // namespace sluice
