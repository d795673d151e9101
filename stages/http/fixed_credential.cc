#include "stages/http/fixed_credential.h"

#include <openssl/evp.h>

namespace sluice {
namespace {

std::string Base64(std::string_view bytes) {
  std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');  // OpenSSL ends it with a NUL
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                   reinterpret_cast<const unsigned char*>(bytes.data()),
                                   static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

}  // namespace

Status FixedCredential::Renewed(const HttpResponse&, WallMs) {
  return Fail(Code::kUnauthorized, "this credential cannot be renewed");
}

BasicCredential::BasicCredential(std::string_view username, std::string_view password)
    : FixedCredential({"Authorization",
                       "Basic " + Base64(std::string(username) + ":" + std::string(password))}) {}

}  // namespace sluice
