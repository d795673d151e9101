#include "stages/sources/rest/open.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "stages/sources/rest/first_request.h"
#include "stages/sources/rest/incremental.h"
#include "storage/base/cursor_order.h"

namespace sluice::rest {
namespace {

// Where it was left. Empty: nowhere, or it is not what it was.
std::string CursorOf(const PlannedResource& resource, const LastRun& last) {
  const auto known = last.find(resource.id);
  return known && known->definition == resource.definition ? known->cursor : std::string();
}

std::string LastValueOf(const Plan& plan, const PlannedResource& resource, const LastRun& last) {
  if (!GoesOn(resource.spec)) return {};
  std::string least = CursorOf(resource, last);
  for (const std::size_t index : resource.below) {
    const std::string below = CursorOf(plan.resources[index], last);
    if (CursorLess(below, least)) least = below;
  }
  return least;
}

// Of the resource and of those below it, which learn theirs from the requests that lead to them.
std::map<std::string, Bounds, std::less<>> BoundsOf(const Plan& plan,
                                                    const PlannedResource& resource,
                                                    const LastRun& last) {
  std::map<std::string, Bounds, std::less<>> all;
  const auto add = [&](const PlannedResource& one) {
    if (!IsIncremental(one.spec)) return;
    Bounds bounds = BoundsFrom(one.spec.incremental, LastValueOf(plan, one, last));
    if (bounds != Bounds{}) all.emplace(one.spec.name, std::move(bounds));
  };
  add(resource);
  for (const std::size_t index : resource.below) add(plan.resources[index]);
  return all;
}

std::vector<Request> FirstRequests(const Plan& plan, const PlannedResource& resource,
                                   const LastRun& last) {
  ListContext common{
      .generation = last.generation, .bounds = BoundsOf(plan, resource, last), .first_list = true};
  std::vector<Request> requests;
  for (ListContext& list : ListsOf(resource.spec, common)) {
    // What a template of the top lacks was refused when the job was loaded.
    auto request = FirstRequest(plan, resource, std::move(list));
    if (request) requests.push_back(std::move(*request));
  }
  return requests;
}

DocumentUpdate Describe(const Plan& plan, const PlannedResource& resource, const LastRun& last) {
  const Resource& spec = resource.spec;
  DocumentUpdate update{
      .id = resource.id,
      .kind = "resource",
      .place = Place::kTop,
      .title = spec.name,
      .revision = resource.definition,
      .object = nlohmann::json({{"path", spec.path}, {"method", spec.method}})
                    .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace),
      .collection =
          CollectionSpec{.disposition = spec.write_disposition, .definition = resource.definition}};
  if (spec.parent.empty()) {
    update.content = FirstRequests(plan, resource, last);
  } else {
    update.needs = {DocumentId(spec.parent)};
  }
  return update;
}

DocumentUpdate Describe(const Plan& plan, const PlannedFile& file) {
  nlohmann::json names = nlohmann::json::array();
  DocumentUpdate update{.id = file.id,
                        .kind = "file",
                        .place = Place::kTop,
                        .title = file.stem + file.extension,
                        .name = file.stem,
                        .extension = file.extension,
                        .revision = file.form};
  for (const std::size_t index : file.resources) {
    update.needs.push_back(plan.resources[index].id);
    names.push_back(plan.resources[index].spec.name);
  }
  update.object = nlohmann::json({{"resources", std::move(names)}}).dump();
  return update;
}

}  // namespace

Opening OpenPlan(const Plan& plan, const LastRun& last) {
  Opening opening;
  for (const PlannedResource& resource : plan.resources) {
    opening.documents.push_back(Describe(plan, resource, last));
  }
  for (const PlannedFile& file : plan.files) opening.documents.push_back(Describe(plan, file));
  return opening;
}

}  // namespace sluice::rest
