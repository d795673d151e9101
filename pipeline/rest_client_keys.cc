// [client]: headers, auth, api_budget.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "pipeline/base_url.h"
#include "pipeline/rest_keys.h"
#include "pipeline/token_reference.h"
#include "pipeline/units.h"

namespace sluice {
namespace {

constexpr const char* kReference =
    "a reference (\"env:NAME\", \"file:PATH\" or \"cmd:COMMAND\"), never the secret itself";

constexpr std::array<std::pair<std::string_view, RestAuth::Type>, 5> kAuthTypes{
    {{"bearer", RestAuth::Type::kBearer},
     {"api_key", RestAuth::Type::kApiKey},
     {"http_basic", RestAuth::Type::kHttpBasic},
     {"oauth2_client_credentials", RestAuth::Type::kOauth2ClientCredentials},
     {"oauth2_refresh", RestAuth::Type::kOauth2Refresh}}};

constexpr std::array<std::pair<std::string_view, RestAuth::Location>, 3> kLocations{
    {{"header", RestAuth::Location::kHeader},
     {"query", RestAuth::Location::kQuery},
     {"cookie", RestAuth::Location::kCookie}}};

// A reference, required unless it says otherwise.
enum class Need { kRequired, kOptional };
std::string Reference(TableReader& table, std::string_view name, Need need) {
  const auto text = table.Text(name);
  if (!text) {
    if (need == Need::kRequired && !table.Has(name)) {
      table.Complain(name, fmt::format("is missing; it must be {}", kReference));
    }
    return "";
  }
  if (!AcceptTokenReference(*text)) {
    table.MustBe(name, kReference);
    return "";
  }
  return *text;
}

std::string TokenUrl(TableReader& auth, std::string_view name) {
  const auto text = auth.Text(name);
  if (!text && !auth.Has(name)) auth.Complain(name, "is missing; it is the URL that gives tokens");
  if (!text) return "";
  const auto url = AcceptBaseUrl(*text);
  if (!url || (!IsHttps(*url) && !IsLoopbackUrl(*url))) {
    auth.MustBe(name, "a URL \"https://HOST[:PORT][/PATH]\", or http to the loopback");
    return "";
  }
  // As it was written: some servers tell a '/' at the end from none.
  return *text;
}

void ReadOauth2(TableReader& auth, RestAuth& result) {
  result.client_id = auth.Text("client_id").value_or("");
  result.scopes = auth.TextOrTexts("scopes").value_or(std::vector<std::string>{});
  result.expires_in_name = auth.Text("expires_in_name").value_or(result.expires_in_name);
  if (const auto seconds = auth.Number("default_token_expiration", 1, 366 * 86400)) {
    result.default_expiration = std::chrono::seconds(*seconds);
  }
  auto data = auth.Table("access_token_request_data");
  if (!data) return;
  for (const TableReader::Found& field : data->Rest()) {
    const std::string& name = field.name;
    const auto value = data->Scalar(name);
    if (value && LooksSecret(name)) {
      data->Complain(name, "must not hold a secret; client_secret takes a reference");
    } else if (value) {
      result.request_data.push_back({name, *value});
    }
  }
}

struct Pace {
  double requests_per_second = 0;
  int burst = 1;
};

// So many calls in any window, used up to the last: a hundredth of them at once after a pause.
std::optional<Pace> PaceOf(TableReader& table, std::string_view limit, std::string_view period) {
  const auto calls = table.Number(limit, 1, 1'000'000'000);
  const auto window = table.Duration(period);
  if (!table.Has(limit)) table.Complain(limit, "is missing; it is the number of calls");
  if (!table.Has(period)) table.Complain(period, "is missing; it is the time for so many calls");
  if (!calls || !window) return std::nullopt;
  if (window->count() == 0) {
    table.MustBe(period, "longer than nothing");
    return std::nullopt;
  }
  const std::int64_t burst = std::max<std::int64_t>(1, std::min<std::int64_t>(*calls / 100, 1000));
  return Pace{static_cast<double>(*calls - burst + 1) * 1000 / static_cast<double>(window->count()),
              static_cast<int>(burst)};
}

enum class Policy { kFixedWindow, kMovingWindow };
constexpr std::array<std::pair<std::string_view, Policy>, 2> kPolicies{
    {{"fixed_window", Policy::kFixedWindow}, {"moving_window", Policy::kMovingWindow}}};

std::vector<Pace> ReadPolicy(TableReader policy) {
  std::vector<Pace> paces;
  const auto add = [&](const std::optional<Pace>& pace) {
    if (pace) paces.push_back(*pace);
  };
  policy.Require("type", "it is \"fixed_window\" or \"moving_window\"");
  const auto type = policy.Word("type", kPolicies);
  policy.NotSupported("matchers", "a policy is for all requests of the job");
  if (type == Policy::kFixedWindow) add(PaceOf(policy, "call_limit", "period"));
  if (type == Policy::kMovingWindow) {
    policy.Require("rates", "it is a list of { limit, interval }");
    for (TableReader& rate : policy.Tables("rates")) {
      add(PaceOf(rate, "limit", "interval"));
      rate.RefuseRest();
    }
  }
  if (type) policy.RefuseRest();
  return paces;
}

bool IsHeaderName(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) ||
           std::string_view("!#$%&'*+-.^_`|~").find(static_cast<char>(c)) != std::string_view::npos;
  });
}

// The words of "X-Api-Key", "apiKey" and "API_KEY", in lower case.
std::vector<std::string> WordsOf(std::string_view name) {
  std::vector<std::string> words(1);
  char before = 0;
  for (const char c : name) {
    const auto letter = static_cast<unsigned char>(c);
    const bool hump = std::isupper(letter) && std::islower(static_cast<unsigned char>(before));
    if (hump || !std::isalnum(letter)) words.emplace_back();
    if (std::isalnum(letter)) words.back() += static_cast<char>(std::tolower(letter));
    before = c;
  }
  return words;
}

}  // namespace

bool IsReference(const std::string& value) { return AcceptTokenReference(value).has_value(); }

bool LooksSecret(std::string_view name) {
  std::string whole;
  for (const std::string& word : WordsOf(name)) {
    // "keyset" and "keyword" are no keys.
    if (word.ends_with("key") || word.ends_with("keys")) return true;
    whole += word;
  }
  for (const char* part : {"authorization", "token", "secret", "password", "passwd", "cookie",
                           "apikey", "credential"}) {
    if (whole.find(part) != whole.npos) return true;
  }
  return false;
}

std::vector<rest::NamedValue> ReadHeaders(TableReader headers) {
  std::vector<rest::NamedValue> result;
  for (const TableReader::Found& found : headers.Rest()) {
    const std::string& name = found.name;
    const auto value = headers.Scalar(name);
    if (!value) continue;
    const bool again =
        std::any_of(result.begin(), result.end(), [&](const rest::NamedValue& other) {
          return other.name == name;  // of a layer above
        });
    if (again) continue;
    if (!IsHeaderName(name)) {
      headers.Complain(name, "is no name of a header");
    } else if (value->find_first_of(std::string_view("\r\n\0", 3)) != value->npos) {
      headers.MustBe(name, "one line");
    } else if (LooksSecret(name) && !IsReference(*value)) {
      headers.MustBe(name, kReference);
    } else {
      result.push_back({name, *value});
    }
  }
  return result;
}

RestAuth ReadAuth(TableReader auth) {
  RestAuth result;
  auth.Require("type",
               "it is \"bearer\", \"api_key\", \"http_basic\", \"oauth2_client_credentials\" or "
               "\"oauth2_refresh\"");
  result.type = auth.Word("type", kAuthTypes).value_or(RestAuth::Type::kNone);
  switch (result.type) {
    case RestAuth::Type::kNone:
      return result;  // which keys are right is not known
    case RestAuth::Type::kBearer:
      result.token = Reference(auth, "token", Need::kRequired);
      break;
    case RestAuth::Type::kApiKey:
      result.name = auth.Text("name").value_or(result.name);
      if (!IsHeaderName(result.name)) auth.MustBe("name", "the name of a header or a parameter");
      result.api_key = Reference(auth, "api_key", Need::kRequired);
      result.location = auth.Word("location", kLocations).value_or(RestAuth::Location::kHeader);
      break;
    case RestAuth::Type::kHttpBasic:
      auth.Require("username", "a name, or a reference to it");
      result.username = auth.Text("username").value_or("");
      if (auth.Text("password") != "") {
        result.password = Reference(auth, "password", Need::kRequired);
      }
      break;
    case RestAuth::Type::kOauth2ClientCredentials:
      result.token_url = TokenUrl(auth, "access_token_url");
      result.client_secret = Reference(auth, "client_secret", Need::kRequired);
      ReadOauth2(auth, result);
      break;
    case RestAuth::Type::kOauth2Refresh:
      result.token_url = TokenUrl(auth, "token_refresh_endpoint");
      result.client_secret = Reference(auth, "client_secret", Need::kOptional);
      result.refresh_token = Reference(auth, "refresh_token", Need::kRequired);
      ReadOauth2(auth, result);
      break;
  }
  auth.RefuseRest();
  return result;
}

ApiBudget ReadApiBudget(TableReader budget) {
  ApiBudget result;
  for (const TableReader& policy : budget.Tables("policies")) {
    for (const Pace& pace : ReadPolicy(policy)) {
      const bool stricter =
          result.requests_per_second == 0 || pace.requests_per_second < result.requests_per_second;
      if (!stricter) continue;
      result.requests_per_second = pace.requests_per_second;
      result.burst = pace.burst;
    }
  }
  for (const std::string& code :
       budget.Scalars("status_codes_for_ratelimit_hit").value_or(std::vector<std::string>{})) {
    const auto number = ParseCount(code);
    if (number && *number >= 100 && *number <= 599) {
      result.rate_limited_codes.push_back(static_cast<int>(*number));
    } else {
      budget.MustBe("status_codes_for_ratelimit_hit", "a list of HTTP status codes");
    }
  }
  for (const char* header : {"ratelimit_reset_header", "ratelimit_remaining_header"}) {
    budget.NotSupported(header, "the headers that APIs use are known (stages/README.md)");
  }
  budget.RefuseRest();
  return result;
}

}  // namespace sluice
