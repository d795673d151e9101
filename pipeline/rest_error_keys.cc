// error_handler and response_actions of an endpoint.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>

#include "pipeline/rest_keys.h"

namespace sluice {
namespace {

using rest::Action;
using rest::Backoff;
using rest::ResponseFilter;

constexpr std::array<std::pair<std::string_view, Action>, 6> kActions{
    {{"success", Action::kSuccess},
     {"ignore", Action::kIgnore},
     {"retry", Action::kRetry},
     {"rate_limited", Action::kRateLimited},
     {"fail", Action::kFail},
     {"refresh_token_then_retry", Action::kRefreshTokenThenRetry}}};

constexpr std::array<std::pair<std::string_view, Backoff::Type>, 4> kBackoffs{
    {{"constant", Backoff::Type::kConstant},
     {"exponential", Backoff::Type::kExponential},
     {"wait_time_from_header", Backoff::Type::kWaitTimeFromHeader},
     {"wait_until_time_from_header", Backoff::Type::kWaitUntilTimeFromHeader}}};

// Airbyte writes actions in capitals.
Action ReadAction(TableReader& table) {
  std::string word = table.Text("action").value_or("");
  std::transform(word.begin(), word.end(), word.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (const auto& [name, action] : kActions) {
    if (name == word) return action;
  }
  std::vector<std::string_view> names;
  for (const auto& entry : kActions) names.push_back(entry.first);
  if (!table.Has("action")) {
    table.Complain("action", "is missing; it says what such an answer means");
  } else if (!word.empty()) {
    table.MustBeOneOf("action", names, word);
  }
  return Action::kFail;
}

std::vector<int> ReadCodes(TableReader& table, std::string_view name) {
  std::vector<int> codes;
  const auto found = table.Find(name);
  if (!found) return codes;
  const auto add = [&](const toml::node& node) {
    const auto code = node.value_exact<std::int64_t>();
    const bool right = code && *code >= 100 && *code <= 599;
    if (right) codes.push_back(static_cast<int>(*code));
    return right;
  };
  const auto* array = found->node->as_array();
  const bool right = array ? std::all_of(array->begin(), array->end(), add) : add(*found->node);
  if (!right) table.MustBe(name, "an HTTP status code from 100 to 599, or a list of them");
  return codes;
}

ResponseFilter ReadFilter(TableReader table) {
  ResponseFilter filter;
  filter.http_codes = ReadCodes(table, "http_codes");
  filter.error_message_contains = table.Text("error_message_contains").value_or("");
  filter.header = table.Text("header").value_or("");
  filter.header_contains = table.Text("header_contains").value_or("");
  filter.error_message = table.Text("error_message").value_or("");
  filter.action = ReadAction(table);
  table.NotSupported("predicate", "http_codes, error_message_contains and header say what matches");
  if (table.Has("header_contains") && filter.header.empty()) {
    table.Complain("header_contains", "needs header, which names it");
  }
  table.RefuseRest();
  return filter;
}

// dlt's {status_code, content, action}.
ResponseFilter ReadResponseAction(TableReader table) {
  ResponseFilter filter;
  filter.http_codes = ReadCodes(table, "status_code");
  filter.error_message_contains = table.Text("content").value_or("");
  filter.action = ReadAction(table);
  table.RefuseRest();
  return filter;
}

std::chrono::milliseconds Milliseconds(double seconds) {
  return std::chrono::milliseconds(std::llround(seconds * 1000));
}

Backoff ReadBackoff(TableReader table) {
  Backoff backoff;
  table.Require("type", "as \"exponential\" or \"wait_time_from_header\"");
  const auto type = table.Word("type", kBackoffs);
  if (!type) return backoff;
  backoff.type = *type;
  const bool from_header = *type == Backoff::Type::kWaitTimeFromHeader ||
                           *type == Backoff::Type::kWaitUntilTimeFromHeader;
  if (from_header) {
    table.Require("header", "it names the header that says how long to wait");
    backoff.header = table.Text("header").value_or("");
    table.NotSupported("regex", "the header must hold a number of seconds or a date");
    table.NotSupported("min_wait", "limits.rate spaces the requests");
  } else {
    const char* key = *type == Backoff::Type::kConstant ? "backoff_time_in_seconds" : "factor";
    if (const auto seconds = table.Seconds(key)) backoff.time = Milliseconds(*seconds);
    table.NotSupported("jitter_range_in_seconds", "every pause has jitter");
  }
  if (const auto seconds = table.Seconds("max_waiting_time_in_seconds")) {
    backoff.max_waiting_time = Milliseconds(*seconds);
  }
  table.RefuseRest();
  return backoff;
}

}  // namespace

std::optional<int> ReadErrorHandler(TableReader& endpoint, rest::ErrorHandler& handler) {
  std::optional<int> max_retries;
  if (auto table = endpoint.Table("error_handler")) {
    if (const auto number = table->Number("max_retries", 0, 99)) max_retries = int(*number);
    for (const TableReader& filter : table->Tables("response_filters")) {
      handler.response_filters.push_back(ReadFilter(filter));
    }
    for (const TableReader& backoff : table->Tables("backoff_strategies")) {
      handler.backoff_strategies.push_back(ReadBackoff(backoff));
    }
    table->RefuseRest();
  }
  for (const TableReader& action : endpoint.Tables("response_actions")) {
    handler.response_filters.push_back(ReadResponseAction(action));
  }
  return max_retries;
}

}  // namespace sluice
