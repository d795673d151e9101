// The requests that the rows of a resource lead to: the first ones of their children's lists. Pure.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "stages/json/raw_json.h"
#include "stages/sources/rest/list_context.h"
#include "stages/sources/rest/plan.h"
#include "storage/records.h"

namespace sluice::rest {

// A row as its children see it.
struct ParentRow {
  const JsonValue& record;
  std::string position;  // see positions.h
  std::string key;       // JSON text of its primary key, or empty
  std::string cursor;    // by which its resource goes on, or empty
};

// One child of one resource. Constant.
class ChildLists {
 public:
  // REQUIRES: the templates of the child are valid.
  ChildLists(const Plan& plan, const PlannedResource& parent, const PlannedResource& child);

  // nullopt: the row has no value (or null) for a placeholder; there is nothing to ask for.
  // `context`: of the page that gave the row. `first`: the first row of the resource that leads
  // anywhere.
  Result<std::optional<std::vector<Request>>> RequestsFor(const ParentRow& row,
                                                          const ListContext& context,
                                                          bool first) const;
  const PlannedResource& child() const { return child_; }

 private:
  const Plan& plan_;
  const PlannedResource& parent_;
  const PlannedResource& child_;
  std::vector<std::pair<std::string, std::string>> fields_;  // placeholder, path
};

}  // namespace sluice::rest
