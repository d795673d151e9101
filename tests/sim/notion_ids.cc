#include "tests/sim/notion_ids.h"

namespace sluice::sim {
namespace {

constexpr int kRounds = 4;
constexpr int kCheckBits = 25;
constexpr std::uint64_t kLow58 = (1ull << 58) - 1;

}  // namespace

std::uint64_t Mix(std::uint64_t a, std::uint64_t b) {
  // The finaliser of SplitMix64 (Steele, Lea, Flood 2014) over a combination of both.
  std::uint64_t x = a * 0x9e3779b97f4a7c15ull + b + 0x7f4a7c159e3779b9ull;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
  return x ^ (x >> 31);
}

std::string UuidText(std::uint64_t high, std::uint64_t low) {
  constexpr std::string_view kHex = "0123456789abcdef";
  high = (high & ~0xf000ull) | 0x4000;
  low = (low & (~0ull >> 2)) | (2ull << 62);
  std::string text;
  text.reserve(36);
  for (int nibble = 0; nibble < 32; ++nibble) {
    if (nibble == 8 || nibble == 12 || nibble == 16 || nibble == 20) text += '-';
    const std::uint64_t word = nibble < 16 ? high : low;
    text += kHex[(word >> (60 - 4 * (nibble % 16))) & 15];
  }
  return text;
}

std::optional<UuidBits> ParseUuid(std::string_view text) {
  UuidBits bits;
  int nibble = 0;
  for (const char c : text) {
    if (c == '-') continue;
    int value = -1;
    if (c >= '0' && c <= '9') value = c - '0';
    if (c >= 'a' && c <= 'f') value = c - 'a' + 10;
    if (c >= 'A' && c <= 'F') value = c - 'A' + 10;
    if (value < 0 || nibble == 32) return std::nullopt;
    std::uint64_t& word = nibble < 16 ? bits.high : bits.low;
    word = word << 4 | static_cast<std::uint64_t>(value);
    ++nibble;
  }
  if (nibble != 32 || bits.low >> 62 != 2) return std::nullopt;
  return bits;
}

std::string IdCodec::Encode(const Ref& ref) const {
  const std::uint64_t plain = static_cast<std::uint64_t>(ref.kind) << 56 |
                              static_cast<std::uint64_t>(ref.top) << 32 | ref.owner;
  const std::uint64_t secret = Permute(plain);
  const std::uint64_t low = (ref.path << kCheckBits | Check(secret, ref.path)) ^ Pad(secret);
  // 60 bits of the secret go around the version nibble, four behind the variant.
  const std::uint64_t high = (secret >> 16) << 16 | (secret >> 4 & 0xfff);
  return UuidText(high, (secret & 15) << 58 | low);
}

std::optional<Ref> IdCodec::Decode(const UuidBits& bits) const {
  if ((bits.high >> 12 & 15) != 4) return std::nullopt;
  const std::uint64_t secret =
      (bits.high >> 16) << 16 | (bits.high & 0xfff) << 4 | (bits.low >> 58 & 15);
  const std::uint64_t low = (bits.low & kLow58) ^ Pad(secret);
  const std::uint64_t path = low >> kCheckBits;
  if ((low & ((1ull << kCheckBits) - 1)) != Check(secret, path)) return std::nullopt;
  const std::uint64_t plain = Unpermute(secret);
  return Ref{.kind = static_cast<RefKind>(plain >> 56),
             .owner = static_cast<std::uint32_t>(plain),
             .top = static_cast<std::uint32_t>(plain >> 32 & 0xffffff),
             .path = path};
}

std::uint64_t IdCodec::Permute(std::uint64_t plain) const {
  auto left = static_cast<std::uint32_t>(plain >> 32);
  auto right = static_cast<std::uint32_t>(plain);
  for (int round = 0; round < kRounds; ++round) {
    const std::uint32_t next = left ^ static_cast<std::uint32_t>(Mix(seed_ + round, right));
    left = right;
    right = next;
  }
  return static_cast<std::uint64_t>(left) << 32 | right;
}

std::uint64_t IdCodec::Unpermute(std::uint64_t secret) const {
  auto left = static_cast<std::uint32_t>(secret >> 32);
  auto right = static_cast<std::uint32_t>(secret);
  for (int round = kRounds - 1; round >= 0; --round) {
    const std::uint32_t before = right ^ static_cast<std::uint32_t>(Mix(seed_ + round, left));
    right = left;
    left = before;
  }
  return static_cast<std::uint64_t>(left) << 32 | right;
}

std::uint64_t IdCodec::Check(std::uint64_t secret, std::uint64_t path) const {
  return Mix(Mix(seed_ ^ 0xc4ec, secret), path) >> (64 - kCheckBits);
}

std::uint64_t IdCodec::Pad(std::uint64_t secret) const {
  return Mix(seed_ ^ 0xbad, secret) & kLow58;
}

}  // namespace sluice::sim
