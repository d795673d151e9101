// endpoint of a resource: path, method, headers, params, json, and what stands in files of its own.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "pipeline/rest_keys.h"

namespace sluice {
namespace {

using rest::NamedValue;
using rest::Resource;

constexpr std::array<std::pair<std::string_view, const char*>, 2> kMethods{
    {{"GET", "GET"}, {"POST", "POST"}}};

// "posts/1" is short for { path = "posts/1" }, over whatever the defaults say of endpoints.
TableReader EndpointOf(TableReader& resource, std::optional<std::string>& path) {
  std::vector<TableReader::Layer> layers;
  const auto found = resource.Find("endpoint");
  if (found && !found->node->is_string() && !found->node->is_table()) {
    resource.MustBe("endpoint", "a path or a table");
  }
  for (const TableReader::Layer& layer : resource.layers()) {
    const toml::node* node = layer.table->get("endpoint");
    if (!node) continue;
    if (node->is_table()) layers.push_back({node->as_table(), layer.path + ".endpoint"});
    if (node->is_string() && !path) path = node->as_string()->get();
  }
  return TableReader(std::move(layers), resource.problems());
}

// dlt's older form: params = { id = { type = "resolve", resource = "posts", field = "id" } }.
std::string ResolvePlaceholder(TableReader& value) {
  value.Require("resource", "it names the parent");
  value.Require("field", "it names the field of the parent's record");
  std::string placeholder = fmt::format("{{resources.{}.{}}}", value.Text("resource").value_or(""),
                                        value.Text("field").value_or(""));
  value.RefuseRest();
  return placeholder;
}

bool Replace(std::string& text, const std::string& what, const std::string& with) {
  const auto at = text.find(what);
  if (at == text.npos) return false;
  text.replace(at, what.size(), with);
  return true;
}

enum class ParamType { kResolve, kIncremental };
constexpr std::array<std::pair<std::string_view, ParamType>, 2> kParamTypes{
    {{"resolve", ParamType::kResolve}, {"incremental", ParamType::kIncremental}}};

class Params {
 public:
  Params(TableReader table, Resource& result, EndpointExtras& extras)
      : table_(std::move(table)), result_(result), extras_(extras) {}

  void Read() {
    for (const TableReader::Found& found : table_.Rest()) {
      if (std::find(seen_.begin(), seen_.end(), found.name) != seen_.end()) continue;
      seen_.push_back(found.name);
      if (found.node->is_table()) {
        ReadDynamic(found.name);
      } else {
        ReadValue(found);
      }
    }
  }

 private:
  void ReadDynamic(const std::string& name) {
    auto value = table_.Table(name);
    value->Require("type", "it is \"resolve\" or \"incremental\"");
    const auto type = value->Word("type", kParamTypes);
    if (type == ParamType::kResolve) {
      const std::string placeholder = ResolvePlaceholder(*value);
      const bool in_path = Replace(result_.path, "{" + name + "}", placeholder);
      if (!in_path) result_.params.push_back({name, placeholder});
    } else if (type == ParamType::kIncremental) {
      result_.incremental = ReadIncremental(*value);
      result_.incremental.start_param = name;
    }
  }

  void ReadValue(const TableReader::Found& found) {
    // A list is the same parameter several times.
    const bool list = found.node->is_array();
    const auto one = list ? std::nullopt : table_.Scalar(found.name);
    const auto values = list  ? table_.Scalars(found.name)
                        : one ? std::optional(std::vector<std::string>{*one})
                              : std::nullopt;
    if (!values) return;
    for (const std::string& value : *values) {
      // Numbers, switches and placeholders are none.
      const bool secret = found.node->is_string() && LooksSecret(found.name) && !value.empty() &&
                          value.find('{') == value.npos;
      if (!secret) {
        result_.params.push_back({found.name, value});
      } else if (IsReference(value)) {
        extras_.secret_params.push_back({found.name, value});
      } else {
        table_.MustBe(found.name,
                      "a reference (\"env:NAME\", \"file:PATH\" or \"cmd:COMMAND\"), never the "
                      "secret itself");
      }
    }
  }

  TableReader table_;
  Resource& result_;
  EndpointExtras& extras_;
  std::vector<std::string> seen_;  // of the layers above
};

nlohmann::json JsonOf(const toml::node& node);

nlohmann::json ObjectOf(const toml::table& table) {
  nlohmann::json object = nlohmann::json::object();
  for (const auto& [key, node] : table) object[std::string(key.str())] = JsonOf(node);
  return object;
}

nlohmann::json JsonOf(const toml::node& node) {
  if (const auto* table = node.as_table()) return ObjectOf(*table);
  if (const auto* array = node.as_array()) {
    nlohmann::json list = nlohmann::json::array();
    for (const toml::node& entry : *array) list.push_back(JsonOf(entry));
    return list;
  }
  if (const auto* value = node.as_boolean()) return value->get();
  if (const auto* value = node.as_integer()) return value->get();
  if (const auto* value = node.as_floating_point()) return value->get();
  return ScalarText(node).value_or("");
}

// The body of a request is kept in the state, where no secret may be.
bool HoldsSecret(const nlohmann::json& json) {
  if (!json.is_structured()) return false;
  for (const auto& [key, value] : json.items()) {
    const bool text = value.is_string() && !value.get<std::string>().empty() &&
                      value.get<std::string>().find('{') == std::string::npos;
    if ((text && json.is_object() && LooksSecret(key)) || HoldsSecret(value)) return true;
  }
  return false;
}

void ReadBody(TableReader& endpoint, Resource& result) {
  const auto found = endpoint.Find("json");
  if (!found) return;
  if (!found->node->is_table() && !found->node->is_array()) {
    return endpoint.MustBe("json", "a table or a list");
  }
  const nlohmann::json body = JsonOf(*found->node);
  if (HoldsSecret(body)) {
    return endpoint.Complain("json",
                             "must not hold a secret, since requests are kept in the state; "
                             "client.auth and headers take references");
  }
  result.json = body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

EndpointExtras ReadEndpoint(TableReader& resource, TableReader& client, Resource& result,
                            std::vector<std::string>& notes) {
  EndpointExtras extras;
  std::optional<std::string> path;
  TableReader endpoint = EndpointOf(resource, path);
  if (!path) path = endpoint.Text("path");
  endpoint.Has("path");  // known even where it was given in short
  // dlt's default: the name.
  result.path = path.value_or(result.name);
  const auto method = endpoint.Word("method", kMethods);
  result.method = method.value_or("GET");
  if (auto headers = endpoint.Table("headers")) result.headers = ReadHeaders(*headers);
  if (auto params = endpoint.Table("params")) Params(*params, result, extras).Read();
  ReadBody(endpoint, result);
  if (const auto selector = endpoint.Text("data_selector")) result.data_selector = *selector;
  auto paginator = ReadPaginator(endpoint, notes);
  if (!paginator) paginator = ReadPaginator(client, notes);
  result.paginator = paginator.value_or(rest::Paginator{});
  if (auto incremental = endpoint.Table("incremental")) {
    result.incremental = ReadIncremental(*incremental);
  }
  extras.max_retries = ReadErrorHandler(endpoint, result.error_handler);
  endpoint.NotSupported("auth", "client.auth is that of every request");
  endpoint.NotSupported("data", "json sends a body as JSON");
  endpoint.RefuseRest();
  return extras;
}

}  // namespace sluice
