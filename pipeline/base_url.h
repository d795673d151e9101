// What may stand as the address of an API. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice {

// `url` without a '/' at its end, when it is http(s)://HOST[:PORT][/PATH] and nothing more: a user
// or password would end up in logs, a query would be overwritten.
std::optional<std::string> AcceptBaseUrl(const std::string& url);

// Plain http sends the token readable; to the loopback it leaves the machine never.
// REQUIRES: AcceptBaseUrl() let `url` through.
bool IsHttps(std::string_view url);
bool IsLoopbackUrl(std::string_view url);

// "localhost", 127.0.0.0/8 or "[::1]"; as text, without asking a name server.
bool IsLoopback(std::string_view host);

}  // namespace sluice
