#include "stages/sources/rest/first_request.h"

#include <fmt/format.h>

#include "stages/json/raw_json.h"
#include "stages/sources/rest/paginate.h"
#include "stages/sources/rest/positions.h"
#include "stages/sources/rest/template_text.h"
#include "stages/sources/rest/url.h"
#include "storage/base/hash.h"

namespace sluice::rest {
namespace {

using Encoding = TemplateText::Encoding;

// REQUIRES: the template was checked when the job was loaded.
std::optional<std::string> Fill(const std::string& text, const TemplateText::Lookup& lookup,
                                Encoding encoding) {
  const auto parsed = TemplateText::Parse(text);
  return parsed ? parsed->Fill(lookup, encoding) : std::nullopt;
}

// Appends the value with the placeholders of its strings filled in. False: one has no value.
bool AppendFilled(const JsonValue& value, const TemplateText::Lookup& lookup, std::string& out) {
  if (value.type() == JsonValue::Type::kString) {
    const auto text = Fill(std::string(value.text()), lookup, Encoding::kPlain);
    if (text) out += JsonQuote(*text);
    return text.has_value();
  }
  if (value.is_scalar()) {
    value.AppendJson(out);
    return true;
  }
  out += value.is_array() ? '[' : '{';
  bool first = true;
  for (auto child = value.first(); child; child = child->next()) {
    std::string text;
    if (!AppendFilled(*child, lookup, text)) continue;
    if (!first) out += ',';
    first = false;
    if (value.is_object()) out += JsonQuote(child->key()) + ":";
    out += text;
  }
  out += value.is_array() ? ']' : '}';
  return true;
}

Status CollectNames(const JsonValue& value, std::set<std::string>& names) {
  if (value.type() == JsonValue::Type::kString) {
    const auto text = TemplateText::Parse(value.text());
    if (!text) return Fail(text.error());
    names.insert(text->names().begin(), text->names().end());
  }
  for (auto child = value.first(); child; child = child->next()) {
    if (auto status = CollectNames(*child, names); !status) return status;
  }
  return {};
}

std::optional<std::string> Given(const std::string& value) {
  return value.empty() ? std::nullopt : std::optional(value);
}

TemplateText::Lookup LookupIn(const Resource& resource, const ListContext& context) {
  const auto found = context.bounds.find(resource.name);
  const Bounds bounds = found == context.bounds.end() ? Bounds{} : found->second;
  return [&resource, &context, bounds](std::string_view name) -> std::optional<std::string> {
    if (name == "incremental.start_value") return Given(bounds.start);
    if (name == "incremental.last_value") return Given(bounds.last);
    if (name == "incremental.initial_value") return Given(resource.incremental.initial_value);
    if (name == "incremental.end_value") return Given(resource.incremental.end_value);
    const auto value = context.values.find(name);
    return value == context.values.end() ? std::nullopt : std::optional(value->second);
  };
}

Result<std::string> TargetOf(const Plan& plan, const Resource& resource,
                             const TemplateText::Lookup& lookup) {
  const auto path = Fill(resource.path, lookup, Encoding::kUrl);
  if (!path) {
    return Fail(Code::kInvalid, fmt::format("{}: a placeholder of '{}' has no value", resource.name,
                                            resource.path));
  }
  const BaseUrl base = SplitBaseUrl(plan.spec.base_url);
  if (path->find("://") != std::string::npos) {
    return FollowLink(plan.spec.base_url, base.path, *path);
  }
  std::string target = base.path;
  if (!path->starts_with('/') && !path->starts_with('?') && !path->empty()) target += '/';
  target += *path;
  return target.empty() ? "/" : target;
}

}  // namespace

Result<std::set<std::string>> PlaceholdersOf(const Resource& resource) {
  std::set<std::string> names;
  std::vector<std::string_view> texts = {resource.path};
  for (const NamedValue& param : resource.params) texts.push_back(param.value);
  for (const std::string_view text : texts) {
    const auto parsed = TemplateText::Parse(text);
    if (!parsed) return Fail(parsed.error());
    names.insert(parsed->names().begin(), parsed->names().end());
  }
  for (const NamedValue& header : resource.headers) {
    const auto parsed = HeaderTemplate(header.value);
    if (parsed) names.insert(parsed->names().begin(), parsed->names().end());
  }
  if (resource.json.empty()) return names;
  const auto body = RawJson::Parse(resource.json);
  if (!body) return Fail(Code::kUsage, "json: " + body.error().message);
  if (auto status = CollectNames(body->root(), names); !status) return Fail(status.error());
  return names;
}

std::vector<ListContext> ListsOf(const Resource& resource, const ListContext& common) {
  std::vector<ListContext> lists;
  const auto& values = resource.partitions.values;
  const std::size_t count = values.empty() ? 1 : values.size();
  for (std::size_t i = 0; i < count; ++i) {
    ListContext list = common;
    AppendNumber(list.base, static_cast<std::uint32_t>(i));
    if (!values.empty()) {
      list.values["partition." + resource.partitions.cursor_field] = values[i];
      if (!list.key_base.empty() || count > 1) list.key_base += fmt::format("/{}", values[i]);
    }
    list.first_list = common.first_list && i == 0;
    lists.push_back(std::move(list));
  }
  return lists;
}

Result<Request> FirstRequest(const Plan& plan, const PlannedResource& resource,
                             ListContext context) {
  const Resource& spec = resource.spec;
  const TemplateText::Lookup lookup = LookupIn(spec, context);
  Request request{.operation = spec.name,
                  .method = spec.method,
                  .document = resource.id,
                  .revision = resource.definition,
                  .depth = resource.depth,
                  .listing = true};
  auto target = TargetOf(plan, spec, lookup);
  if (!target) return Fail(target.error());
  request.target = std::move(*target);
  for (const NamedValue& param : spec.params) {
    const auto value = Fill(param.value, lookup, Encoding::kPlain);
    // Several of one name are a list.
    if (value) request.target = PlusParam(request.target, param.name, *value);
  }
  const Incremental& incremental = spec.incremental;
  const auto start = lookup("incremental.start_value");
  if (incremental.split_limit > 0 && start) context.part_start = *start;
  if (start && !incremental.start_param.empty()) {
    request.target = WithParam(request.target, incremental.start_param, *start);
  }
  if (!incremental.end_value.empty() && !incremental.end_param.empty()) {
    request.target = WithParam(request.target, incremental.end_param, incremental.end_value);
  }
  if (!spec.json.empty()) {
    const auto body = RawJson::Parse(spec.json);
    if (!body) return Fail(body.error());
    AppendFilled(body->root(), lookup, request.body);
  }
  for (const NamedValue& header : spec.headers) {
    const auto text = HeaderTemplate(header.value);
    if (!text) continue;
    if (const auto value = text->Fill(lookup, Encoding::kPlain)) {
      context.headers[header.name] = *value;
    }
  }
  // The same request for another row of the parent, or with another header, is another list.
  if (!spec.parent.empty() || !spec.partitions.values.empty()) {
    request.revision.value +=
        fmt::format("-{:016x}", static_cast<std::uint64_t>(Checksum(context.base)));
  }
  context.name = request.body.empty() ? request.target : request.target + " " + request.body;
  if (auto status = BeginPaging(spec.paginator, request); !status) {
    return Fail(status.error().code, spec.name + ": " + status.error().message);
  }
  // Values are asked for again only where the list is (see ListContext::values).
  if (incremental.split_limit == 0) context.values.clear();
  request.context = EncodeContext(context);
  return request;
}

}  // namespace sluice::rest
