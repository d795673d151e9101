#include "stages/sources/rest/link_header.h"

#include <strings.h>

#include <algorithm>

namespace sluice::rest {
namespace {

bool SameName(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

bool IsBlank(char c) { return c == ' ' || c == '\t'; }

// One Link field, read from its beginning.
class Field {
 public:
  explicit Field(std::string_view text) : text_(text) {}

  // The target of the next link that has the relation.
  std::optional<std::string> Find(std::string_view rel) {
    while (SkipTo('<')) {
      const std::size_t close = text_.find('>');
      if (close == std::string_view::npos) return std::nullopt;
      const std::string_view target = text_.substr(0, close);
      text_.remove_prefix(close + 1);
      if (ParametersHave(rel)) return std::string(target);
    }
    return std::nullopt;
  }

 private:
  bool SkipTo(char wanted) {
    const std::size_t at = text_.find(wanted);
    text_.remove_prefix(at == std::string_view::npos ? text_.size() : at + 1);
    return at != std::string_view::npos;
  }
  void SkipBlanks() {
    while (!text_.empty() && IsBlank(text_.front())) text_.remove_prefix(1);
  }

  // Reads `; name=value` until the comma that ends the link. Only its first rel counts
  // (section 3.3).
  bool ParametersHave(std::string_view rel) {
    std::optional<bool> has;
    while (true) {
      SkipBlanks();
      if (text_.empty()) break;
      const char c = text_.front();
      text_.remove_prefix(1);
      if (c == ',') break;
      if (c != ';') continue;
      SkipBlanks();
      const std::string_view name = TakeToken("=;,");
      std::string value;
      if (text_.starts_with('=')) {
        text_.remove_prefix(1);
        value = TakeValue();
      }
      if (!has && SameName(name, "rel")) has = Lists(value, rel);
    }
    return has.value_or(false);
  }

  std::string_view TakeToken(std::string_view ends) {
    const std::size_t end = std::min(text_.find_first_of(ends), text_.size());
    std::string_view token = text_.substr(0, end);
    text_.remove_prefix(end);
    while (!token.empty() && IsBlank(token.back())) token.remove_suffix(1);
    return token;
  }

  std::string TakeValue() {
    SkipBlanks();
    if (!text_.starts_with('"')) return std::string(TakeToken(";,"));
    std::string value;
    std::size_t i = 1;
    for (; i < text_.size() && text_[i] != '"'; ++i) {
      if (text_[i] == '\\' && i + 1 < text_.size()) ++i;
      value += text_[i];
    }
    text_.remove_prefix(std::min(i + 1, text_.size()));
    return value;
  }

  // Several relations stand in one value, with blanks between them.
  static bool Lists(std::string_view value, std::string_view rel) {
    while (!value.empty()) {
      const std::size_t end = std::min(value.find_first_of(" \t"), value.size());
      if (SameName(value.substr(0, end), rel)) return true;
      value.remove_prefix(std::min(end + 1, value.size()));
    }
    return false;
  }

  std::string_view text_;
};

}  // namespace

std::optional<std::string> FindLink(std::span<const HttpHeader> headers, std::string_view rel) {
  for (const HttpHeader& header : headers) {
    if (!SameName(header.name, "Link")) continue;
    if (auto target = Field(header.value).Find(rel)) return target;
  }
  return std::nullopt;
}

}  // namespace sluice::rest
