#include "stages/json/json_path.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace sluice {
namespace {

constexpr std::string_view kEndsName = ".[]'\"";

// Reads a path from its beginning; every Take moves on.
struct Cursor {
  std::string_view text;
  std::size_t at = 0;

  bool done() const { return at == text.size(); }
  bool Take(std::string_view what) {
    if (!text.substr(at).starts_with(what)) return false;
    at += what.size();
    return true;
  }
  std::string_view TakeName() {
    const std::size_t end = std::min(text.find_first_of(kEndsName, at), text.size());
    const std::string_view name = text.substr(at, end - at);
    at = end;
    return name;
  }
  tl::unexpected<Error> Wrong(std::string_view what) const {
    return Fail(Code::kUsage, fmt::format("path '{}': {} at character {}", text, what, at + 1));
  }
};

// Behind "['": up to the closing quote, `\` before a quote or a backslash.
Result<std::string> TakeQuoted(Cursor& cursor, char quote) {
  std::string name;
  while (!cursor.done() && cursor.text[cursor.at] != quote) {
    if (cursor.text[cursor.at] == '\\' && cursor.at + 1 < cursor.text.size()) ++cursor.at;
    name += cursor.text[cursor.at++];
  }
  const std::string_view ending = quote == '\'' ? "']" : "\"]";
  if (!cursor.Take(ending)) return cursor.Wrong(fmt::format("{} is missing", ending));
  return name;
}

Result<std::size_t> TakeIndex(Cursor& cursor) {
  const std::string_view rest = cursor.text.substr(cursor.at);
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), index);
  if (error != std::errc()) {
    return cursor.Wrong(
        "only a number, '*' or a quoted name is supported in brackets (no filter, slice, union or "
        "negative index)");
  }
  cursor.at += static_cast<std::size_t>(end - rest.data());
  if (!cursor.Take("]"))
    return cursor.Wrong("']' is missing (slices and unions are not supported)");
  return index;
}

}  // namespace

Result<JsonPath> JsonPath::Parse(std::string_view text) {
  JsonPath path;
  path.text_ = text;
  Cursor cursor{.text = text};
  bool first = !cursor.Take("$");
  while (!cursor.done()) {
    if (cursor.Take("['") || cursor.Take("[\"")) {
      auto name = TakeQuoted(cursor, text[cursor.at - 1]);
      if (!name) return Fail(name.error());
      path.steps_.emplace_back(std::move(*name));
    } else if (cursor.Take("[*]")) {
      path.steps_.emplace_back(Every{});
    } else if (cursor.Take("[")) {
      auto index = TakeIndex(cursor);
      if (!index) return Fail(index.error());
      path.steps_.emplace_back(*index);
    } else {
      if (!first && !cursor.Take(".")) return cursor.Wrong("'.' or '[' is expected");
      const std::string_view name = cursor.TakeName();
      if (name.empty()) {
        return cursor.Wrong(
            "a name is expected ('..' is not supported; a name with a dot or a "
            "bracket is written ['so'])");
      }
      if (name == "*") {
        path.steps_.emplace_back(Every{});
      } else {
        path.steps_.emplace_back(std::string(name));
      }
    }
    first = false;
  }
  return path;
}

std::optional<JsonPath> JsonPath::Below(const std::vector<std::string>& names) const {
  if (steps_.size() < names.size()) return std::nullopt;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (steps_[i] != Step(names[i])) return std::nullopt;
  }
  JsonPath rest;
  if (steps_.size() == names.size()) return rest;
  if (!std::holds_alternative<Every>(steps_[names.size()])) return std::nullopt;
  rest.steps_.assign(steps_.begin() + static_cast<std::ptrdiff_t>(names.size()) + 1, steps_.end());
  return rest;
}

JsonPath JsonPath::ToList() const {
  JsonPath list;
  const auto every = std::find_if(steps_.begin(), steps_.end(), [](const Step& step) {
    return std::holds_alternative<Every>(step);
  });
  list.steps_.assign(steps_.begin(), every);
  return list;
}

bool JsonPath::many() const {
  return std::any_of(steps_.begin(), steps_.end(),
                     [](const Step& step) { return std::holds_alternative<Every>(step); });
}

std::vector<std::string> JsonPath::keys() const {
  std::vector<std::string> keys;
  for (const Step& step : steps_) {
    if (const auto* name = std::get_if<std::string>(&step)) keys.push_back(*name);
    if (const auto* index = std::get_if<std::size_t>(&step)) keys.push_back(std::to_string(*index));
  }
  return keys;
}

// Goes on while `use` returns true.
bool JsonPath::Walk(const JsonValue& value, std::size_t depth,
                    const std::function<bool(const JsonValue&)>& use) const {
  if (depth == steps_.size()) return use(value);
  const Step& step = steps_[depth];
  if (std::holds_alternative<Every>(step)) {
    for (auto child = value.first(); child; child = child->next()) {
      if (!Walk(*child, depth + 1, use)) return false;
    }
    return true;
  }
  const auto* name = std::get_if<std::string>(&step);
  const auto child = name ? value[*name] : value.at(std::get<std::size_t>(step));
  return !child || Walk(*child, depth + 1, use);
}

std::optional<JsonValue> JsonPath::Find(const JsonValue& root) const {
  std::optional<JsonValue> found;
  Walk(root, 0, [&](const JsonValue& value) {
    found = value;
    return false;
  });
  return found;
}

std::vector<JsonValue> JsonPath::FindAll(const JsonValue& root) const {
  std::vector<JsonValue> found;
  Walk(root, 0, [&](const JsonValue& value) {
    found.push_back(value);
    return true;
  });
  return found;
}

}  // namespace sluice
