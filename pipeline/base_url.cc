#include "pipeline/base_url.h"

#include <arpa/inet.h>

#include <algorithm>

#include "pipeline/units.h"

namespace sluice {
namespace {

constexpr std::string_view kHttps = "https://";
constexpr std::string_view kHttp = "http://";

std::string_view BehindScheme(std::string_view url) {
  if (url.starts_with(kHttps)) return url.substr(kHttps.size());
  if (url.starts_with(kHttp)) return url.substr(kHttp.size());
  return {};
}

std::string_view Authority(std::string_view url) {
  const std::string_view rest = BehindScheme(url);
  return rest.substr(0, rest.find('/'));
}

struct HostPort {
  std::string_view host;
  std::string_view port;
  bool has_port = false;
};

HostPort Split(std::string_view authority) {
  const auto bracket = authority.rfind(']');  // a ':' before it belongs to an IPv6 address
  const auto colon = authority.find(':', bracket == authority.npos ? 0 : bracket);
  if (colon == authority.npos) return {.host = authority};
  return {authority.substr(0, colon), authority.substr(colon + 1), true};
}

bool IsHost(std::string_view host) {
  const auto in_name = [](unsigned char c) { return std::isalnum(c) || c == '.' || c == '-'; };
  const auto in_ip6 = [](unsigned char c) { return std::isxdigit(c) || c == ':' || c == '.'; };
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    return std::all_of(host.begin() + 1, host.end() - 1, in_ip6);
  }
  return !host.empty() && std::all_of(host.begin(), host.end(), in_name);
}

}  // namespace

std::optional<std::string> AcceptBaseUrl(const std::string& url) {
  const auto [host, port, has_port] = Split(Authority(url));
  const bool odd = std::any_of(url.begin(), url.end(), [](unsigned char c) {
    return c <= ' ' || c >= 0x7f || c == '@' || c == '?' || c == '#' || c == '\\';
  });
  if (odd || !IsHost(host)) return std::nullopt;
  if (has_port) {
    const auto number = ParseCount(port);
    if (!number || *number < 1 || *number > 65535) return std::nullopt;
  }
  return url.substr(0, url.find_last_not_of('/') + 1);
}

bool IsHttps(std::string_view url) { return url.starts_with(kHttps); }

bool IsLoopbackUrl(std::string_view url) { return IsLoopback(Split(Authority(url)).host); }

bool IsLoopback(std::string_view host) {
  in_addr address{};
  // A name such as "127.0.0.1.example.org" is no address, so a prefix would not do.
  const bool ip4 = inet_pton(AF_INET, std::string(host).c_str(), &address) == 1;
  return host == "localhost" || host == "[::1]" || (ip4 && (ntohl(address.s_addr) >> 24) == 127);
}

}  // namespace sluice
