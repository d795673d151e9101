#include "stages/sources/rest/json_edit.h"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::rest {
namespace {

// `object` with the member at `path` replaced, appended to `out`. False: something on the way is no
// object.
bool AppendWith(const std::optional<JsonValue>& object, std::string_view path,
                std::string_view value, std::string& out) {
  if (object && !object->is_object()) return false;
  const std::size_t dot = path.find('.');
  const std::string_view name = path.substr(0, dot);
  bool placed = false;
  const auto place = [&](const std::optional<JsonValue>& old) {
    if (out.back() != '{') out += ',';
    out += JsonQuote(name) + ":";
    placed = true;
    if (dot == std::string_view::npos) {
      out += value;
      return true;
    }
    return AppendWith(old, path.substr(dot + 1), value, out);
  };
  out += '{';
  for (auto member = object ? object->first() : std::nullopt; member; member = member->next()) {
    if (member->key() == name) {
      if (!placed && !place(member)) return false;
      continue;
    }
    if (out.back() != '{') out += ',';
    out += JsonQuote(member->key()) + ":";
    member->AppendJson(out);
  }
  if (!placed && !place(std::nullopt)) return false;
  out += '}';
  return true;
}

}  // namespace

Result<std::string> SetInJson(std::string_view body, std::string_view path,
                              std::string_view value) {
  const auto json = RawJson::Parse(body.empty() ? "{}" : body);
  if (path.starts_with("$.")) path.remove_prefix(2);
  std::string out;
  if (!json || !AppendWith(json->root(), path, value, out)) {
    return Fail(Code::kInvalid, fmt::format("the request's body has no place for '{}'", path));
  }
  return out;
}

std::string WithMembers(const JsonValue& object,
                        const std::vector<std::pair<std::string, std::string>>& members) {
  if (members.empty()) return object.json();
  const auto is_given = [&](std::string_view name) {
    return std::any_of(members.begin(), members.end(),
                       [&](const auto& member) { return member.first == name; });
  };
  std::string out = "{";
  for (auto member = object.first(); member; member = member->next()) {
    if (is_given(member->key())) continue;
    if (out.back() != '{') out += ',';
    out += JsonQuote(member->key()) + ":";
    member->AppendJson(out);
  }
  for (const auto& [name, value] : members) {
    if (out.back() != '{') out += ',';
    out += JsonQuote(name) + ":" + value;
  }
  out += '}';
  return out;
}

}  // namespace sluice::rest
