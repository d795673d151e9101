// The records of one answer, by a data_selector. Those of a long answer are parsed some at a time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "stages/json/json_path.h"
#include "stages/json/windowed_json.h"
#include "stages/sources/rest/rest_spec.h"
#include "stages/sources/rest/select.h"

namespace sluice::rest {

class PageRecords {
 public:
  using Use = std::function<Status(const JsonValue& record, std::uint32_t index)>;

  // None.
  PageRecords() = default;
  // Borrows `body`. Errors as WindowedJson::Parse().
  static Result<PageRecords> Parse(BodyView body);

  // The answer, for what stands beside the records; of a long one its longest list has the first
  // element alone.
  JsonValue root() const { return json_->root(); }

  // From now on the records are those; none where there is no list. Errors as SelectRecords();
  // those of a long answer are looked at once.
  Result<Found> Select(const JsonPathText& selector);
  // Only the first so many count.
  void Limit(std::size_t count) { size_ = std::min(size_, count); }
  std::size_t size() const { return size_; }
  // Calls `use` with each record, in their order, until it fails.
  Status ForEach(const Use& use) const;

 private:
  Status ForEachInList(const Use& use) const;

  std::optional<WindowedJson> json_;
  std::vector<JsonValue> records_;   // where they are in root()
  std::optional<JsonPath> in_list_;  // else: how one element of the long list leads to them
  std::size_t size_ = 0;
};

}  // namespace sluice::rest
