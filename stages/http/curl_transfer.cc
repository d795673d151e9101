#include "stages/http/curl_transfer.h"

#include <fmt/format.h>
#include <strings.h>

#include <algorithm>
#include <utility>

#include "stages/http/curl_error.h"
#include "stages/http/redirect.h"
#include "stages/http/secrets.h"
#include "storage/base/bytes.h"

namespace sluice {
namespace {

using Prepared = tl::expected<void, TransportError>;

tl::unexpected<TransportError> Refuse(std::string message) {
  return tl::unexpected(TransportError{.code = Code::kInvalid, .message = std::move(message)});
}

bool HasControlCharacter(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

std::string_view Trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

bool Names(const std::vector<HttpHeader>& headers, const char* name) {
  return std::any_of(headers.begin(), headers.end(), [&](const HttpHeader& header) {
    return strcasecmp(header.name.c_str(), name) == 0;
  });
}

std::string HostOf(const std::string& url) {
  const Result<Origin> origin = OriginOf(url);
  return origin ? origin->host : "the server";
}

}  // namespace

CurlTransfer::CurlTransfer(EasyHandle easy, HttpRequest request, Transport::Done done,
                           const CurlOptions& options)
    : easy_(std::move(easy)),
      request_(std::move(request)),
      done_(std::move(done)),
      options_(options),
      body_(options.spill) {}

Prepared CurlTransfer::Prepare() {
  const Result<Origin> origin = OriginOf(request_.url);
  if (!origin) return Refuse("cannot send a request: " + origin.error().message);
  const bool plain = origin->scheme == "http";
  if (origin->scheme != "https" && !plain) {
    return Refuse(
        fmt::format("{}: scheme {} is not spoken; use https", origin->host, origin->scheme));
  }
  if (plain && options_.plain_http == PlainHttp::kLoopbackOnly && !IsLoopback(*origin)) {
    return Refuse(origin->host + ": plain http would send the credential unencrypted; use https");
  }
  for (const HttpHeader& header : request_.headers) {
    if (header.name.empty() || HasControlCharacter(header.name) ||
        HasControlCharacter(header.value)) {
      return Refuse(
          fmt::format("{}: a request header holds a control character; check the secret it "
                      "is made from for a stray line end",
                      origin->host));
    }
  }
  response_ = {};
  body_ = BodyWriter(options_.spill);
  header_bytes_ = 0;
  over_limit_ = OverLimit::kNothing;
  curl_easy_reset(easy());
  SetMethodAndHeaders();
  SetLimits();
  SetConnection(plain);
  SetSecurity(plain);
  return {};
}

void CurlTransfer::SetMethodAndHeaders() {
  CURL* const easy = easy_.get();
  curl_easy_setopt(easy, CURLOPT_URL, request_.url.c_str());
  if (request_.method == "HEAD") curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
  if (request_.method != "GET" && request_.method != "HEAD") {
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request_.body.size()));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request_.body.c_str());
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request_.method.c_str());
  }
  curl_slist* list = nullptr;
  for (const HttpHeader& header : request_.headers) {
    // "Name;" is how libcurl is told to send a header without a value.
    const std::string line =
        header.value.empty() ? header.name + ";" : header.name + ": " + header.value;
    list = curl_slist_append(list, line.c_str());
  }
  // Waiting for "100 Continue" costs a second where the server does not know it.
  list = curl_slist_append(list, "Expect:");
  header_list_.reset(list);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, list);
  if (!Names(request_.headers, "user-agent")) {
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "sluice");
  }
}

void CurlTransfer::SetLimits() {
  CURL* const easy = easy_.get();
  const auto left =
      request_.timeout - std::chrono::duration_cast<std::chrono::milliseconds>(Elapsed());
  // 0 would mean no limit at all.
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, std::max<long>(1, static_cast<long>(left.count())));
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(options_.connect_timeout.count()));
  curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT,
                   static_cast<long>(options_.low_speed_bytes_per_second));
  curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME,
                   static_cast<long>(options_.low_speed_time.count()));
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, error_text_);
  curl_easy_setopt(easy, CURLOPT_PRIVATE, this);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &CurlTransfer::OnBody);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &CurlTransfer::OnHeader);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, this);
}

// Over plain http libcurl would let requests wait for one another, to see whether the server speaks
// HTTP/2 there.
void CurlTransfer::SetConnection(bool plain_http) {
  CURL* const easy = easy_.get();
  const auto version = plain_http ? CURL_HTTP_VERSION_1_1 : CURL_HTTP_VERSION_2TLS;
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(version));
  curl_easy_setopt(easy, CURLOPT_PIPEWAIT, plain_http ? 0L : 1L);
  if (request_.once) {
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
  }
}

void CurlTransfer::SetSecurity(bool plain_http) {
  CURL* const easy = easy_.get();
  const char* const protocols = plain_http ? "http,https" : "https";
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, protocols);
  curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, protocols);
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
  // A request that must go once gets no company on its connection either: libcurl would take it for
  // a kept one, and send again what breaks on it. It puts those together whose TLS options are the
  // same, so these are not: a highest version that changes nothing.
  const long highest = request_.once ? CURL_SSLVERSION_MAX_TLSv1_3 : CURL_SSLVERSION_MAX_NONE;
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2 | highest);
  if (!options_.ca_file.empty()) curl_easy_setopt(easy, CURLOPT_CAINFO, options_.ca_file.c_str());
  // Setting both, even to nothing, keeps libcurl from reading http_proxy and no_proxy.
  curl_easy_setopt(easy, CURLOPT_PROXY, options_.proxy.c_str());
  curl_easy_setopt(easy, CURLOPT_NOPROXY, options_.proxy.empty() ? "*" : "");
}

std::size_t CurlTransfer::OnBody(char* data, std::size_t size, std::size_t count, void* self) {
  return static_cast<CurlTransfer*>(self)->AppendBody({data, size * count});
}

std::size_t CurlTransfer::OnHeader(char* data, std::size_t size, std::size_t count, void* self) {
  return static_cast<CurlTransfer*>(self)->AppendHeader({data, size * count});
}

// Counts what comes out of decompression. CURLOPT_MAXFILESIZE does nothing for a chunked body and
// sees 49 KB where a gzip bomb unpacks to 50 MB.
std::size_t CurlTransfer::AppendBody(std::string_view data) {
  if (data.size() > request_.body_bytes_max - body_.size()) {
    over_limit_ = OverLimit::kBody;
    return CURL_WRITEFUNC_ERROR;
  }
  if (body_.size() == 0) {
    constexpr curl_off_t kReserveMax = 8 << 20;  // a header alone must not cost more
    curl_off_t length = 0;
    curl_easy_getinfo(easy(), CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    const auto bound =
        std::min<curl_off_t>(kReserveMax, static_cast<curl_off_t>(request_.body_bytes_max));
    if (length > 0) body_.Reserve(static_cast<std::size_t>(std::min(length, bound)));
  }
  if (auto appended = body_.Append(data); !appended) {
    disk_error_ = appended.error();
    return CURL_WRITEFUNC_ERROR;
  }
  return data.size();
}

std::size_t CurlTransfer::AppendHeader(std::string_view line) {
  header_bytes_ += line.size();
  if (header_bytes_ > options_.header_bytes_max) {
    over_limit_ = OverLimit::kHeaders;
    return 0;
  }
  if (line.starts_with("HTTP/")) {  // an interim answer (100, 103) came before: forget its headers
    response_.headers.clear();
    return line.size();
  }
  const auto colon = line.find(':');
  if (colon != std::string_view::npos) {
    response_.headers.push_back({.name = std::string(Trimmed(line.substr(0, colon))),
                                 .value = std::string(Trimmed(line.substr(colon + 1)))});
  }
  return line.size();
}

TransportResult CurlTransfer::Finish(CURLcode code) {
  if (disk_error_) {
    return tl::unexpected(TransportError{
        .code = disk_error_->code, .curl_code = code, .message = disk_error_->message});
  }
  if (code != CURLE_OK) return tl::unexpected(Describe(code));
  auto body = body_.Finish();
  if (!body) {
    return tl::unexpected(
        TransportError{.code = body.error().code, .message = body.error().message});
  }
  response_.body = std::move(*body);
  long status = 0;
  curl_easy_getinfo(easy(), CURLINFO_RESPONSE_CODE, &status);
  response_.status = static_cast<int>(status);
  response_.elapsed = Elapsed();
  return std::move(response_);
}

TransportError CurlTransfer::Describe(CURLcode code) const {
  const std::string host = HostOf(request_.url);
  TransportError error{.code = ClassifyCurl(code), .curl_code = code};
  if (over_limit_ == OverLimit::kBody) {
    error.message = fmt::format(
        "{}: the answer is larger than {}, the most that one may hold; if "
        "it is to be taken, raise limits.memory above its size",
        host, FormatBytes(static_cast<std::int64_t>(request_.body_bytes_max)));
  } else if (over_limit_ == OverLimit::kHeaders) {
    error.message = fmt::format("{}: the answer's headers are larger than {}", host,
                                FormatBytes(static_cast<std::int64_t>(options_.header_bytes_max)));
  } else if (code == CURLE_WRITE_ERROR) {  // not ours: libcurl's decoders refuse this way
    error.code = Code::kTransient;
    error.message = fmt::format(
        "{}: the answer could not be decoded: it is damaged, or not what its Content-Encoding says",
        host);
  } else {
    error.message = fmt::format("{}: {} (libcurl error {})", host,
                                error_text_[0] != '\0' ? error_text_ : curl_easy_strerror(code),
                                static_cast<int>(code));
  }
  // libcurl has no code for it, only words: "stream 1 was not closed cleanly: ENHANCE_YOUR_CALM".
  error.calm = code == CURLE_HTTP2_STREAM &&
               std::string_view(error_text_).find("ENHANCE_YOUR_CALM") != std::string_view::npos;
  long sent_bytes = 0;
  curl_easy_getinfo(easy(), CURLINFO_REQUEST_SIZE, &sent_bytes);
  // A timeout before a byte could be sent is a server that cannot be reached, not a slow one.
  if (code == CURLE_OPERATION_TIMEDOUT && sent_bytes == 0) error.code = Code::kNetwork;
  return error;
}

bool CurlTransfer::ShouldRedirect(const HttpResponse& response) const {
  return request_.method == "GET" && IsRedirect(response.status) &&
         response.Header("location") != nullptr;
}

Prepared CurlTransfer::Redirect(const HttpResponse& response) {
  if (++redirects_ > kRedirectsMax) {
    return Refuse(fmt::format("{}: more than {} redirects", HostOf(request_.url), kRedirectsMax));
  }
  Result<HttpRequest> next = FollowRedirect(request_, *response.Header("location"), KnownSecrets());
  if (!next) return Refuse(next.error().message);
  request_ = std::move(*next);
  return {};
}

void CurlTransfer::Deliver(TransportResult result) {
  const int followed = std::min(redirects_, kRedirectsMax);
  (result ? result->redirects : result.error().redirects) = followed;
  std::exchange(done_, nullptr)(std::move(result));
}

std::chrono::microseconds CurlTransfer::Elapsed() const {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() -
                                                               started_);
}

}  // namespace sluice
