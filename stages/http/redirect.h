// Following a redirect without taking a credential along.
//
// libcurl's own FOLLOWLOCATION strips Authorization and Cookie at another host and forwards every
// other header (X-Api-Key, trakt-api-key); so it is switched off and this decides. Pure.
#pragma once

#include <string>
#include <string_view>

#include "stages/http/secrets.h"
#include "stages/http/transport.h"

namespace sluice {

constexpr int kRedirectsMax = 5;

// scheme + host + port: what a credential is meant for. Default ports are filled in.
struct Origin {
  std::string scheme;
  std::string host;
  std::string port;
  auto operator<=>(const Origin&) const = default;
};

// Fails with Code::kInvalid when `url` is not an absolute URL with a host.
Result<Origin> OriginOf(std::string_view url);
// 127.0.0.0/8, [::1] or localhost.
bool IsLoopback(const Origin& origin);
// True where `status` sends a GET elsewhere: 301, 302, 303, 307, 308.
bool IsRedirect(int status);

// Why an answer that leads elsewhere was not followed, for people: where it leads, without its
// query, and what to do. Only a GET is followed, and only one that names a place.
std::string DescribeRedirect(const HttpResponse& response);

// The request that `location` asks for in answer to `request`.
// - The same origin gets the same headers. Any other gets Accept and User-Agent and nothing else,
//   neither of them where its value is one of `secrets`, and what has been dropped does not come
//   back on a later hop.
// - Servers that move often put the path and query that they were asked for into `location`. So
//   another origin gets no parameter that is a secret one or holds a secret (SecretSet), and a
//   `location` that holds one anywhere else is not followed there.
// - Only https is followed; http only from plain http, to the same origin or between loopback
//   addresses. User names and passwords in `location` are dropped.
// Fails with Code::kInvalid, naming the origins and no path or query.
Result<HttpRequest> FollowRedirect(const HttpRequest& request, std::string_view location,
                                   const SecretSet& secrets);

}  // namespace sluice
