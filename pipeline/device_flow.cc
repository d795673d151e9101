#include "pipeline/device_flow.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace sluice {
namespace {

using Json = nlohmann::json;
using std::chrono::seconds;

constexpr seconds kIntervalDefault{5};  // RFC 8628, section 3.2
constexpr seconds kExpiryDefault{600};
constexpr seconds kSlowDown{1};
constexpr int kSecondsMax = 86'400;

std::string Text(const Json& json, const char* name) {
  const auto found = json.find(name);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

seconds Seconds(const Json& json, const char* name, seconds otherwise) {
  const auto found = json.find(name);
  if (found == json.end() || !found->is_number()) return otherwise;
  const double value = found->get<double>();
  if (!(value > 0)) return otherwise;
  return seconds(static_cast<int>(std::clamp(value, 1.0, double{kSecondsMax})));
}

// It is shown on a terminal.
bool IsPlain(std::string_view text) {
  return !text.empty() && text.size() <= 200 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

DeviceFlow::Ended Refused(std::string_view why) {
  return {.error = {Code::kUnauthorized,
                    fmt::format("not authorised: {}; run `sluice auth trakt` again", why)}};
}

}  // namespace

Result<DeviceCode> ReadDeviceCode(const HttpResponse& response) {
  if (IsFinalRefusal(response.status)) {
    return Fail(Code::kUnauthorized,
                fmt::format("the server gives no code ({}); check what --client-id refers to",
                            DescribeRefusal(response)));
  }
  if (response.status < 200 || response.status >= 300) {
    return Fail(
        response.status >= 500 || response.status == 429 ? Code::kTransient : Code::kInvalid,
        fmt::format("the server gives no code (HTTP {}); check --auth-url, or try again "
                    "later",
                    response.status));
  }
  const Json json = Json::parse(response.body.view().text(), nullptr, /*allow_exceptions=*/false);
  DeviceCode code;
  if (json.is_object()) {
    code = {.device_code = Text(json, "device_code"),
            .user_code = Text(json, "user_code"),
            .verification_url = Text(json, "verification_url"),
            .expires_in = Seconds(json, "expires_in", kExpiryDefault),
            .interval = Seconds(json, "interval", kIntervalDefault)};
    // RFC 8628 calls it so.
    if (code.verification_url.empty()) code.verification_url = Text(json, "verification_uri");
  }
  if (!IsPlain(code.device_code) || !IsPlain(code.user_code) || !IsPlain(code.verification_url)) {
    return Fail(Code::kInvalid, "the answer holds no device code; check --auth-url");
  }
  return code;
}

DeviceFlow::DeviceFlow(DeviceCode code, SteadyTime now)
    : code_(std::move(code)), ends_(now + code_.expires_in), interval_(code_.interval) {}

DeviceFlow::Step DeviceFlow::Begin() const { return AskAgain(ends_ - code_.expires_in); }

DeviceFlow::Step DeviceFlow::OnAnswer(const HttpResponse& response, SteadyTime now,
                                      WallMs wall_ms) {
  switch (response.status) {
    case 400:
      return AskAgain(now);
    case 401:
    case 403:
      return Refused(
          fmt::format("the server refuses the client ({}); check what --client-id and "
                      "--client-secret refer to",
                      DescribeRefusal(response)));
    case 404:
      return Refused("the server does not know the code");
    case 409:
      return Refused("the code has been used before");
    case 410:
      return Refused("the code has expired");
    case 418:
      return Refused("the request was denied");
    case 429:
      interval_ += kSlowDown;
      return AskAgain(now);
    default:
      break;
  }
  if (response.status < 200 || response.status >= 300) return AskAgain(now);
  auto pair = ReadTokenAnswer(response.body, {}, wall_ms);
  if (!pair) return Refused(pair.error().message);
  return Granted{.pair = std::move(*pair)};
}

DeviceFlow::Step DeviceFlow::AskAgain(SteadyTime now) const {
  if (now + interval_ > ends_) return Refused("nobody has entered the code in time");
  return AskAt{.time = now + interval_};
}

}  // namespace sluice
