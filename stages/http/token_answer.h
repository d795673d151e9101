// What a token endpoint says (RFC 6749, sections 5.1 and 5.2): a new token, or why there is none.
// Bytes in, values out; the tokens are added to KnownSecrets().
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "stages/http/token_file.h"
#include "stages/http/transport.h"
#include "storage/base/clock.h"

namespace sluice {

struct TokenAnswerFormat {
  std::string expires_in_name = "expires_in";
  std::int64_t default_expires_in = 3600;  // seconds, where the answer does not say
};

// Reads a 2xx answer. `created_at` is the answer's own, unless by that the token would come from
// the future or have ended by now, which is a clock that is wrong: then it is now. A refresh token
// that the answer leaves out stays empty. kTransient: cut, or not JSON, so ask again. kInvalid: not
// what a token endpoint answers.
Result<TokenPair> ReadTokenAnswer(std::string_view body, const TokenAnswerFormat& format,
                                  WallMs now_ms);

// Whether the refusal is for good: 400, 401 or 403 (invalid_grant, invalid_client, ...).
bool IsFinalRefusal(int status);
// "HTTP 400, invalid_grant". Never the description: some servers put the token into it.
std::string DescribeRefusal(const HttpResponse& response);

// When the access token ends; nullopt where that is not known.
std::optional<WallMs> EndOfToken(const TokenPair& pair);

}  // namespace sluice
