// Which parts of an answer are its records. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stages/json/raw_json.h"
#include "stages/sources/rest/rest_spec.h"

namespace sluice::rest {

// What a data_selector leads to.
enum class Found {
  kList,
  kThing,    // an object, or the answer itself where that is a scalar
  kNull,     // null where a list may be
  kNothing,  // the path leads nowhere
};

struct Selection {
  std::vector<JsonValue> records;
  Found found = Found::kNothing;
};

// By a data_selector: what a path with a star leads to, one by one; else the elements of the list
// that it leads to, or the one object that is there. Whether an answer without the list is an
// empty page is for others to judge. Code::kInvalid: there is a scalar in place of the list, or the
// path leads nowhere beside another list of objects, so it is misspelt.
Result<Selection> SelectRecords(const JsonValue& body, const JsonPathText& selector);

// Where the records are, if nobody said: the body itself where it is a list; the one list of
// objects in it, or in its member data, result, results, response, payload or _embedded; else the
// body is one record. Lists of errors do not count. nullopt: it holds empty lists only, so there is
// nothing to tell them by. Code::kInvalid: there are several lists of objects; it names them.
Result<std::optional<JsonPathText>> DetectSelector(const JsonValue& body);

// "the answer itself", "its list 'items'": a detected selector for people.
std::string DescribeSelector(const JsonPathText& selector, const JsonValue& body);

// Whether a record passes the filters of its resource. A path that leads to several values passes
// where one of them does; null counts as missing; != is the opposite of =.
bool PassesFilters(const JsonValue& record, const std::vector<Filter>& filters);

}  // namespace sluice::rest
