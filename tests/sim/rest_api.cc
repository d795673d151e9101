#include "tests/sim/rest_api.h"

#include <charconv>

#include "tests/sim/rest_errors.h"

namespace sluice::sim {
namespace {

constexpr std::string_view kRecords = "/records";

// A bound of the filter from the query; false when it is there but no time.
bool ReadTime(const HttpRequest& request, std::string_view name, UnixMs& bound) {
  const std::string text = QueryValue(request.Query(), name);
  if (text.empty()) return true;
  const auto time = ParseIsoTime(text);
  if (time) bound = *time;
  return time.has_value();
}

}  // namespace

HttpResponse RestOk(std::string body) {
  return {.headers = {{"Content-Type", "application/json; charset=utf-8"}},
          .body = std::move(body)};
}

HttpResponse RestError(int status, std::string_view code, std::string_view message) {
  std::string body;
  JsonOut out(body);
  out.BeginObject().Field("error", code).Field("message", message).EndObject();
  HttpResponse response = RestOk(std::move(body));
  response.status = status;
  return response;
}

RestApi::RestApi(const RestOptions& options, const PagingOptions& paging, const std::string& auth,
                 const TokenOptions& tokens)
    : world_(options), paging_(paging), auth_(auth, tokens) {}

HttpResponse RestApi::Answer(const HttpRequest& request, const ListFaults& faults) {
  std::string_view path = request.Path();
  if (path == "/oauth/token" && request.method == "POST") {
    if (auto answer = auth_.TokenAnswer(request)) return *std::move(answer);
  }
  if (auto refusal = auth_.Check(request)) return *std::move(refusal);
  const HttpResponse not_found = RestError(404, "not_found", "There is nothing at this path.");
  if (!path.starts_with(kRecords)) return not_found;
  if (request.method != "GET") {
    return RestError(405, "method_not_allowed", "Records can only be read.");
  }
  path.remove_prefix(kRecords.size());
  if (path.empty()) return Records(request, faults);
  std::uint64_t id = 0;
  const auto parsed = std::from_chars(path.data() + 1, path.data() + path.size(), id);
  if (path.front() != '/' || parsed.ec != std::errc()) return not_found;
  const std::string_view behind(parsed.ptr, path.data() + path.size());
  if (!behind.empty() && behind != "/notes") return not_found;
  if (!world_.Exists(id)) {
    return RestError(404, "not_found", "There is no record " + std::to_string(id) + ".");
  }
  const RecordIndex record = world_.IndexOf(id);
  return behind.empty() ? Record(record) : Notes(request, faults, record);
}

HttpResponse RestApi::Records(const HttpRequest& request, const ListFaults& faults) const {
  RecordFilter filter{.by_time = QueryValue(request.Query(), "order") == "updated"};
  if (!ReadTime(request, "updated_since", filter.since) ||
      !ReadTime(request, "updated_before", filter.before)) {
    return RestError(400, "bad_request", "updated_since or updated_before is no ISO 8601 time");
  }
  const RecordList records(world_, filter);
  const PagedList list{.size = records.size(), .write = [&](JsonOut& out, std::uint32_t place) {
                         world_.WriteRecord(out, records.At(place));
                       }};
  return PageOf(list, request, faults, paging_);
}

HttpResponse RestApi::Record(RecordIndex record) const {
  std::string body;
  JsonOut out(body);
  world_.WriteRecord(out, record);
  return RestOk(std::move(body));
}

HttpResponse RestApi::Notes(const HttpRequest& request, const ListFaults& faults,
                            RecordIndex record) const {
  const PagedList list{
      .size = world_.NoteCount(record),
      .write = [&](JsonOut& out, std::uint32_t place) { world_.WriteNote(out, record, place); }};
  return PageOf(list, request, faults, paging_);
}

HttpResponse RestApi::Refuse(const HttpRequest&, Refusal reason, int retry_after_s) const {
  HttpResponse response = [&] {
    switch (reason) {
      case Refusal::kRateLimited:
        return RestError(429, "rate_limited", "Too many requests.");
      case Refusal::kUnauthorized:
        return RestError(401, "unauthorized", "The credentials are missing or invalid.");
      case Refusal::kInternalError:
        return RestError(500, "internal_error", "Something went wrong.");
      case Refusal::kUnavailable:
        return RestError(503, "unavailable", "The service is not available.");
      case Refusal::kOverloaded:
        break;
    }
    return RestError(529, "overloaded", "The service is overloaded.");
  }();
  if (retry_after_s > 0) {
    response.headers.emplace_back("Retry-After", std::to_string(retry_after_s));
  }
  return response;
}

std::string RestApi::ListOf(std::string_view items) const {
  const std::string list = "[" + std::string(items) + "]";
  switch (paging_.paginator) {
    case Paginator::kCursor:
      return R"({"results":)" + list + R"(,"next_cursor":null})";
    case Paginator::kOffset:
      return R"({"results":)" + list + R"(,"total":1})";
    case Paginator::kJsonLink:
      return R"({"results":)" + list + R"(,"next":null})";
    case Paginator::kHeaderLink:
    case Paginator::kPageNumber:
    case Paginator::kHeaderCursor:
      break;
  }
  return list;
}

}  // namespace sluice::sim
