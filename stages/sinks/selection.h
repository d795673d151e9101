// `fields` and `rename` of an output: which values of a record are written, and under which names.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "stages/json/json_path.h"
#include "stages/json/raw_json.h"
#include "stages/sinks/output_spec.h"
#include "stages/sinks/shape.h"

namespace sluice {

// A name that was not taken: `name`, or "name_2", "name_3", ...
class UniqueNames {
 public:
  enum class Case { kCounts, kIgnored };  // kIgnored: "Id" and "id" are one (of ASCII letters)
  explicit UniqueNames(Case c) : case_(c) {}
  std::string Take(std::string_view name);

 private:
  const Case case_;
  std::set<std::string, std::less<>> taken_;
};

// Not thread-safe, because of Select().
class Selection {
 public:
  // Code::kUsage: a path is none.
  static Result<Selection> Make(const OutputSpec& output);

  // No fields are named: a record is written whole.
  bool everything() const { return fields_.empty(); }
  // The names that the fields have in the output: the last word of `rename`, else the path with
  // "__" between its keys.
  const std::vector<std::string>& names() const { return names_; }
  // What is left to rename where everything is written.
  const Renames& renames() const { return renames_; }
  // The name of the field with these keys, as names() has it; nullopt: it is not among them.
  std::optional<std::string> NameOf(const std::vector<std::string>& keys) const;

  // The values of the fields, in their order; of a path with [*] a list of all it leads to.
  // Valid until the next call, and as long as `record` is.
  const std::vector<std::optional<JsonValue>>& Select(const JsonValue& record);
  // Members of the record that no field begins with.
  void FindUnknown(const JsonValue& record, std::vector<std::string>& unknown) const;

 private:
  std::vector<JsonPath> fields_;
  std::vector<std::string> names_;
  std::set<std::string, std::less<>> first_keys_;
  bool takes_all_ = false;  // a field is the whole record
  Renames renames_;
  std::vector<std::optional<JsonValue>> values_;
  std::vector<RawJson> lists_;  // what `values_` points into beside the record
};

}  // namespace sluice
