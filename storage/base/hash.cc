#include "storage/base/hash.h"

#include <openssl/evp.h>
#include <xxhash.h>

#include <cstring>

#include "storage/base/check.h"
#include "storage/base/out_of_memory.h"

namespace sluice {
namespace {

// Fetched once, before main(): where there is no memory the first fetch of a process crashes within
// libcrypto, and each takes a lock.
const EVP_MD* const kSha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);

}  // namespace

Hash128 Xxh3_128(std::string_view bytes) {
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits(bytes.data(), bytes.size()));
  Hash128 hash;
  static_assert(sizeof(canonical.digest) == sizeof(Hash128));
  std::memcpy(hash.data(), canonical.digest, hash.size());
  return hash;
}

std::int64_t Checksum(std::string_view bytes) {
  return static_cast<std::int64_t>(XXH3_64bits(bytes.data(), bytes.size()));
}

struct Sha256::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  ~State() { EVP_MD_CTX_free(context); }
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  // These fail only for want of memory.
  if (kSha256 == nullptr || state_->context == nullptr) OutOfMemory();
  if (EVP_DigestInit_ex2(state_->context, kSha256, nullptr) != 1) OutOfMemory();
}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::Update(std::string_view bytes) {
  SLUICE_CHECK(EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()) == 1);
}

std::string Sha256::HexDigest() {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  SLUICE_CHECK(EVP_DigestFinal_ex(state_->context, digest, &size) == 1);
  static constexpr char kHex[] = "0123456789abcdef";
  std::string hex;
  hex.reserve(std::size_t{2} * size);
  for (unsigned int i = 0; i < size; ++i) {
    hex.push_back(kHex[digest[i] >> 4]);
    hex.push_back(kHex[digest[i] & 15]);
  }
  return hex;
}

std::string Sha256Hex(std::string_view bytes) {
  Sha256 hash;
  hash.Update(bytes);
  return hash.HexDigest();
}

}  // namespace sluice
