// What a job file says about a REST API, as typed values: [client], [resource_defaults] (already
// merged into the resources) and [[resources]]. Names follow dlt's rest_api; where it has none, the
// Airbyte manifest; what is ours is marked so in pipeline/rest_job.h. Plain data, no secrets but
// those that stand in `headers`, `params` and the credential (resolved before a run).
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "stages/sinks/output_spec.h"
#include "storage/records.h"

namespace sluice::rest {

// A path into JSON: "data.items", "$.edges[*].node", "a['b.c'][0]". See stages/json/json_path.h.
using JsonPathText = std::string;

struct NamedValue {
  std::string name;
  std::string value;  // may hold placeholders, see template_text.h
};

struct Paginator {
  enum class Type {
    kAuto,  // found out from the first response, and said in a note
    kSinglePage,
    kJsonLink,      // next_url_path: the next URL stands in the body
    kHeaderLink,    // links_next_key: RFC 8288 Link header
    kHeaderCursor,  // cursor_key: a header holds the cursor, sent as cursor_param
    kCursor,        // cursor_path: the body holds the cursor, sent as cursor_param or in the body
    kOffset,
    kPageNumber,
  };
  Type type = Type::kAuto;
  JsonPathText next_url_path = "next";        // json_link
  std::string links_next_key = "next";        // header_link: the rel
  std::string cursor_key = "next";            // header_cursor: the header
  JsonPathText cursor_path = "cursors.next";  // cursor
  std::string cursor_param = "cursor";        // cursor, header_cursor; empty: not in the query
  std::string cursor_body_path;               // cursor: dotted path in the request's JSON body
  std::int64_t limit = 100;                   // offset
  std::int64_t offset = 0;                    // offset: where it begins
  std::string offset_param = "offset";
  std::string limit_param = "limit";
  std::string offset_body_path;
  std::string limit_body_path;
  std::int64_t maximum_offset = 0;  // the first offset that is not asked for; 0: none
  std::int64_t base_page = 0;       // page_number: the first page
  std::string page_param = "page";
  std::string page_body_path;
  std::int64_t maximum_page = 0;   // the first page that is not asked for; 0: none
  JsonPathText total_path;         // offset: of records; page_number: of pages
  std::string total_header;        // page_number: a header with the number of pages
  JsonPathText record_total_path;  // how many records there are: proof, never control
  std::string record_total_header;
  JsonPathText has_more_path;
  // Not given: true for offset and page_number, whose only end it may be; false for the others,
  // where an empty page says nothing while a cursor or a link leads on (dlt's defaults).
  std::optional<bool> stop_after_empty_page;
};

struct Incremental {
  JsonPathText cursor_path;   // in a record; empty: not incremental
  std::string initial_value;  // the start of the first run; empty: everything
  std::string end_value;      // exclusive bound; empty: none
  std::string start_param;    // query parameter that takes the start; empty: only the
                              // placeholder {incremental.start_value} uses it
  std::string end_param;
  std::chrono::seconds lag{0};  // lookback_window: the start lies so long before the last
                                // value; for numeric cursors so many units
  enum class Missing { kRaise, kInclude, kExclude } on_cursor_value_missing = Missing::kRaise;
  bool end_is_closed = false;  // range_end = "closed"
  bool start_is_open = false;  // range_start = "open"
  // Beats a cap on results (a search that ends after 1,000): when a list is capped at
  // `split_limit` records, it is asked for again from the last cursor value it gave.
  std::int64_t split_limit = 0;  // 0: lists are not capped
};

enum class Action { kSuccess, kIgnore, kRetry, kRateLimited, kFail, kRefreshTokenThenRetry };

// The first rule that matches decides; where none does, the table in stages/README.md holds.
struct ResponseFilter {
  std::vector<int> http_codes;         // empty: any
  std::string error_message_contains;  // in the body; empty: any
  std::string header;                  // must be there; empty: any
  std::string header_contains;
  Action action = Action::kFail;
  std::string error_message;  // shown instead of the API's
};

struct Backoff {
  enum class Type { kConstant, kExponential, kWaitTimeFromHeader, kWaitUntilTimeFromHeader };
  Type type = Type::kExponential;
  std::chrono::milliseconds time{5'000};  // constant: the pause; exponential: the factor
  std::string header;
  std::optional<std::chrono::milliseconds> max_waiting_time;
};

struct ErrorHandler {
  std::vector<ResponseFilter> response_filters;
  std::vector<Backoff> backoff_strategies;
};

struct Filter {  // a row filter: [[resources.filters]]
  JsonPathText path;
  enum class Test {
    kEquals,
    kNotEquals,
    kContains,
    kExists,
    kMissing,
    kLess,
    kGreater
  } test = Test::kExists;
  std::string value;  // compared with the scalar's text
};

struct Partitions {          // Airbyte's ListPartitionRouter
  std::string cursor_field;  // the placeholder {partition.<cursor_field>}
  std::vector<std::string> values;
};

struct Resource {
  std::string name;
  std::string table_name;  // file stem or table; default: the name
  std::string path;        // may hold {resources.parent.field}, {partition.x}
  std::string method = "GET";
  std::vector<NamedValue> headers;
  std::vector<NamedValue> params;
  std::string json;  // request body as JSON text, or empty; may hold placeholders
  std::optional<JsonPathText> data_selector;  // not given: detected, and said in a note
  Paginator paginator;
  Incremental incremental;
  ErrorHandler error_handler;
  std::vector<JsonPathText> primary_key;  // empty: none
  Disposition write_disposition = Disposition::kReplace;
  std::string parent;  // name of the resource that its placeholders name; empty: none
  std::vector<std::string> include_from_parent;  // fields; become _<parent>_<field>
  Partitions partitions;
  int concurrency = 5;  // requests in flight, at most
  std::vector<Filter> filters;
  bool selected = true;  // false: asked for its children's sake, not written
  OutputSpec output;
};

struct RestSpec {
  std::string name;                 // of the job; names the user in User-Agent
  std::string base_url;             // without a trailing slash
  std::vector<NamedValue> headers;  // of every request
  std::vector<NamedValue> query;    // of every request: an api_key in the query
  double requests_per_second = 0;   // from [client.api_budget]; 0: none
  int burst = 1;
  std::vector<Resource> resources;  // parents before their children
};

}  // namespace sluice::rest
