#include "stages/sources/rest/plan.h"

#include <algorithm>

#include "stages/sources/rest/definition.h"

namespace sluice::rest {
namespace {

std::string StemOf(const Resource& resource) {
  if (resource.output.format == Format::kSqlite) return "export";
  return resource.table_name.empty() ? resource.name : resource.table_name;
}

void AddToFile(std::vector<PlannedFile>& files, const PlannedResource& resource,
               std::size_t index) {
  const std::string extension = ExtensionOf(resource.spec.output);
  const std::string stem = StemOf(resource.spec);
  const DocumentId id("file:" + stem + extension);
  auto file = std::find_if(files.begin(), files.end(),
                           [&](const PlannedFile& known) { return known.id == id; });
  if (file == files.end()) {
    files.push_back({.id = id, .stem = stem, .extension = extension});
    file = files.end() - 1;
  }
  file->resources.push_back(index);
  file->form.value += FormOf(resource.spec).value;
}

}  // namespace

const PlannedResource* Plan::Find(const DocumentId& id) const {
  const auto found =
      std::find_if(resources.begin(), resources.end(),
                   [&](const PlannedResource& resource) { return resource.id == id; });
  return found == resources.end() ? nullptr : &*found;
}

Plan MakePlan(RestSpec spec) {
  Plan plan;
  for (const Resource& resource : spec.resources) {
    const std::size_t index = plan.resources.size();
    const auto parent = std::find_if(
        plan.resources.begin(), plan.resources.end(),
        [&](const PlannedResource& known) { return known.spec.name == resource.parent; });
    const bool has_parent = parent != plan.resources.end();
    PlannedResource planned{
        .spec = resource,
        .id = DocumentId(resource.name),
        .definition = DefinitionOf(spec, resource, has_parent ? parent->definition : Revision()),
        .depth = has_parent ? parent->depth + 1 : 0};
    if (has_parent) {
      const auto parent_index = static_cast<std::size_t>(parent - plan.resources.begin());
      parent->children.push_back(index);
      for (PlannedResource& above : plan.resources) {
        const bool holds_parent =
            std::find(above.below.begin(), above.below.end(), parent_index) != above.below.end();
        if (&above == &*parent || holds_parent) above.below.push_back(index);
      }
    }
    if (resource.selected) AddToFile(plan.files, planned, index);
    plan.resources.push_back(std::move(planned));
  }
  plan.spec = std::move(spec);
  plan.spec.resources.clear();
  return plan;
}

}  // namespace sluice::rest
