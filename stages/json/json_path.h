// Paths into JSON: a subset of JSONPath (RFC 9535) and the dotted paths that dlt users write.
//
//   path    = ["$"] step*           "$" and "" are the document itself
//   step    = "." name | name | "['" any "']" | "[" number "]" | "[*]" | ".*"
//
// Not supported, and said so: filters, slices, "..", negative indexes, unions.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "stages/json/raw_json.h"

namespace sluice {

class JsonPath {
 public:
  // Code::kUsage: what is wrong, and where.
  static Result<JsonPath> Parse(std::string_view text);

  // The first value that the path leads to. nullopt: it leads nowhere.
  std::optional<JsonValue> Find(const JsonValue& root) const;
  // Every value that it leads to, in document order.
  std::vector<JsonValue> FindAll(const JsonValue& root) const;
  // The rest of the path for one element of the list that `names` lead to; empty: it leads to the
  // list or to all its elements. nullopt: it does not lead there, or to some of them.
  std::optional<JsonPath> Below(const std::vector<std::string>& names) const;
  // What stands before the first [*]: the way to the list; all of it where there is none.
  JsonPath ToList() const;
  bool empty() const { return steps_.empty(); }
  // Whether it can lead to more than one value.
  bool many() const;
  const std::string& text() const { return text_; }
  // The names and numbers on the way, without [*]: what a column is named after.
  std::vector<std::string> keys() const;

 private:
  struct Every {
    bool operator==(const Every&) const = default;
  };
  using Step = std::variant<std::string, std::size_t, Every>;
  bool Walk(const JsonValue& value, std::size_t depth,
            const std::function<bool(const JsonValue&)>& use) const;

  std::string text_;
  std::vector<Step> steps_;
};

}  // namespace sluice
