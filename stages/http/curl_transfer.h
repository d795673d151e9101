// One request on its way: the libcurl easy handle with every option set, and the answer so far.
#pragma once

#include <curl/curl.h>

#include <memory>
#include <optional>
#include <string>

#include "stages/http/curl_transport.h"

namespace sluice {

struct EasyDeleter {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
using EasyHandle = std::unique_ptr<CURL, EasyDeleter>;

// Only on the loop thread. Not movable while its handle is in a multi: libcurl points back here.
class CurlTransfer {
 public:
  // `easy` may have been used before. `options` must outlive the transfer.
  CurlTransfer(EasyHandle easy, HttpRequest request, Transport::Done done,
               const CurlOptions& options);
  CurlTransfer(const CurlTransfer&) = delete;
  CurlTransfer& operator=(const CurlTransfer&) = delete;

  // Sets the handle up for the request. Fails, without having touched the network, with what must
  // not be sent: another scheme than https, or a header with a control character in it.
  tl::expected<void, TransportError> Prepare();
  // The answer, or what went wrong, once libcurl has finished with `code`.
  TransportResult Finish(CURLcode code);
  // Turns this transfer into the request that `response` redirects to, ready for Prepare().
  tl::expected<void, TransportError> Redirect(const HttpResponse& response);
  bool ShouldRedirect(const HttpResponse& response) const;
  // Hands over the result. Once.
  void Deliver(TransportResult result);

  CURL* easy() const { return easy_.get(); }
  EasyHandle TakeHandle() { return std::move(easy_); }

 private:
  struct SlistDeleter {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };
  enum class OverLimit { kNothing, kBody, kHeaders };

  static std::size_t OnBody(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t OnHeader(char* data, std::size_t size, std::size_t count, void* self);
  std::size_t AppendBody(std::string_view data);
  std::size_t AppendHeader(std::string_view line);
  void SetMethodAndHeaders();
  void SetLimits();
  void SetConnection(bool plain_http);
  void SetSecurity(bool plain_http);
  TransportError Describe(CURLcode code) const;
  std::chrono::microseconds Elapsed() const;

  EasyHandle easy_;
  HttpRequest request_;
  Transport::Done done_;
  const CurlOptions& options_;
  const SteadyTime started_ = std::chrono::steady_clock::now();
  std::unique_ptr<curl_slist, SlistDeleter> header_list_;
  HttpResponse response_;
  BodyWriter body_;
  std::optional<Error> disk_error_;
  std::size_t header_bytes_ = 0;
  OverLimit over_limit_ = OverLimit::kNothing;
  int redirects_ = 0;
  char error_text_[CURL_ERROR_SIZE] = {};
};

}  // namespace sluice
