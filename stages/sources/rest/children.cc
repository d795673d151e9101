#include "stages/sources/rest/children.h"

#include <algorithm>

#include "stages/json/json_path.h"
#include "stages/sources/rest/first_request.h"
#include "stages/sources/rest/positions.h"
#include "stages/sources/rest/template_text.h"

namespace sluice::rest {
namespace {

// A field of the row: its own, or one that it has from its own parent.
std::optional<JsonValue> FieldOf(const JsonValue& record, const std::string& path) {
  const auto parsed = JsonPath::Parse(path);
  return parsed ? parsed->Find(record) : std::nullopt;
}

}  // namespace

ChildLists::ChildLists(const Plan& plan, const PlannedResource& parent,
                       const PlannedResource& child)
    : plan_(plan), parent_(parent), child_(child) {
  const auto names = PlaceholdersOf(child.spec);
  if (!names) return;
  for (const std::string& name : *names) {
    if (const auto field = AsParentField(name)) fields_.emplace_back(name, field->field);
  }
}

Result<std::optional<std::vector<Request>>> ChildLists::RequestsFor(const ParentRow& row,
                                                                    const ListContext& context,
                                                                    bool first) const {
  ListContext common{.generation = context.generation,
                     .base = row.position,
                     .key_base = row.key.empty() ? ToHex(row.position) : row.key,
                     .first_list = first && context.first_list,
                     .parent_cursor = row.cursor};
  for (const auto& [name, path] : fields_) {
    const auto value = FieldOf(row.record, path);
    if (!value || !value->is_scalar() || value->is_null() || value->text().empty()) {
      return std::optional<std::vector<Request>>();
    }
    common.values[name] = value->text();
  }
  const auto add_bounds = [&](const PlannedResource& resource) {
    const auto known = context.bounds.find(resource.spec.name);
    if (known != context.bounds.end()) common.bounds.insert(*known);
  };
  add_bounds(child_);
  for (const std::size_t index : child_.below) add_bounds(plan_.resources[index]);
  for (const std::string& path : child_.spec.include_from_parent) {
    const std::string name = "_" + parent_.spec.name + "_" + path;
    const auto value = FieldOf(row.record, path);
    std::string text = value ? value->json() : "null";
    const auto inherited = std::find_if(context.from_parent.begin(), context.from_parent.end(),
                                        [&](const auto& member) { return member.first == path; });
    if (!value && inherited != context.from_parent.end()) text = inherited->second;
    common.from_parent.emplace_back(name, std::move(text));
  }
  std::vector<Request> requests;
  for (ListContext& list : ListsOf(child_.spec, common)) {
    auto request = FirstRequest(plan_, child_, std::move(list));
    if (!request) return Fail(request.error());
    requests.push_back(std::move(*request));
  }
  return std::optional(std::move(requests));
}

}  // namespace sluice::rest
