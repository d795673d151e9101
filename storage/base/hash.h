// Hashes by purpose: XXH3 finds and checks our own rows, SHA-256 goes into the manifest.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace sluice {

// 16 bytes in canonical (big-endian) order, as the cache table keeps them.
using Hash128 = std::array<std::uint8_t, 16>;

Hash128 Xxh3_128(std::string_view bytes);
// The checksum column of every stored body and frontier row. Signed, as SQLite keeps integers.
std::int64_t Checksum(std::string_view bytes);

// SHA-256 over a stream. Not thread-safe; one per file.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void Update(std::string_view bytes);
  // Lower-case hex. Call once.
  std::string HexDigest();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string Sha256Hex(std::string_view bytes);

}  // namespace sluice
