// An answer of the API as it is read and rendered from: parsed as a whole while it is short; the
// `results` of a long one are parsed some at a time, each time anew, so that it takes no more
// memory.
#pragma once

#include <functional>
#include <optional>

#include "stages/json/list_windows.h"
#include "stages/sources/notion/json.h"
#include "storage/body.h"

namespace sluice::notion {

// Not thread-safe. Movable.
class ParsedAnswer {
 public:
  // Borrows `body`. Code::kTransient where it is cut or broken; of a long one, what is broken among
  // its results shows in ForEachResult(). Code::kInvalid where it is nested too deeply.
  static Result<ParsedAnswer> Parse(BodyView body);

  // All of it but most results: those of a long answer are the first alone.
  const Json& root() const { return frame_.root(); }
  // Whether it is a list at all.
  bool has_results() const { return GetArrayElement(root(), "results").has_value(); }
  // Calls `use` with each of `results`, in their order, until it fails; what it is given lives as
  // long as the call. Code::kTransient: a long answer is broken there.
  Status ForEachResult(const std::function<Status(const Json&)>& use) const;

 private:
  JsonDocument frame_;
  std::optional<ListWindows> long_list_;
};

}  // namespace sluice::notion
