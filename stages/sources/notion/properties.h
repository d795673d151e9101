// Property values: of a page's front matter and of a database's cells.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "stages/sources/notion/json.h"
#include "stages/sources/notion/render_context.h"
#include "stages/sources/notion/rich_text.h"

namespace sluice::notion {

// A value in a form that both YAML and CSV can print.
struct PropertyValue {
  enum class Shape { kEmpty, kText, kNumber, kBool, kList };
  Shape shape = Shape::kEmpty;
  std::string text;                // kText, kNumber (as JSON has it), kBool ("true" or "false")
  std::vector<std::string> items;  // kList
};

// Whether a page object shows this property cut short: it gives at most 25 references, and says so
// of relations alone. The whole value is then behind PropertyRequest().
bool NeedsPropertyRequest(const Json& property);

// Reads `property` (a member of a page's `properties`), from stored answers to PropertyRequest()
// where the object has it cut short. Unknown types give their JSON and leave a note.
Result<PropertyValue> ReadProperty(RenderContext& context, const Json& property);
// The runs of a title or rich_text property, complete.
Result<std::vector<Run>> ReadPropertyRuns(RenderContext& context, const Json& property);

// One YAML value in flow style: `"text"`, `12`, `true`, `["a", "b"]`, `null`.
std::string YamlValue(const PropertyValue& value);
// A double-quoted YAML scalar; any text, on one line.
std::string YamlString(std::string_view text);
// As Notion's own export has it: Yes/No, lists joined by ", ".
std::string CellText(const PropertyValue& value);

}  // namespace sluice::notion
