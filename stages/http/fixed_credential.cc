#include "stages/http/fixed_credential.h"

#include "stages/http/base64.h"
#include "stages/http/secrets.h"

namespace sluice {
namespace {

// The pair as it is sent is a secret of its own, however short the password.
std::string EncodedPair(std::string_view username, std::string_view password) {
  std::string pair = Base64(std::string(username) + ":" + std::string(password));
  KnownSecrets().Add(pair);
  return pair;
}

}  // namespace

Status FixedCredential::Renewed(const HttpResponse&, WallMs) {
  return Fail(Code::kUnauthorized, "this credential cannot be renewed");
}

BasicCredential::BasicCredential(std::string_view username, std::string_view password)
    : FixedCredential({"Authorization", "Basic " + EncodedPair(username, password)}) {}

}  // namespace sluice
