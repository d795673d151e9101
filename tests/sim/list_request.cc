#include "tests/sim/list_request.h"

#include <simdjson.h>

#include <charconv>

#include "tests/sim/iso_time.h"

namespace sluice::sim {
namespace {

constexpr std::size_t kDepthMax = 256;

std::string CheckPageSize(std::string_view where, std::int64_t size, ListRequest& list) {
  const std::string name = std::string(where) + ".page_size";
  const std::string value = "`, instead was `" + std::to_string(size) + "`.";
  if (size > kPageSizeMax) {
    return std::string(where) + " failed validation: " + name + " should be ≤ `100" + value;
  }
  if (size < 1)
    return std::string(where) + " failed validation: " + name + " should be ≥ `1" + value;
  list.page_size = static_cast<std::uint32_t>(size);
  return {};
}

std::optional<ListRequest::Sort> SortOf(std::string_view timestamp) {
  if (timestamp == "created_time") return ListRequest::Sort::kCreatedTime;
  if (timestamp == "last_edited_time") return ListRequest::Sort::kLastEditedTime;
  return std::nullopt;
}

std::string ReadSort(simdjson::dom::element sort, ListRequest& list) {
  std::string_view timestamp;
  std::string_view direction;
  const auto known = sort["timestamp"].get(timestamp) ? std::nullopt : SortOf(timestamp);
  if (!known) return "body failed validation: sorts by a timestamp are all the simulator knows.";
  list.sort = *known;
  list.order =
      direction == "descending" ? ListRequest::Order::kDescending : ListRequest::Order::kAscending;
  return {};
}

std::string ReadTimeFilter(simdjson::dom::element filter, std::string_view timestamp,
                           ListRequest& list) {
  const auto known = SortOf(timestamp);
  simdjson::dom::object bounds;
  if (!known || filter[timestamp].get(bounds)) {
    return "body failed validation: body.filter.timestamp is not one of created_time, "
           "last_edited_time.";
  }
  list.time_filter = *known;
  for (const auto& [name, value] : bounds) {
    std::string_view text;
    const auto time = value.get(text) ? std::nullopt : ParseIsoTime(text);
    if (!time) return "body failed validation: body.filter holds an invalid date.";
    if (name == "on_or_after")
      list.from_ms = time;
    else if (name == "after")
      list.from_ms = *time + 1;
    else if (name == "before")
      list.to_ms = time;
    else if (name == "on_or_before")
      list.to_ms = *time + 1;
    else if (name == "equals")
      list.from_ms = time, list.to_ms = *time + 1;
    else
      return "body failed validation: the simulator has no date filter " + std::string(name) + ".";
  }
  return {};
}

std::string ReadFilter(simdjson::dom::element filter, ListRequest& list) {
  std::string_view property;
  std::string_view value;
  if (!filter["property"].get(property) && property == "object" && !filter["value"].get(value)) {
    list.object_filter = value;
    return {};
  }
  std::string_view timestamp;
  if (!filter["timestamp"].get(timestamp)) return ReadTimeFilter(filter, timestamp, list);
  return "body failed validation: filters by object or timestamp are all the simulator knows.";
}

std::string ReadBody(simdjson::dom::element body, ListRequest& list) {
  simdjson::dom::element field;
  if (!body["page_size"].get(field) && !field.is_null()) {
    std::int64_t size = 0;
    if (field.get(size)) return "body failed validation: body.page_size should be a number.";
    if (auto problem = CheckPageSize("body", size, list); !problem.empty()) return problem;
  }
  std::string_view text;
  if (!body["start_cursor"].get(text)) list.start_cursor = text;
  if (!body["query"].get(text)) list.query = text;
  if (!body["filter"].get(field) && !field.is_null()) {
    list.list_text += simdjson::minify(field);
    if (auto problem = ReadFilter(field, list); !problem.empty()) return problem;
  }
  if (!body["sort"].get(field) && !field.is_null()) {
    list.list_text += simdjson::minify(field);
    if (auto problem = ReadSort(field, list); !problem.empty()) return problem;
  }
  simdjson::dom::array sorts;
  if (!body["sorts"].get(sorts) && sorts.size() > 0) {
    list.list_text += simdjson::minify(sorts.at(0));
    if (auto problem = ReadSort(sorts.at(0), list); !problem.empty()) return problem;
  }
  list.list_text += list.query;
  return {};
}

std::string ReadQuery(std::string_view query, ListRequest& list) {
  list.start_cursor = QueryValue(query, "start_cursor");
  list.list_text += QueryValue(query, "block_id");
  const std::string size = QueryValue(query, "page_size");
  if (size.empty()) return {};
  std::int64_t value = 0;
  const auto parsed = std::from_chars(size.data(), size.data() + size.size(), value);
  if (parsed.ec != std::errc() || parsed.ptr != size.data() + size.size()) {
    return "query failed validation: query.page_size should be a number.";
  }
  return CheckPageSize("query", value, list);
}

}  // namespace

ListRequestOrProblem ParseListRequest(const HttpRequest& request) {
  ListRequestOrProblem result;
  result.list.list_text = request.Path();
  if (request.method == "GET") {
    result.problem = ReadQuery(request.Query(), result.list);
    return result;
  }
  if (request.body.empty()) return result;
  simdjson::dom::parser parser;
  simdjson::dom::element body;
  if (parser.allocate(request.body.size(), kDepthMax) || parser.parse(request.body).get(body) ||
      !body.is_object()) {
    result.bad_json = true;
    return result;
  }
  result.problem = ReadBody(body, result.list);
  return result;
}

}  // namespace sluice::sim
