#include "stages/sources/rest/validate.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "stages/http/redirect.h"
#include "stages/json/json_path.h"
#include "stages/sources/rest/first_request.h"
#include "stages/sources/rest/incremental.h"
#include "stages/sources/rest/template_text.h"
#include "stages/sources/rest/url.h"

namespace sluice::rest {
namespace {

constexpr std::size_t kNameBytesMax = 100;

// Names become files, tables and parts of placeholders.
bool IsGoodName(std::string_view name) {
  const auto is_good = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  };
  return !name.empty() && name.size() <= kNameBytesMax &&
         std::all_of(name.begin(), name.end(), is_good);
}

std::string Lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

class Validator {
 public:
  explicit Validator(const RestSpec& spec) : spec_(spec) {}

  Status Check() {
    if (!OriginOf(spec_.base_url)) Add("base_url", "is not an absolute URL");
    if (spec_.resources.empty()) Add("resources", "there is none");
    CheckNames();
    for (const Resource& resource : spec_.resources) CheckResource(resource);
    if (problems_.empty()) return {};
    return Fail(Code::kUsage, fmt::format("{}", fmt::join(problems_, "\n")));
  }

 private:
  void Add(std::string_view where, std::string_view what) {
    problems_.push_back(fmt::format("{}: {}", where, what));
  }

  const Resource* Find(const std::string& name) const {
    const auto found = std::find_if(spec_.resources.begin(), spec_.resources.end(),
                                    [&](const Resource& r) { return r.name == name; });
    return found == spec_.resources.end() ? nullptr : &*found;
  }

  void CheckNames() {
    std::set<std::string> names;
    std::map<std::string, std::string> files;
    for (const Resource& resource : spec_.resources) {
      const std::string where = fmt::format("resource '{}'", resource.name);
      if (!IsGoodName(resource.name)) {
        Add(where, "a name consists of letters, digits, '_' and '-', at most 100");
      }
      if (!names.insert(resource.name).second) Add(where, "there are two of that name");
      if (!resource.table_name.empty() && !IsGoodName(resource.table_name)) {
        Add(where, fmt::format("table_name '{}': letters, digits, '_' and '-', at most 100",
                               resource.table_name));
      }
      if (!resource.selected) continue;
      // File systems and SQLite take names that differ only in case for the same.
      const std::string table = resource.table_name.empty() ? resource.name : resource.table_name;
      const std::string file = Lower(table + ExtensionOf(resource.output));
      const auto [other, fresh] = files.emplace(file, resource.name);
      if (!fresh && other->second != resource.name) {
        Add(where, fmt::format("is written to the same file or table as '{}'", other->second));
      }
    }
  }

  void CheckResource(const Resource& resource) {
    where_ = fmt::format("resource '{}'", resource.name);
    if (resource.concurrency < 1) Add(where_, "concurrency is less than 1");
    const BaseUrl base = SplitBaseUrl(spec_.base_url);
    if (resource.path.find("://") != std::string::npos &&
        !FollowLink(spec_.base_url, base.path.empty() ? "/" : base.path, resource.path)) {
      Add(where_, "its path leads to another host than base_url");
    }
    CheckPlaceholders(resource);
    CheckParent(resource);
    CheckPaths(resource);
    CheckPaginator(resource.paginator);
    CheckIncremental(resource);
    if (resource.write_disposition == Disposition::kMerge && resource.primary_key.empty()) {
      Add(where_, "write_disposition merge needs a primary_key");
    }
    if (resource.partitions.cursor_field.empty() != resource.partitions.values.empty()) {
      Add(where_, "partitions need both cursor_field and values");
    }
  }

  void CheckPlaceholders(const Resource& resource) {
    const auto names = PlaceholdersOf(resource);
    if (!names) {
      Add(where_, names.error().message);
      return;
    }
    bool uses_partition = false;
    for (const std::string& name : *names) {
      if (const auto field = AsParentField(name)) {
        if (field->parent != resource.parent) {
          Add(where_, fmt::format("{{{}}} names '{}', and its parent is '{}': a resource has one "
                                  "parent",
                                  name, field->parent, resource.parent));
        }
        CheckPath(field->field);
      } else if (name == "partition." + resource.partitions.cursor_field) {
        uses_partition = true;
      } else if (name.starts_with("incremental.") && IsIncrementalName(name)) {
        if (!IsIncremental(resource)) Add(where_, fmt::format("{{{}}} needs incremental", name));
      } else {
        Add(where_, fmt::format("{{{}}} is no placeholder: there are resources.<parent>.<field>, "
                                "partition.<cursor_field> and incremental.start_value, "
                                "initial_value, last_value, end_value",
                                name));
      }
    }
    if (!resource.partitions.values.empty() && !uses_partition) {
      Add(where_, "its partitions are used nowhere: write {partition.<cursor_field>}");
    }
    CheckPathPlaceholders(resource);
  }

  static bool IsIncrementalName(std::string_view name) {
    return name == "incremental.start_value" || name == "incremental.initial_value" ||
           name == "incremental.last_value" || name == "incremental.end_value";
  }

  // A parameter without a value is left out; a path cannot do without.
  void CheckPathPlaceholders(const Resource& resource) {
    const auto path = TemplateText::Parse(resource.path);
    if (!path) return;
    for (const std::string& name : path->names()) {
      const bool begins = name == "incremental.start_value" || name == "incremental.initial_value";
      const bool empty =
          (begins && resource.incremental.initial_value.empty()) ||
          (name == "incremental.end_value" && resource.incremental.end_value.empty()) ||
          name == "incremental.last_value";
      if (empty) Add(where_, fmt::format("{{{}}} in the path has no value in a first run", name));
    }
  }

  void CheckParent(const Resource& resource) {
    const auto names = PlaceholdersOf(resource);
    const bool uses_parent =
        names && std::any_of(names->begin(), names->end(), [](const std::string& name) {
          return AsParentField(name).has_value();
        });
    if (resource.parent.empty()) {
      if (!resource.include_from_parent.empty()) {
        Add(where_, "include_from_parent without a placeholder {resources.<parent>.<field>}");
      }
      return;
    }
    if (!uses_parent) {
      Add(where_,
          fmt::format("nothing of its parent '{}' stands in its requests", resource.parent));
    }
    if (Find(resource.parent) == nullptr) {
      Add(where_, fmt::format("there is no resource '{}', its parent", resource.parent));
      return;
    }
    CheckAncestors(resource);
  }

  void CheckAncestors(const Resource& resource) {
    std::set<std::string> seen = {resource.name};
    for (const Resource* above = Find(resource.parent); above != nullptr;
         above = Find(above->parent)) {
      if (!seen.insert(above->name).second) {
        Add(where_, "is below itself");
        return;
      }
      if (!GoesOn(*above)) continue;
      if (resource.write_disposition == Disposition::kReplace) {
        Add(where_, fmt::format("replaces its rows, and '{}' above it gives only what has changed: "
                                "rows of the rest would be lost; use merge or append",
                                above->name));
      }
      if (GoesOn(resource)) {
        Add(where_, fmt::format("is incremental, and so is '{}' above it: what failed here could "
                                "not be found again; leave incremental to one of them",
                                above->name));
      }
    }
    const Resource* parent = Find(resource.parent);
    if (parent >= &resource) Add(where_, "stands before its parent");
  }

  void CheckPath(const JsonPathText& text) {
    if (const auto path = JsonPath::Parse(text); !path) Add(where_, path.error().message);
  }

  void CheckPaths(const Resource& resource) {
    const Paginator& paginator = resource.paginator;
    for (const std::string& path : resource.primary_key) CheckPath(path);
    for (const std::string& path : resource.include_from_parent) CheckPath(path);
    for (const Filter& filter : resource.filters) CheckPath(filter.path);
    if (resource.data_selector) CheckPath(*resource.data_selector);
    for (const std::string& path :
         {paginator.next_url_path, paginator.cursor_path, paginator.total_path,
          paginator.record_total_path, paginator.has_more_path, resource.incremental.cursor_path}) {
      CheckPath(path);
    }
  }

  void CheckPaginator(const Paginator& paginator) {
    using Type = Paginator::Type;
    if (paginator.type == Type::kCursor && paginator.cursor_param.empty() &&
        paginator.cursor_body_path.empty()) {
      Add(where_, "paginator cursor needs cursor_param or cursor_body_path");
    }
    if (paginator.type == Type::kOffset && paginator.limit < 1) {
      Add(where_, "paginator offset needs a limit of at least 1");
    }
    const bool counts = paginator.type == Type::kOffset || paginator.type == Type::kPageNumber;
    const bool ends = paginator.stop_after_empty_page.value_or(true) ||
                      !paginator.total_path.empty() || !paginator.total_header.empty() ||
                      !paginator.has_more_path.empty() || paginator.maximum_offset > 0 ||
                      paginator.maximum_page > 0;
    if (counts && !ends) {
      Add(where_,
          "its paginator has no end: it needs stop_after_empty_page, a total, "
          "has_more_path or a maximum");
    }
  }

  void CheckIncremental(const Resource& resource) {
    const Incremental& incremental = resource.incremental;
    if (incremental.split_limit == 0) return;
    if (!IsIncremental(resource) || resource.primary_key.empty()) {
      Add(where_, "split_limit needs incremental.cursor_path and a primary_key");
    }
    const auto names = PlaceholdersOf(resource);
    const bool sends_start =
        !incremental.start_param.empty() || (names && names->contains("incremental.start_value"));
    if (!sends_start) {
      Add(where_, "split_limit needs start_param or {incremental.start_value}, to go on from");
    }
  }

  const RestSpec& spec_;
  std::string where_;
  std::vector<std::string> problems_;
};

}  // namespace

Status ValidateSpec(const RestSpec& spec) { return Validator(spec).Check(); }

}  // namespace sluice::rest
