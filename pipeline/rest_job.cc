#include "pipeline/rest_job.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <set>
#include <sstream>

#include "pipeline/rest_keys.h"
#include "pipeline/toml_reader.h"

namespace sluice {
namespace {

using rest::Resource;

constexpr std::array<std::pair<std::string_view, Disposition>, 3> kDispositions{
    {{"replace", Disposition::kReplace},
     {"merge", Disposition::kMerge},
     {"append", Disposition::kAppend}}};

// It names a file, an operation and a table.
bool IsResourceName(std::string_view name) {
  return !name.empty() && name.size() <= 100 &&
         std::all_of(name.begin(), name.end(),
                     [](unsigned char c) { return std::isalnum(c) || c == '_' || c == '-'; });
}

// The names of the resources that "{resources.NAME.field}" in `text` refers to.
void AddParents(std::string_view text, std::set<std::string>& parents) {
  constexpr std::string_view kBegin = "{resources.";
  for (auto at = text.find(kBegin); at != text.npos; at = text.find(kBegin, at + 1)) {
    const std::string_view rest = text.substr(at + kBegin.size());
    parents.emplace(rest.substr(0, rest.find_first_of(".}")));
  }
}

std::set<std::string> ParentsOf(const Resource& resource) {
  std::set<std::string> parents;
  AddParents(resource.path, parents);
  AddParents(resource.json, parents);
  for (const auto& param : resource.params) AddParents(param.value, parents);
  for (const auto& header : resource.headers) AddParents(header.value, parents);
  return parents;
}

// dlt's default path is the name; a resource whose name is in order is told by it.
std::string PathOf(const toml::table& table, std::size_t index) {
  const auto name = table["name"].value_or(std::string_view());
  return IsResourceName(name) ? fmt::format("resources.{}", name)
                              : fmt::format("resources[{}]", index);
}

class Reader {
 public:
  Reader(const toml::table& table, RestJob& job, Problems& problems)
      : table_(table), job_(job), problems_(problems) {}

  void Read() {
    ReadClient();
    ReadDefaults();
    ReadResources();
    if (!job_.spec.resources.empty()) PutParentsFirst();
    TakeRetries();
    // A spelling of [client] or [resource_defaults] is met once for each resource.
    std::set<std::string> seen;
    std::erase_if(job_.notes, [&](const std::string& note) { return !seen.insert(note).second; });
    Define();
  }

 private:
  void ReadClient();
  void ReadDefaults();
  void ReadResources();
  void ReadResource(const toml::table& table, std::size_t index);
  void ReadConcurrency(TableReader& reader, Resource& resource);
  void ReadPartitions(TableReader& reader, Resource& resource);
  void CheckNames(TableReader& reader, const Resource& resource);
  void TakeSecretParams(TableReader& reader, const std::vector<rest::NamedValue>& params);
  void TakeParent(TableReader& reader, Resource& resource);
  void PutParentsFirst();
  void TakeRetries();
  void Define();
  TableReader Client() { return TableReader({{&client_, "client"}}, problems_); }

  const toml::table& table_;
  RestJob& job_;
  Problems& problems_;
  toml::table nothing_;
  const toml::table& client_ =
      table_["client"].is_table() ? *table_["client"].as_table() : nothing_;
  const toml::table* defaults_ = nullptr;
  std::vector<int> rate_limited_codes_;
  std::set<int> retries_;
  std::set<std::string> names_;
  std::set<std::string> outputs_;  // in lower case: two files must not differ in case alone
};

void Reader::ReadClient() {
  if (const auto* node = table_.get("client"); node && !node->is_table()) {
    problems_.AtLine(node->source().begin.line, "client: must be a table, as [client]");
  }
  TableReader client = Client();
  for (const char* key : {"base_url", "allow_http"}) client.Has(key);  // keys of the job
  client.NotSupported("session", "[limits] and [retry] say how requests are sent");
  if (auto headers = client.Table("headers")) job_.spec.headers = ReadHeaders(*headers);
  if (client.Has("auth")) {
    if (auto auth = client.Table("auth")) job_.auth = ReadAuth(*auth);
  }
  if (auto budget = client.Table("api_budget")) {
    ApiBudget limits = ReadApiBudget(*budget);
    job_.spec.requests_per_second = limits.requests_per_second;
    job_.spec.burst = limits.burst;
    rate_limited_codes_ = std::move(limits.rate_limited_codes);
  }
  ReadPaginator(client, job_.notes);
  client.RefuseRest();
}

void Reader::ReadDefaults() {
  const auto* node = table_.get("resource_defaults");
  if (!node) return;
  defaults_ = node->as_table();
  if (!defaults_) {
    problems_.AtLine(node->source().begin.line,
                     "resource_defaults: must be a table, as [resource_defaults]");
  }
}

void Reader::ReadResources() {
  const auto* node = table_.get("resources");
  const auto* array = node ? node->as_array() : nullptr;
  const bool tables = array && std::all_of(array->begin(), array->end(),
                                           [](const auto& entry) { return entry.is_table(); });
  if (!tables || array->empty()) {
    return problems_.AtLine(node ? node->source().begin.line : 0,
                            node ? "resources: must be a list of tables, as [[resources]]"
                                 : "resources: is missing; a job has at least one [[resources]]");
  }
  for (std::size_t i = 0; i < array->size(); ++i) {
    ReadResource(*array->get_as<toml::table>(i), i);
  }
}

void Reader::ReadResource(const toml::table& table, std::size_t index) {
  std::vector<TableReader::Layer> layers{{&table, PathOf(table, index)}};
  if (defaults_) layers.push_back({defaults_, "resource_defaults"});
  TableReader reader(std::move(layers), problems_);
  Resource resource;
  resource.name = reader.Text("name").value_or("");
  resource.table_name = reader.Text("table_name").value_or(resource.name);
  job_.lines.emplace(resource.name, reader.line());
  CheckNames(reader, resource);
  TableReader client = Client();
  const EndpointExtras extras = ReadEndpoint(reader, client, resource, job_.notes);
  TakeSecretParams(reader, extras.secret_params);
  if (extras.max_retries) retries_.insert(*extras.max_retries);
  if (!rate_limited_codes_.empty()) {
    resource.error_handler.response_filters.push_back(
        {.http_codes = rate_limited_codes_, .action = rest::Action::kRateLimited});
  }
  if (auto key = reader.TextOrTexts("primary_key")) resource.primary_key = std::move(*key);
  if (const auto disposition = reader.Word("write_disposition", kDispositions)) {
    resource.write_disposition = *disposition;
  }
  if (auto fields = reader.Texts("include_from_parent")) {
    resource.include_from_parent = std::move(*fields);
  }
  resource.selected = reader.Flag("selected").value_or(true);
  ReadPartitions(reader, resource);
  ReadConcurrency(reader, resource);
  ReadOutput(reader, resource);
  TakeParent(reader, resource);
  reader.RefuseRest();
  job_.spec.resources.push_back(std::move(resource));
}

void Reader::CheckNames(TableReader& reader, const Resource& resource) {
  constexpr const char* kAllowed = "up to 100 letters, digits, '_' and '-'";
  if (!reader.Has("name")) return reader.Complain("name", "is missing; every resource has one");
  if (!resource.name.empty() && !IsResourceName(resource.name)) reader.MustBe("name", kAllowed);
  if (resource.table_name != resource.name && !IsResourceName(resource.table_name)) {
    reader.MustBe("table_name", kAllowed);
  }
  if (!names_.insert(resource.name).second) {
    return reader.Complain("name", "is the name of another resource already");
  }
  std::string output = resource.table_name;
  std::transform(output.begin(), output.end(), output.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (!outputs_.insert(output).second) {
    reader.Complain(reader.Has("table_name") ? "table_name" : "name",
                    "is the output of another resource already");
  }
}

// A request's own parameters are kept in the state; those that hold a secret are added when it is
// sent, as one that is of every request.
void Reader::TakeSecretParams(TableReader& reader, const std::vector<rest::NamedValue>& params) {
  for (const rest::NamedValue& param : params) {
    const auto same = std::find_if(job_.spec.query.begin(), job_.spec.query.end(),
                                   [&](const auto& other) { return other.name == param.name; });
    if (same == job_.spec.query.end()) {
      job_.spec.query.push_back(param);
      job_.notes.push_back(fmt::format("the parameter {} is sent with every request", param.name));
    } else if (same->value != param.value) {
      reader.Complain("endpoint",
                      "gives a secret parameter that is another one in another resource; it is "
                      "sent with every request, so there is one");
    }
  }
}

void Reader::ReadPartitions(TableReader& reader, Resource& resource) {
  auto partitions = reader.Table("partitions");
  if (!partitions) return;
  partitions->Require("cursor_field", "it is the name in {partition.NAME}");
  partitions->Require("values", "it is the list of what {partition.NAME} stands for");
  resource.partitions.cursor_field = partitions->Text("cursor_field").value_or("");
  resource.partitions.values = partitions->Scalars("values").value_or(std::vector<std::string>{});
  if (partitions->Has("values") && resource.partitions.values.empty()) {
    partitions->MustBe("values", "a list of strings or numbers, not empty");
  }
  partitions->RefuseRest();
}

void Reader::ReadConcurrency(TableReader& reader, Resource& resource) {
  // dlt asks for the resources one by one unless they are parallelized.
  if (reader.Flag("parallelized") == false) resource.concurrency = 1;
  const auto found = reader.Find("concurrency");
  if (!found) return;
  const auto take = [&](const std::optional<std::int64_t>& number) {
    if (number) resource.concurrency = static_cast<int>(*number);
  };
  if (!found->node->is_table()) return take(reader.Number("concurrency", 1, 1000));
  auto table = reader.Table("concurrency");
  take(table->Number("default", 1, 1000));
  take(table->Number("max", 1, 1000));
  table->RefuseRest();
}

void Reader::TakeParent(TableReader& reader, Resource& resource) {
  const auto parents = ParentsOf(resource);
  if (parents.size() > 1) {
    return reader.Complain("endpoint",
                           fmt::format("names {} resources as its parents ({}); one is possible",
                                       parents.size(), fmt::join(parents, ", ")));
  }
  if (!parents.empty()) resource.parent = *parents.begin();
}

// Keeps the order of the file where that is possible. A circle, or a parent that is not there, is
// left as it is, for the source to tell.
void Reader::PutParentsFirst() {
  std::vector<Resource> rest = std::move(job_.spec.resources);
  std::vector<Resource>& sorted = job_.spec.resources;
  sorted.clear();
  const auto is_named = [](const std::vector<Resource>& list, const std::string& name) {
    return std::any_of(list.begin(), list.end(),
                       [&](const Resource& resource) { return resource.name == name; });
  };
  while (!rest.empty()) {
    auto next = std::find_if(rest.begin(), rest.end(), [&](const Resource& resource) {
      return resource.parent.empty() || !is_named(rest, resource.parent);
    });
    if (next == rest.end()) next = rest.begin();
    sorted.push_back(std::move(*next));
    rest.erase(next);
  }
}

void Reader::TakeRetries() {
  if (retries_.empty()) return;
  job_.read_attempts = *retries_.rbegin() + 1;
  if (retries_.size() > 1) {
    job_.notes.push_back(
        fmt::format("max_retries is one for the whole job: the highest, {}", *retries_.rbegin()));
  }
}

// TOML sorts the keys, and neither blanks nor comments are left.
void Reader::Define() {
  toml::table definition;
  toml::table client = client_;
  for (const char* key : {"base_url", "allow_http", "auth", "api_budget"}) client.erase(key);
  definition.insert("client", std::move(client));
  if (defaults_) definition.insert("resource_defaults", *defaults_);
  if (const auto* resources = table_["resources"].as_array()) {
    definition.insert("resources", *resources);
  }
  std::ostringstream text;
  text << toml::json_formatter(definition);
  job_.definition = text.str();
}

}  // namespace

void ReadRestJob(const toml::table& table, RestJob& job, Problems& problems) {
  Reader(table, job, problems).Read();
}

}  // namespace sluice
