// Credentials that stay as they are: a header on every request. None can be renewed, so a 401 ends
// the run. A key that goes into the query or a cookie is part of the requests themselves.
//
// Thread-safe: immutable.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "stages/http/credential.h"

namespace sluice {

class FixedCredential : public Credential {
 public:
  std::vector<HttpHeader> Headers() const override { return {header_}; }
  std::int64_t version() const override { return 0; }
  bool Expired(WallMs) const override { return false; }
  std::optional<HttpRequest> RenewalRequest() const override { return std::nullopt; }
  Status Renewed(const HttpResponse& response, WallMs now_ms) override;

 protected:
  explicit FixedCredential(HttpHeader header) : header_(std::move(header)) {}

 private:
  const HttpHeader header_;
};

// RFC 6750: Authorization: Bearer TOKEN
class BearerCredential final : public FixedCredential {
 public:
  explicit BearerCredential(const std::string& token)
      : FixedCredential({"Authorization", "Bearer " + token}) {}
};

// RFC 7617: Authorization: Basic base64(USER:PASSWORD)
class BasicCredential final : public FixedCredential {
 public:
  BasicCredential(std::string_view username, std::string_view password);
};

// Any header: X-Api-Key: KEY
class ApiKeyCredential final : public FixedCredential {
 public:
  ApiKeyCredential(std::string header_name, std::string key)
      : FixedCredential({std::move(header_name), std::move(key)}) {}
};

}  // namespace sluice
