#include "stages/http/redirect.h"

#include <curl/curl.h>
#include <strings.h>

#include <algorithm>
#include <memory>
#include <utility>

namespace sluice {
namespace {

constexpr std::size_t kTargetBytesMax = 200;

using Url = std::unique_ptr<CURLU, decltype(&curl_url_cleanup)>;

Url ParseUrl(std::string_view text) {
  Url url(curl_url(), &curl_url_cleanup);
  const std::string owned(text);
  if (url && curl_url_set(url.get(), CURLUPART_URL, owned.c_str(), CURLU_NON_SUPPORT_SCHEME) !=
                 CURLUE_OK) {
    url.reset();
  }
  return url;
}

std::string Part(const Url& url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url.get(), part, &text, flags) != CURLUE_OK) return {};
  std::string owned(text);
  curl_free(text);
  return owned;
}

Origin OriginIn(const Url& url) {
  Origin origin{.scheme = Part(url, CURLUPART_SCHEME),
                .host = Part(url, CURLUPART_HOST),
                .port = Part(url, CURLUPART_PORT, CURLU_DEFAULT_PORT)};
  for (char& c : origin.host) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return origin;
}

std::string Show(const Origin& origin) {
  return origin.scheme + "://" + origin.host + (origin.port.empty() ? "" : ":" + origin.port);
}

bool MayFollow(const Origin& from, const Origin& to) {
  if (to.scheme == "https") return true;
  if (to.scheme != "http" || from.scheme != "http") return false;
  return from == to || (IsLoopback(from) && IsLoopback(to));
}

bool IsHarmless(const HttpHeader& header, const SecretSet& secrets) {
  const bool named = strcasecmp(header.name.c_str(), "accept") == 0 ||
                     strcasecmp(header.name.c_str(), "user-agent") == 0;
  return named && !secrets.Has(header.value) && !secrets.IsIn(header.value);
}

// In a part where a parameter cannot be taken out without asking for something else.
bool HoldsSecretOutsideQuery(const Url& url, const SecretSet& secrets) {
  for (const CURLUPart part :
       {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_HOST, CURLUPART_PATH, CURLUPART_FRAGMENT}) {
    const std::string text = Part(url, part);
    if (secrets.Has(text) || secrets.IsIn(text)) return true;
  }
  return false;
}

void DropSecretParameters(const Url& url, const SecretSet& secrets) {
  const std::string query = Part(url, CURLUPART_QUERY);
  const std::string clean = secrets.WithoutSecrets(query);
  if (clean == query) return;
  curl_url_set(url.get(), CURLUPART_QUERY, clean.empty() ? nullptr : clean.c_str(), 0);
}

}  // namespace

Result<Origin> OriginOf(std::string_view text) {
  const Url url = ParseUrl(text);
  if (!url) return Fail(Code::kInvalid, "not an absolute URL");
  Origin origin = OriginIn(url);
  if (origin.host.empty()) return Fail(Code::kInvalid, "a URL without a host");
  return origin;
}

bool IsLoopback(const Origin& origin) {
  return origin.host == "localhost" || origin.host == "[::1]" ||
         (origin.host.starts_with("127.") &&
          origin.host.find_first_not_of("0123456789.") == std::string::npos);
}

bool IsRedirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

std::string DescribeRedirect(const HttpResponse& response) {
  const std::string* location = response.Header("location");
  if (location == nullptr || location->empty()) return "the API redirects, and does not say where";
  std::string target = *location;
  if (const Url url = ParseUrl(*location)) target = Show(OriginIn(url)) + Part(url, CURLUPART_PATH);
  target.resize(std::min({target.find_first_of("?#"), target.size(), kTargetBytesMax}));
  return "the API redirects to " + target +
         ", and only a GET is followed; if that address is right, put it into the job";
}

Result<HttpRequest> FollowRedirect(const HttpRequest& request, std::string_view location,
                                   const SecretSet& secrets) {
  const Url url = ParseUrl(request.url);
  if (!url) return Fail(Code::kInvalid, "a redirect from a URL that cannot be parsed");
  const Origin from = OriginIn(url);
  const std::string target(location);
  if (curl_url_set(url.get(), CURLUPART_URL, target.c_str(), CURLU_NON_SUPPORT_SCHEME) !=
      CURLUE_OK) {
    return Fail(Code::kInvalid, Show(from) + " redirects to something that is not a URL");
  }
  const Origin to = OriginIn(url);
  if (!MayFollow(from, to)) {
    return Fail(Code::kInvalid, Show(from) + " redirects to " + Show(to) +
                                    ", which is not followed: only https is");
  }
  if (from != to && HoldsSecretOutsideQuery(url, secrets)) {
    return Fail(Code::kInvalid,
                secrets.Redact(Show(from) + " redirects to " + Show(to) +
                               ", to an address that holds a secret of this job, which is not "
                               "followed: another server must not see it"));
  }
  curl_url_set(url.get(), CURLUPART_USER, nullptr, 0);
  curl_url_set(url.get(), CURLUPART_PASSWORD, nullptr, 0);
  HttpRequest next = request;
  if (from != to) {
    DropSecretParameters(url, secrets);
    std::erase_if(next.headers,
                  [&](const HttpHeader& header) { return !IsHarmless(header, secrets); });
  }
  next.url = Part(url, CURLUPART_URL);
  return next;
}

}  // namespace sluice
