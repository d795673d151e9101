#include "stages/sinks/selection.h"

#include <fmt/format.h>

#include <algorithm>

namespace sluice {

std::string UniqueNames::Take(std::string_view name) {
  const auto folded = [this](std::string text) {
    if (case_ == Case::kCounts) return text;
    for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return text;
  };
  std::string unique(name);
  for (int number = 2; !taken_.insert(folded(unique)).second; ++number) {
    unique = fmt::format("{}_{}", name, number);
  }
  return unique;
}

Result<Selection> Selection::Make(const OutputSpec& output) {
  Selection selection;
  UniqueNames unique(UniqueNames::Case::kCounts);
  selection.renames_ = Renames(output.rename.begin(), output.rename.end());
  for (const std::string& text : output.fields) {
    auto path = JsonPath::Parse(text);
    if (!path) return Fail(path.error());
    const std::vector<std::string> keys = path->keys();
    const auto renamed = selection.renames_.find(text);
    const std::string name = renamed != selection.renames_.end()
                                 ? renamed->second
                                 : fmt::format("{}", fmt::join(keys, kNestedSeparator));
    selection.names_.push_back(unique.Take(keys.empty() && name.empty() ? "value" : name));
    if (keys.empty()) {
      selection.takes_all_ = true;
    } else {
      selection.first_keys_.insert(keys.front());
    }
    selection.fields_.push_back(std::move(*path));
  }
  return selection;
}

std::optional<std::string> Selection::NameOf(const std::vector<std::string>& keys) const {
  const auto found = std::ranges::find(fields_, keys, &JsonPath::keys);
  if (found == fields_.end()) return std::nullopt;
  return names_[static_cast<std::size_t>(found - fields_.begin())];
}

const std::vector<std::optional<JsonValue>>& Selection::Select(const JsonValue& record) {
  values_.clear();
  lists_.clear();
  for (const JsonPath& field : fields_) {
    if (!field.many()) {
      values_.push_back(field.Find(record));
      continue;
    }
    std::string list = "[";
    for (const JsonValue& value : field.FindAll(record)) {
      if (list.size() > 1) list += ',';
      value.AppendJson(list);
    }
    auto parsed = RawJson::Parse(list += ']');
    if (!parsed) {  // one level deeper than a document may be
      values_.push_back(std::nullopt);
      continue;
    }
    values_.push_back(parsed->root());
    lists_.push_back(std::move(*parsed));
  }
  return values_;
}

void Selection::FindUnknown(const JsonValue& record, std::vector<std::string>& unknown) const {
  if (takes_all_ || !record.is_object()) return;
  for (auto member = record.first(); member; member = member->next()) {
    if (!first_keys_.contains(member->key())) unknown.emplace_back(member->key());
  }
}

}  // namespace sluice
