#include "stages/sources/rest/http_request.h"

#include <strings.h>

#include <algorithm>

#include "stages/sources/rest/list_context.h"
#include "stages/sources/rest/template_text.h"
#include "stages/sources/rest/url.h"

namespace sluice::rest {
namespace {

class Headers {
 public:
  void Set(const std::string& name, const std::string& value) {
    const auto known = std::find_if(headers_.begin(), headers_.end(), [&](const HttpHeader& h) {
      return strcasecmp(h.name.c_str(), name.c_str()) == 0;
    });
    if (known == headers_.end()) {
      headers_.push_back({name, value});
    } else {
      known->value = value;
    }
  }
  std::vector<HttpHeader> Take() { return std::move(headers_); }

 private:
  std::vector<HttpHeader> headers_;
};

}  // namespace

HttpRequest ToHttpRequest(const Plan& plan, const Request& request, const Credential* credential) {
  Headers headers;
  headers.Set("Accept", "application/json");
  headers.Set("User-Agent", "sluice/" SLUICE_VERSION);
  if (!request.body.empty()) headers.Set("Content-Type", "application/json");
  for (const NamedValue& header : plan.spec.headers) headers.Set(header.name, header.value);
  if (const PlannedResource* resource = plan.Find(request.document)) {
    for (const NamedValue& header : resource->spec.headers) {
      if (!HeaderTemplate(header.value)) headers.Set(header.name, header.value);
    }
  }
  if (const auto context = DecodeContext(request.context)) {
    for (const auto& [name, value] : context->headers) headers.Set(name, value);
  }
  if (credential != nullptr) {
    for (const HttpHeader& header : credential->Headers()) headers.Set(header.name, header.value);
  }
  std::string target = request.target;
  for (const NamedValue& param : plan.spec.query) {
    target = WithParam(target, param.name, param.value);
  }
  return {.method = request.method,
          .url = SplitBaseUrl(plan.spec.base_url).origin + target,
          .headers = headers.Take(),
          .body = request.body};
}

}  // namespace sluice::rest
