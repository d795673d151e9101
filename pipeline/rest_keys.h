// The parts that rest_job.cc puts together: each reads one table of a REST job.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "pipeline/rest_job.h"
#include "pipeline/toml_reader.h"

namespace sluice {

// --- rest_client_keys.cc ---

RestAuth ReadAuth(TableReader auth);
// The strictest of the policies, as a rate and a burst; and the codes that mean "rate limited".
struct ApiBudget {
  double requests_per_second = 0;
  int burst = 1;
  std::vector<int> rate_limited_codes;
};
ApiBudget ReadApiBudget(TableReader budget);
// A table of headers. A literal value of one that looks like a secret is refused.
std::vector<rest::NamedValue> ReadHeaders(TableReader headers);

// --- rest_endpoint_keys.cc ---

// What a resource gets from its endpoint, beside what goes into the resource itself.
struct EndpointExtras {
  std::vector<rest::NamedValue> secret_params;  // references
  std::optional<int> max_retries;
};
// The paginator of `client` is the last resort. `notes` gets deprecated spellings.
EndpointExtras ReadEndpoint(TableReader& resource, TableReader& client, rest::Resource& result,
                            std::vector<std::string>& notes);

// --- rest_paginator_keys.cc ---

// `name` of `table` as a string or a table; nullopt: it has none.
std::optional<rest::Paginator> ReadPaginator(TableReader& table, std::vector<std::string>& notes);
rest::Incremental ReadIncremental(TableReader table);

// --- rest_error_keys.cc ---

// error_handler and response_actions of an endpoint; gives max_retries.
std::optional<int> ReadErrorHandler(TableReader& endpoint, rest::ErrorHandler& handler);

// --- rest_output_keys.cc ---

// fields, filters, rename, processing_steps and output of a resource.
void ReadOutput(TableReader& resource, rest::Resource& result);

}  // namespace sluice
