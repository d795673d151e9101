#include "stages/sources/rest/url.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <memory>

#include "stages/http/redirect.h"

namespace sluice::rest {
namespace {

using Url = std::unique_ptr<CURLU, decltype(&curl_url_cleanup)>;

std::string Part(const Url& url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url.get(), part, &text, 0) != CURLUE_OK) return {};
  std::string owned(text);
  curl_free(text);
  return owned;
}

std::string Decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    int value = 0;
    const auto digits = text.substr(i + 1, 2);
    if (text[i] == '%' && digits.size() == 2 &&
        std::from_chars(digits.data(), digits.data() + 2, value, 16).ptr == digits.data() + 2) {
      out += static_cast<char>(value);
      i += 2;
    } else {
      out += text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

// "a=1", "b=2" of "/path?a=1&b=2"; as written.
std::vector<std::string_view> ParamsOf(std::string_view target) {
  std::vector<std::string_view> params;
  const std::size_t mark = target.find('?');
  if (mark == std::string_view::npos) return params;
  std::string_view query = target.substr(mark + 1);
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    if (end > 0) params.push_back(query.substr(0, end));
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return params;
}

std::string NameOf(std::string_view param) { return Decode(param.substr(0, param.find('='))); }

std::string Join(std::string_view path, const std::vector<std::string>& params) {
  std::string target(path);
  char separator = '?';
  for (const std::string& param : params) {
    target += separator;
    target += param;
    separator = '&';
  }
  return target;
}

// Of one server, whichever scheme leads to it.
bool SameServer(const Origin& a, const Origin& b) {
  if (a.host != b.host) return false;
  const auto is_default = [](const Origin& origin) {
    return origin.port == (origin.scheme == "https" ? "443" : "80");
  };
  return a.port == b.port || (is_default(a) && is_default(b));
}

std::string Show(const Origin& origin) {
  return fmt::format("{}://{}:{}", origin.scheme, origin.host, origin.port);
}

}  // namespace

BaseUrl SplitBaseUrl(std::string_view base_url) {
  const std::size_t scheme = base_url.find("://");
  const std::size_t begin = scheme == std::string_view::npos ? 0 : scheme + 3;
  const std::size_t slash = std::min(base_url.find('/', begin), base_url.size());
  std::string_view path = base_url.substr(slash);
  while (path.ends_with('/')) path.remove_suffix(1);
  return {.origin = std::string(base_url.substr(0, slash)), .path = std::string(path)};
}

std::optional<std::string> GetParam(std::string_view target, std::string_view name) {
  for (const std::string_view param : ParamsOf(target)) {
    if (NameOf(param) != name) continue;
    const std::size_t equals = param.find('=');
    return equals == std::string_view::npos ? "" : Decode(param.substr(equals + 1));
  }
  return std::nullopt;
}

std::string WithParam(std::string_view target, std::string_view name, std::string_view value) {
  const std::string given = PercentEncode(name) + "=" + PercentEncode(value);
  std::vector<std::string> params;
  bool placed = false;
  for (const std::string_view param : ParamsOf(target)) {
    if (NameOf(param) != name) {
      params.emplace_back(param);
    } else if (!placed) {
      params.push_back(given);
      placed = true;
    }
  }
  if (!placed) params.push_back(given);
  return Join(target.substr(0, target.find('?')), params);
}

std::string PlusParam(std::string_view target, std::string_view name, std::string_view value) {
  const char separator = target.find('?') == std::string_view::npos ? '?' : '&';
  return fmt::format("{}{}{}={}", target, separator, PercentEncode(name), PercentEncode(value));
}

std::string WithoutParams(std::string_view target, const std::vector<std::string>& names) {
  std::vector<std::string> params;
  for (const std::string_view param : ParamsOf(target)) {
    if (std::find(names.begin(), names.end(), NameOf(param)) == names.end()) {
      params.emplace_back(param);
    }
  }
  return Join(target.substr(0, target.find('?')), params);
}

std::string WithoutSecretParams(std::string_view target, std::string_view asked,
                                const SecretSet& secrets) {
  std::vector<std::string> params;
  for (const std::string_view param : ParamsOf(target)) {
    const std::string name = NameOf(param);
    const std::string value = Decode(param.substr(std::min(param.find('=') + 1, param.size())));
    const bool secret = value.size() >= kHiddenBytesMin && secrets.Has(value);
    if (secrets.HasParameter(name) || (secret && GetParam(asked, name) != value)) continue;
    params.emplace_back(param);
  }
  return Join(target.substr(0, target.find('?')), params);
}

Result<std::string> FollowLink(std::string_view base_url, std::string_view target,
                               std::string_view link) {
  const Url url(curl_url(), &curl_url_cleanup);
  const std::string asked = SplitBaseUrl(base_url).origin + std::string(target);
  const std::string wanted(link);
  constexpr unsigned kFlags = CURLU_NON_SUPPORT_SCHEME | CURLU_ALLOW_SPACE;
  if (curl_url_set(url.get(), CURLUPART_URL, asked.c_str(), kFlags) != CURLUE_OK ||
      curl_url_set(url.get(), CURLUPART_URL, wanted.c_str(), kFlags) != CURLUE_OK) {
    return Fail(Code::kInvalid, "the link to the next page is not a URL");
  }
  const auto from = OriginOf(base_url);
  const auto to = OriginOf(Part(url, CURLUPART_URL));
  if (!from || !to) return Fail(Code::kInvalid, "the link to the next page is not a URL of a host");
  const bool is_http = to->scheme == "https" || to->scheme == "http";
  if (!is_http || !SameServer(*from, *to)) {
    return Fail(Code::kInvalid,
                fmt::format("the link to the next page leads from {} to {}, which is not followed: "
                            "another host must not see the credentials of this one",
                            Show(*from), Show(*to)));
  }
  const std::string query = Part(url, CURLUPART_QUERY);
  return Part(url, CURLUPART_PATH) + (query.empty() ? "" : "?" + query);
}

}  // namespace sluice::rest
