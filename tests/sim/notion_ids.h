// Ids that carry what they name: a v4-shaped UUID is the encrypted form of a Ref, so a workspace
// of a million pages needs no table. 25 check bits make a foreign UUID decode to nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::sim {

enum class RefKind : std::uint8_t {
  kPage = 1,
  kBlock,
  kDatabase,
  kDataSource,
  kUser,
  kComment,
  kDiscussion,
  kCursor,
  kUnshared
};

struct Ref {
  RefKind kind{};
  std::uint32_t owner = 0;  // index of the page, database, user; position of a cursor
  std::uint32_t top = 0;    // 24 bits: a block's place in its page; the list of a cursor
  std::uint64_t path = 0;   // 33 bits: the way from the top-level block to a nested one

  bool operator==(const Ref&) const = default;
};

// A well mixed function of its arguments.
std::uint64_t Mix(std::uint64_t a, std::uint64_t b);

// Any 128 bits as a v4 UUID, dashed and in lower case.
std::string UuidText(std::uint64_t high, std::uint64_t low);

struct UuidBits {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
};
// Nothing when `text` (dashes optional) is no UUID of the RFC 9562 variant.
std::optional<UuidBits> ParseUuid(std::string_view text);

class IdCodec {
 public:
  explicit IdCodec(std::uint64_t seed) : seed_(seed) {}

  std::string Encode(const Ref& ref) const;
  // Nothing when this codec did not make the id.
  std::optional<Ref> Decode(const UuidBits& bits) const;

 private:
  std::uint64_t Permute(std::uint64_t plain) const;
  std::uint64_t Unpermute(std::uint64_t secret) const;
  std::uint64_t Check(std::uint64_t secret, std::uint64_t path) const;
  std::uint64_t Pad(std::uint64_t secret) const;

  std::uint64_t seed_;
};

}  // namespace sluice::sim
