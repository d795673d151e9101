// Writes JSON text straight into a string. A generated list of 100 blocks is some 70 kB, which a
// document tree would take ten times as long to build.
//
// Not thread-safe. Borrows the string. The caller pairs Begin and End.
#pragma once

#include <charconv>
#include <string>
#include <string_view>

namespace sluice::sim {

class JsonOut {
 public:
  explicit JsonOut(std::string& out) : out_(out) {}

  JsonOut& BeginObject() { return Open('{'); }
  JsonOut& EndObject() { return Close('}'); }
  JsonOut& BeginArray() { return Open('['); }
  JsonOut& EndArray() { return Close(']'); }
  JsonOut& Key(std::string_view key) {
    String(key);
    out_ += ':';
    comma_ = false;
    return *this;
  }
  JsonOut& String(std::string_view text);
  JsonOut& Int(long long value) { return Raw(std::to_string(value)); }
  JsonOut& Bool(bool value) { return Raw(value ? "true" : "false"); }
  JsonOut& Null() { return Raw("null"); }
  // `json` is one JSON value, or several with their commas.
  JsonOut& Raw(std::string_view json) {
    Separate();
    out_ += json;
    comma_ = true;
    return *this;
  }

  JsonOut& Field(std::string_view key, std::string_view value) { return Key(key).String(value); }
  JsonOut& Field(std::string_view key, const char* value) { return Key(key).String(value); }
  JsonOut& Field(std::string_view key, bool value) { return Key(key).Bool(value); }
  JsonOut& Field(std::string_view key, long long value) { return Key(key).Int(value); }
  JsonOut& RawField(std::string_view key, std::string_view json) { return Key(key).Raw(json); }

 private:
  void Separate() {
    if (comma_) out_ += ',';
  }
  JsonOut& Open(char bracket) {
    Separate();
    out_ += bracket;
    comma_ = false;
    return *this;
  }
  JsonOut& Close(char bracket) {
    out_ += bracket;
    comma_ = true;
    return *this;
  }

  std::string& out_;
  bool comma_ = false;
};

inline JsonOut& JsonOut::String(std::string_view text) {
  Separate();
  out_ += '"';
  std::size_t start = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out_.append(text, start, i - start);
    start = i + 1;
    constexpr std::string_view kHex = "0123456789abcdef";
    if (c == '"' || c == '\\') {
      out_ += '\\';
      out_ += static_cast<char>(c);
    } else if (c == '\n') {
      out_ += "\\n";
    } else {
      out_ += "\\u00";
      out_ += kHex[c >> 4];
      out_ += kHex[c & 15];
    }
  }
  out_.append(text, start, text.size() - start);
  out_ += '"';
  comma_ = true;
  return *this;
}

}  // namespace sluice::sim
