// paginator and incremental of an endpoint.
#include <fmt/format.h>

#include "pipeline/rest_keys.h"
#include "pipeline/units.h"

namespace sluice {
namespace {

using rest::Incremental;
using rest::Paginator;
using Type = Paginator::Type;

constexpr std::array<std::pair<std::string_view, Type>, 9> kTypes{
    {{"auto", Type::kAuto},
     {"single_page", Type::kSinglePage},
     {"json_link", Type::kJsonLink},
     {"json_response", Type::kJsonLink},  // dlt's old name
     {"header_link", Type::kHeaderLink},
     {"header_cursor", Type::kHeaderCursor},
     {"cursor", Type::kCursor},
     {"offset", Type::kOffset},
     {"page_number", Type::kPageNumber}}};

constexpr std::int64_t kMax = 1'000'000'000'000;

void Take(std::optional<std::string> value, std::string& field) {
  if (value) field = std::move(*value);
}
void Take(std::optional<std::int64_t> value, std::int64_t& field) {
  if (value) field = *value;
}

void ReadEnd(TableReader& table, Paginator& result) {
  Take(table.Path("has_more_path"), result.has_more_path);
  if (const auto stop = table.Flag("stop_after_empty_page")) result.stop_after_empty_page = *stop;
}

void ReadOffset(TableReader& table, Paginator& result) {
  Take(table.Number("limit", 1, kMax), result.limit);
  Take(table.Number("offset", 0, kMax), result.offset);
  Take(table.Text("offset_param"), result.offset_param);
  Take(table.Text("limit_param"), result.limit_param);
  Take(table.Path("offset_body_path"), result.offset_body_path);
  Take(table.Path("limit_body_path"), result.limit_body_path);
  Take(table.Number("maximum_offset", 0, kMax), result.maximum_offset);
  Take(table.Path("total_path"), result.total_path);
  ReadEnd(table, result);
}

void ReadPageNumber(TableReader& table, Paginator& result) {
  Take(table.Number("base_page", 0, kMax), result.base_page);
  Take(table.Number("page", 0, kMax), result.base_page);
  Take(table.Text("page_param"), result.page_param);
  Take(table.Path("page_body_path"), result.page_body_path);
  Take(table.Number("maximum_page", 0, kMax), result.maximum_page);
  Take(table.Path("total_path"), result.total_path);
  Take(table.Text("total_header"), result.total_header);
  ReadEnd(table, result);
  for (const char* key : {"limit", "per_page", "page_size"}) {
    table.NotSupported(key, "the size of a page goes into endpoint.params");
  }
}

void ReadCursor(TableReader& table, Paginator& result) {
  Take(table.Path("cursor_path"), result.cursor_path);
  // Without one in the query the cursor goes into the body alone.
  if (table.Has("cursor_body_path")) result.cursor_param.clear();
  Take(table.Path("cursor_body_path"), result.cursor_body_path);
  Take(table.Text("cursor_param"), result.cursor_param);
  ReadEnd(table, result);
}

void ReadType(TableReader& table, Paginator& result) {
  switch (result.type) {
    case Type::kAuto:
    case Type::kSinglePage:
      return;
    case Type::kJsonLink:
      Take(table.Path("next_url_path"), result.next_url_path);
      return ReadEnd(table, result);
    case Type::kHeaderLink:
      return Take(table.Text("links_next_key"), result.links_next_key);
    case Type::kHeaderCursor:
      Take(table.Text("cursor_key"), result.cursor_key);
      return Take(table.Text("cursor_param"), result.cursor_param);
    case Type::kCursor:
      return ReadCursor(table, result);
    case Type::kOffset:
      return ReadOffset(table, result);
    case Type::kPageNumber:
      return ReadPageNumber(table, result);
  }
}

// A cursor value as the API is to get it: dates of TOML become text.
void TakeScalar(TableReader& table, std::string_view name, std::string& field) {
  Take(table.Scalar(name), field);
}

// "2d", "P2D", or a whole number: seconds of a date, units of a number.
void ReadLag(TableReader& table, std::string_view name, Incremental& result) {
  const auto found = table.Find(name);
  if (!found) return;
  constexpr std::int64_t kTenYears = 3650LL * 86400;
  if (const auto number = found->node->value_exact<std::int64_t>();
      number && *number >= 0 && *number <= kTenYears) {
    result.lag = std::chrono::seconds(*number);
    return;
  }
  const auto duration = ParseDuration(found->node->value_exact<std::string>().value_or(""));
  if (!duration) {
    return table.MustBe(name, "a duration, as \"2d\" or \"P2D\", or a number of seconds or units");
  }
  result.lag = std::chrono::ceil<std::chrono::seconds>(*duration);
}

constexpr std::array<std::pair<std::string_view, Incremental::Missing>, 3> kMissing{
    {{"raise", Incremental::Missing::kRaise},
     {"include", Incremental::Missing::kInclude},
     {"exclude", Incremental::Missing::kExclude}}};

enum class Range { kOpen, kClosed };
constexpr std::array<std::pair<std::string_view, Range>, 2> kRanges{
    {{"open", Range::kOpen}, {"closed", Range::kClosed}}};

}  // namespace

std::optional<Paginator> ReadPaginator(TableReader& table, std::vector<std::string>& notes) {
  const auto found = table.Find("paginator");
  if (!found) return std::nullopt;
  Paginator result;
  const auto deprecated = [&](const std::optional<std::string>& word) {
    if (word != "json_response") return;
    notes.push_back(fmt::format("{}: json_response is the old name of json_link", found->key));
  };
  if (found->node->is_string()) {
    const auto type = table.Word("paginator", kTypes);
    deprecated(table.Text("paginator"));
    result.type = type.value_or(Type::kAuto);
    return result;
  }
  auto below = table.Table("paginator");
  if (!below) return std::nullopt;
  // One that says its type does not take over what is beneath: that may be of another type.
  std::vector<TableReader::Layer> layers;
  for (const TableReader::Layer& layer : below->layers()) {
    layers.push_back(layer);
    if (layer.table->contains("type")) break;
  }
  TableReader own(std::move(layers), table.problems());
  own.Require("type", "it names the kind of pagination, as \"header_link\" or \"page_number\"");
  const auto type = own.Word("type", kTypes);
  if (!type) return result;  // which keys are right is not known
  deprecated(own.Text("type"));
  result.type = *type;
  ReadType(own, result);
  Take(own.Path("record_total_path"), result.record_total_path);
  Take(own.Text("record_total_header"), result.record_total_header);
  own.RefuseRest();
  return result;
}

Incremental ReadIncremental(TableReader table) {
  Incremental result;
  table.Require("cursor_path", "it is the path of the cursor in a record, as \"updated_at\"");
  Take(table.Path("cursor_path"), result.cursor_path);
  TakeScalar(table, "initial_value", result.initial_value);
  TakeScalar(table, "end_value", result.end_value);
  Take(table.Text("start_param"), result.start_param);
  Take(table.Text("end_param"), result.end_param);
  ReadLag(table, "lag", result);
  ReadLag(table, "lookback_window", result);
  if (const auto missing = table.Word("on_cursor_value_missing", kMissing)) {
    result.on_cursor_value_missing = *missing;
  }
  result.start_is_open = table.Word("range_start", kRanges) == Range::kOpen;
  result.end_is_closed = table.Word("range_end", kRanges) == Range::kClosed;
  Take(table.Number("split_limit", 0, kMax), result.split_limit);
  table.NotSupported("convert", "values are compared as numbers, dates or text, as they are");
  table.NotSupported("last_value_func", "the highest value counts");
  table.NotSupported("row_order", "every page of the list is read");
  table.NotSupported("primary_key", "set it at the resource");
  table.RefuseRest();
  return result;
}

}  // namespace sluice
