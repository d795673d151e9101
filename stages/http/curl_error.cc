#include "stages/http/curl_error.h"

#include <curl/curl.h>

namespace sluice {

Code ClassifyCurl(int curl_code) {
  if (IsCertificateError(curl_code)) return Code::kInvalid;
  switch (curl_code) {
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_INTERFACE_FAILED:
    case CURLE_SSL_CONNECT_ERROR:  // also a reset during the handshake, so worth another attempt
    case CURLE_PROXY:
      return Code::kNetwork;
    case CURLE_URL_MALFORMAT:
    case CURLE_NOT_BUILT_IN:
    case CURLE_WRITE_ERROR:  // our own callbacks refused: the answer is over a limit
    case CURLE_BAD_FUNCTION_ARGUMENT:
    case CURLE_UNKNOWN_OPTION:
    case CURLE_TOO_MANY_REDIRECTS:
    case CURLE_FILESIZE_EXCEEDED:
      return Code::kInvalid;
    case CURLE_ABORTED_BY_CALLBACK:
      return Code::kCancelled;
    default:
      return Code::kTransient;
  }
}

bool IsCertificateError(int curl_code) {
  switch (curl_code) {
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
    case CURLE_SSL_INVALIDCERTSTATUS:
      return true;
    default:
      return false;
  }
}

}  // namespace sluice
