#include "stages/json/raw_json.h"

#include <fmt/format.h>
#include <rapidjson/error/en.h>
#include <rapidjson/reader.h>

#include <utility>

namespace sluice {
namespace {

constexpr std::uint32_t kNone = 0xffffffff;

// Iterative: what a server sends must not decide how deep our stack grows. Numbers stay text.
constexpr unsigned kParseFlags = rapidjson::kParseInsituFlag | rapidjson::kParseIterativeFlag |
                                 rapidjson::kParseNumbersAsStringsFlag |
                                 rapidjson::kParseValidateEncodingFlag;

// One value. Children are linked, so that a page of records is one flat vector.
struct Node {
  JsonValue::Type type = JsonValue::Type::kNull;
  std::string_view text;  // see JsonValue::text
  std::string_view key;
  std::uint32_t first = kNone;
  std::uint32_t next = kNone;
  std::uint32_t size = 0;
};

void AppendQuoted(std::string& out, std::string_view text) {
  out += '"';
  std::size_t plain = 0;  // where the part begins that needs no escape
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out.append(text, plain, i - plain);
    plain = i + 1;
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        out += fmt::format("\\u{:04x}", c);
    }
  }
  out.append(text, plain, text.size() - plain);
  out += '"';
}

}  // namespace

struct JsonContent {
  std::string text;  // parsed in place; strings and numbers point into it
  std::vector<Node> nodes;
};

namespace {

// Takes RapidJSON's events and makes nodes of them.
class Builder : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, Builder> {
 public:
  explicit Builder(std::vector<Node>& nodes) : nodes_(nodes) {}

  bool Null() { return Add(JsonValue::Type::kNull, {}); }
  bool Bool(bool value) { return Add(JsonValue::Type::kBool, value ? "true" : "false"); }
  bool RawNumber(const char* text, rapidjson::SizeType size, bool /*copy*/) {
    return Add(JsonValue::Type::kNumber, {text, size});
  }
  bool String(const char* text, rapidjson::SizeType size, bool /*copy*/) {
    return Add(JsonValue::Type::kString, {text, size});
  }
  bool Key(const char* text, rapidjson::SizeType size, bool /*copy*/) {
    key_ = {text, size};
    return true;
  }
  bool StartObject() { return Open(JsonValue::Type::kObject); }
  bool EndObject(rapidjson::SizeType /*count*/) { return Close(); }
  bool StartArray() { return Open(JsonValue::Type::kArray); }
  bool EndArray(rapidjson::SizeType /*count*/) { return Close(); }

  bool too_deep() const { return too_deep_; }

 private:
  struct Level {
    std::uint32_t node;
    std::uint32_t last_child = kNone;
  };

  bool Add(JsonValue::Type type, std::string_view text) {
    const auto index = static_cast<std::uint32_t>(nodes_.size());
    nodes_.push_back({.type = type, .text = text, .key = std::exchange(key_, {})});
    if (open_.empty()) return true;
    Level& level = open_.back();
    (level.last_child == kNone ? nodes_[level.node].first : nodes_[level.last_child].next) = index;
    ++nodes_[level.node].size;
    level.last_child = index;
    return true;
  }

  bool Open(JsonValue::Type type) {
    too_deep_ = open_.size() >= RawJson::kDepthMax;
    if (too_deep_) return false;
    Add(type, {});
    open_.push_back({.node = static_cast<std::uint32_t>(nodes_.size() - 1)});
    return true;
  }

  bool Close() {
    open_.pop_back();
    return true;
  }

  std::vector<Node>& nodes_;
  std::vector<Level> open_;
  std::string_view key_;
  bool too_deep_ = false;
};

}  // namespace

Result<RawJson> RawJson::Parse(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  auto content = std::make_shared<JsonContent>();
  content->text = text;
  content->nodes.reserve(text.size() / 16 + 8);
  Builder builder(content->nodes);
  rapidjson::InsituStringStream stream(content->text.data());
  rapidjson::Reader reader;
  const rapidjson::ParseResult result = reader.Parse<kParseFlags>(stream, builder);
  if (builder.too_deep()) {
    return Fail(Code::kInvalid, fmt::format("the body is nested more than {} deep", kDepthMax));
  }
  if (result.IsError()) {
    return Fail(Code::kTransient, fmt::format("the body is not valid JSON: {} (byte {} of {})",
                                              rapidjson::GetParseError_En(result.Code()),
                                              result.Offset(), text.size()));
  }
  // What stands behind a NUL byte has not been looked at.
  if (text.find('\0') != text.npos) {
    return Fail(Code::kTransient, "the body is not valid JSON: it holds a NUL byte");
  }
  RawJson json;
  json.content_ = std::move(content);
  return json;
}

JsonValue RawJson::root() const { return JsonValue(content_.get(), 0); }

namespace {

const Node& NodeOf(const JsonContent* content, std::uint32_t index) {
  return content->nodes[index];
}

}  // namespace

JsonValue::Type JsonValue::type() const { return NodeOf(content_, index_).type; }
std::string_view JsonValue::text() const { return NodeOf(content_, index_).text; }
std::string_view JsonValue::key() const { return NodeOf(content_, index_).key; }
std::size_t JsonValue::size() const { return NodeOf(content_, index_).size; }

std::optional<JsonValue> JsonValue::first() const {
  const Node& node = NodeOf(content_, index_);
  return node.first == kNone ? std::nullopt : std::optional(JsonValue(content_, node.first));
}

std::optional<JsonValue> JsonValue::next() const {
  const Node& node = NodeOf(content_, index_);
  return node.next == kNone ? std::nullopt : std::optional(JsonValue(content_, node.next));
}

std::optional<JsonValue> JsonValue::operator[](std::string_view key) const {
  if (!is_object()) return std::nullopt;
  for (auto child = first(); child; child = child->next()) {
    if (child->key() == key) return child;
  }
  return std::nullopt;
}

std::optional<JsonValue> JsonValue::at(std::size_t index) const {
  if (!is_array() || index >= size()) return std::nullopt;
  auto child = first();
  for (std::size_t i = 0; i < index; ++i) child = child->next();
  return child;
}

std::string JsonValue::json() const {
  std::string out;
  AppendJson(out);
  return out;
}

void JsonValue::AppendJson(std::string& out) const {
  switch (type()) {
    case Type::kNull:
      out += "null";
      return;
    case Type::kBool:
    case Type::kNumber:
      out += text();
      return;
    case Type::kString:
      AppendQuoted(out, text());
      return;
    case Type::kArray:
    case Type::kObject:
      break;
  }
  const bool object = is_object();
  out += object ? '{' : '[';
  for (auto child = first(); child; child = child->next()) {
    if (object) {
      AppendQuoted(out, child->key());
      out += ':';
    }
    child->AppendJson(out);
    if (child->next()) out += ',';
  }
  out += object ? '}' : ']';
}

std::string JsonQuote(std::string_view text) {
  std::string out;
  AppendQuoted(out, text);
  return out;
}

}  // namespace sluice
