// What an accepted answer (2xx) says about itself in its body: that the request failed, or that
// there is nothing. A page that failed must not be taken for the end of its list. Pure.
#pragma once

#include <optional>
#include <string>

#include "stages/json/raw_json.h"
#include "stages/sources/rest/rest_spec.h"

namespace sluice::rest {

struct StatedError {
  Code code = Code::kInvalid;  // kTransient: its status or code is that of a limit, a timeout or a
                               // failing server
  std::string words;           // on one line; empty: it has none
};

// The answer says outright that something failed: `error` or `errors` that hold anything, `ok` or
// `success` that are false, an `object` called "error", a `status` called "error" or "fail" beside
// words about it. Many APIs always send `error: null`, `errors: []` or `error: "OK"`.
std::optional<StatedError> FindStatedError(const JsonValue& body);

// Of what kind the failure is that `body` tells of, as far as it says.
Code KindOfFailure(const JsonValue& body);

// Words that stand where a list should be, as {"message": "slow down"} has them. Beside
// `success: true` or the like, and where the words are "ok", they are no complaint.
bool HasComplaint(const JsonValue& body);

// The object has an identity of its own: an `id`, or all of `primary_key`. Then `error` and
// `success` may well be fields of a record (a build that failed).
bool IsThing(const JsonValue& body, const std::vector<JsonPathText>& primary_key);

// What is there in place of what was looked for: "'ok', 'error'", "a list itself".
std::string DescribeContent(const JsonValue& body);

// The answer counts its records, and there are none: `total: 0` and the like, or what `total_paths`
// lead to.
bool CountsNone(const JsonValue& body, const std::vector<JsonPathText>& total_paths);

}  // namespace sluice::rest
