// JSON as the API wrote it. Nothing is converted: a number keeps its digits, however many, so that
// ids above 2^53 and decimals stay exact (beyond 1e308, where no double goes, a number is refused).
// Every byte is validated.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/base/result.h"

namespace sluice {

struct JsonContent;

// A value of a RawJson, which must outlive it. Cheap to copy.
class JsonValue {
 public:
  enum class Type : std::uint8_t { kNull, kBool, kNumber, kString, kArray, kObject };

  Type type() const;
  bool is_null() const { return type() == Type::kNull; }
  bool is_array() const { return type() == Type::kArray; }
  bool is_object() const { return type() == Type::kObject; }
  bool is_scalar() const { return !is_array() && !is_object(); }

  // Of a string: unescaped. Of a number, true, false: as written. Else empty.
  std::string_view text() const;
  // As JSON text: a string in quotes with its escapes, a container without insignificant blanks.
  std::string json() const;
  void AppendJson(std::string& out) const;

  // Of an object: the value of that key (the first one of that name). nullopt: there is none.
  std::optional<JsonValue> operator[](std::string_view key) const;
  // Of an array. nullopt: it is shorter.
  std::optional<JsonValue> at(std::size_t index) const;
  std::size_t size() const;  // members or elements; 0 of a scalar

  // The children in their order, of an array or an object; none of a scalar:
  //   for (auto child = value.first(); child; child = child->next()) ...
  std::optional<JsonValue> first() const;
  std::optional<JsonValue> next() const;
  // Of a member of an object: its key, unescaped. Else empty.
  std::string_view key() const;

 private:
  friend class RawJson;
  JsonValue(const JsonContent* content, std::uint32_t index) : content_(content), index_(index) {}
  const JsonContent* content_;
  std::uint32_t index_;
};

// A parsed document. Movable; values point into it and stay valid when it is moved.
class RawJson {
 public:
  // Deeper documents are refused.
  static constexpr int kDepthMax = 256;

  // Copies `text`; a BOM before it is skipped. Code::kTransient where it is cut or broken anywhere
  // (ask again); Code::kInvalid where it is nested too deeply.
  static Result<RawJson> Parse(std::string_view text);

  JsonValue root() const;

 private:
  std::shared_ptr<const JsonContent> content_;
};

// `text` as a JSON string, in quotes.
std::string JsonQuote(std::string_view text);

}  // namespace sluice
