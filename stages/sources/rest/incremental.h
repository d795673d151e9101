// Where an incremental resource begins, and which of its records lie within. Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "stages/json/raw_json.h"
#include "stages/sources/rest/list_context.h"
#include "stages/sources/rest/rest_spec.h"

namespace sluice::rest {

inline bool IsIncremental(const Resource& resource) {
  return !resource.incremental.cursor_path.empty();
}
// Whether a run asks only for what came after the last one. A resource that replaces its rows needs
// all of them each time; its bounds serve for its first value and for splitting.
inline bool GoesOn(const Resource& resource) {
  return IsIncremental(resource) && resource.write_disposition != Disposition::kReplace;
}

// `last`: where the last complete run ended; empty: there was none.
Bounds BoundsFrom(const Incremental& incremental, const std::string& last);

// A timestamp so much earlier, in the notation it has; a whole number smaller by the seconds. What
// is neither (or a number beyond 64 bits) stays as it is.
std::string EarlierBy(const std::string& value, std::chrono::seconds lag);

// What a record says.
struct CursorVerdict {
  bool wanted = true;
  std::string value;  // empty: it has none
};
// Code::kInvalid: it has no cursor value and on_cursor_value_missing is raise.
Result<CursorVerdict> JudgeCursor(const JsonValue& record, const Incremental& incremental,
                                  const Bounds& bounds);

}  // namespace sluice::rest
