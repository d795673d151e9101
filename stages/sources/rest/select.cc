#include "stages/sources/rest/select.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "stages/json/json_path.h"
#include "stages/sinks/utf8.h"
#include "storage/base/cursor_order.h"

namespace sluice::rest {
namespace {

constexpr std::size_t kScalarBytesMax = 60;

constexpr std::array<std::string_view, 6> kWrappers = {"data",     "result",  "results",
                                                       "response", "payload", "_embedded"};

bool IsListOfObjects(const JsonValue& value) {
  if (!value.is_array()) return false;
  const auto first = value.first();
  return first && first->is_object();
}

std::string StepTo(std::string_view name) {
  if (name.find_first_of(".[]'\"*") == std::string_view::npos && !name.empty()) {
    return std::string(name);
  }
  std::string step = "['";
  for (const char c : name) {
    if (c == '\'' || c == '\\') step += '\\';
    step += c;
  }
  return step + "']";
}

std::string PathTo(const std::string& outer, std::string_view name) {
  const std::string step = StepTo(name);
  return outer.empty() || step.front() == '[' ? outer + step : outer + "." + step;
}

// What an object holds directly.
struct Lists {
  std::vector<std::string> of_objects;  // paths
  std::vector<std::string> empty;
};

void FindLists(const JsonValue& object, const std::string& outer, Lists& lists) {
  for (auto member = object.first(); member; member = member->next()) {
    if (member->key() == "errors" || member->key() == "error") continue;
    if (IsListOfObjects(*member)) lists.of_objects.push_back(PathTo(outer, member->key()));
    if (member->is_array() && member->size() == 0) {
      lists.empty.push_back(PathTo(outer, member->key()));
    }
  }
}

Lists FindLists(const JsonValue& body) {
  Lists lists;
  FindLists(body, "", lists);
  if (!lists.of_objects.empty()) return lists;
  for (const std::string_view name : kWrappers) {
    const auto wrapped = body[name];
    if (wrapped && wrapped->is_object()) FindLists(*wrapped, std::string(name), lists);
  }
  return lists;
}

bool Passes(const JsonValue& value, const Filter& filter) {
  const std::string_view text = value.text();
  switch (filter.test) {
    case Filter::Test::kEquals:
    case Filter::Test::kNotEquals:
      return value.is_scalar() && text == filter.value;
    case Filter::Test::kContains:
      if (value.is_array()) {
        for (auto element = value.first(); element; element = element->next()) {
          if (element->is_scalar() && element->text() == filter.value) return true;
        }
        return false;
      }
      return text.find(filter.value) != std::string_view::npos;
    case Filter::Test::kLess:
      return value.is_scalar() && CursorLess(text, filter.value);
    case Filter::Test::kGreater:
      return value.is_scalar() && CursorLess(filter.value, text);
    case Filter::Test::kExists:
    case Filter::Test::kMissing:
      return true;
  }
  return false;
}

}  // namespace

Result<Selection> SelectRecords(const JsonValue& body, const JsonPathText& selector) {
  const auto path = JsonPath::Parse(selector);
  if (!path) return Fail(path.error());
  Selection selection;
  const auto found = path->ToList().Find(body);
  if (!found) {
    const Lists others = body.is_object() ? FindLists(body) : Lists{};
    if (!others.of_objects.empty() || body.is_array()) {
      return Fail(
          Code::kInvalid,
          fmt::format("data_selector '{}' leads nowhere in the answer, which holds {}", selector,
                      body.is_array()
                          ? "a list itself"
                          : fmt::format("the lists '{}'", fmt::join(others.of_objects, "', '"))));
    }
    return selection;
  }
  if (found->is_null()) {
    selection.found = Found::kNull;
    return selection;
  }
  if (found->is_scalar() && !path->empty()) {
    return Fail(Code::kInvalid,
                fmt::format("data_selector '{}' leads to {}, and not to a list or an object",
                            selector, Shorten(found->json(), kScalarBytesMax)));
  }
  if (path->many()) {
    selection.found = Found::kList;
    selection.records = path->FindAll(body);
  } else if (found->is_array()) {
    selection.found = Found::kList;
    for (auto record = found->first(); record; record = record->next()) {
      selection.records.push_back(*record);
    }
  } else {
    selection.found = Found::kThing;
    selection.records.push_back(*found);
  }
  return selection;
}

Result<std::optional<JsonPathText>> DetectSelector(const JsonValue& body) {
  if (!body.is_object()) return std::optional<JsonPathText>("$");
  const Lists lists = FindLists(body);
  if (lists.of_objects.size() == 1) return std::optional(lists.of_objects.front());
  if (lists.of_objects.size() > 1) {
    return Fail(
        Code::kInvalid,
        fmt::format("the answer holds several lists ('{}'): say which one with data_selector",
                    fmt::join(lists.of_objects, "', '")));
  }
  if (lists.empty.size() == 1) return std::optional(lists.empty.front());
  if (!lists.empty.empty()) return std::optional<JsonPathText>();
  return std::optional<JsonPathText>("$");
}

std::string DescribeSelector(const JsonPathText& selector, const JsonValue& body) {
  if (selector != "$") return fmt::format("the records are its list '{}'", selector);
  return body.is_array() ? "the records are the answer itself" : "the answer is one record";
}

bool PassesFilters(const JsonValue& record, const std::vector<Filter>& filters) {
  return std::all_of(filters.begin(), filters.end(), [&](const Filter& filter) {
    const auto path = JsonPath::Parse(filter.path);
    if (!path) return false;
    const auto values = path->FindAll(record);
    const bool any = std::any_of(values.begin(), values.end(), [&](const JsonValue& value) {
      return !value.is_null() && Passes(value, filter);
    });
    const bool negated =
        filter.test == Filter::Test::kNotEquals || filter.test == Filter::Test::kMissing;
    return negated ? !any : any;
  });
}

}  // namespace sluice::rest
