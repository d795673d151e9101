// Texts with placeholders: "repos/{resources.repos.id}/issues",
// "updated:>={incremental.start_value}".
//
//   {resources.<parent>.<field>}   a field of the parent's record; <field> is a path into it
//   {partition.<cursor_field>}     the value of the partition
//   {incremental.start_value}      also initial_value, last_value, end_value
//   {{  }}                         a brace
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/base/result.h"

namespace sluice::rest {

class TemplateText {
 public:
  // Code::kUsage: a brace that is neither doubled nor closed, or an empty placeholder. Which names
  // there are is not known here.
  static Result<TemplateText> Parse(std::string_view text);

  // The names between the braces, in their order: "resources.repos.id".
  const std::vector<std::string>& names() const { return names_; }
  bool constant() const { return names_.empty(); }

  using Lookup = std::function<std::optional<std::string>(std::string_view name)>;
  enum class Encoding {
    kPlain,
    kUrl,  // values are percent-encoded; what stands around them is not
  };
  // nullopt: one of the names has no value.
  std::optional<std::string> Fill(const Lookup& lookup, Encoding encoding) const;

 private:
  std::vector<std::string> names_;
  std::vector<std::string> between_;  // one more than names_
};

// A header as a template. nullopt: nothing in it is a placeholder, so it is sent as it stands: a
// secret may hold braces.
std::optional<TemplateText> HeaderTemplate(std::string_view text);

// The parts of "resources.<parent>.<field>". nullopt: it is not of this form.
struct ParentField {
  std::string parent;
  std::string field;
};
std::optional<ParentField> AsParentField(std::string_view name);

}  // namespace sluice::rest
