// How a secret is found in text: see SecretSet.
#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <utility>

#include "stages/http/base64.h"
#include "stages/http/secrets.h"

namespace sluice {
namespace {

constexpr std::string_view kMark = "[secret]";
// A server that encodes what was encoded rarely does so more often.
constexpr int kTimesEncodedMax = 3;
constexpr std::size_t kBackslashesMax = 8;  // of one, after so many times

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) { return Lower(c); });
  return lower;
}

// The alphabet for URLs as the usual one.
char Standard(char c) { return c == '-' ? '+' : c == '_' ? '/' : c; }

bool IsBase64(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("+/-_=").find(c) != std::string_view::npos;
}

// "2d" -> 45; so many digits at the beginning of `text`.
std::optional<std::uint32_t> Hex(std::string_view text, std::size_t digits) {
  if (text.size() < digits) return std::nullopt;
  std::uint32_t value = 0;
  for (const char c : text.substr(0, digits)) {
    const char lower = Lower(c);
    if (lower >= '0' && lower <= '9') {
      value = value * 16 + static_cast<std::uint32_t>(lower - '0');
    } else if (lower >= 'a' && lower <= 'f') {
      value = value * 16 + static_cast<std::uint32_t>(lower - 'a') + 10;
    } else {
      return std::nullopt;
    }
  }
  return value;
}

// One byte that stands in a text as `bytes` bytes.
struct Escaped {
  char value;
  std::size_t bytes;
};

// %2D, %252D, ...
std::optional<Escaped> FromPercent(std::string_view text) {
  std::size_t begin = 1;
  for (int i = 1; i < kTimesEncodedMax; ++i) {
    if (text.substr(begin, 2) == "25" && Hex(text.substr(begin + 2), 2)) begin += 2;
  }
  const auto value = Hex(text.substr(begin), 2);
  if (!value) return std::nullopt;
  return Escaped{static_cast<char>(*value), begin + 2};
}

// \u002d, \/, \", also where the backslashes were escaped themselves.
std::optional<Escaped> FromBackslash(std::string_view text) {
  const std::size_t begin = text.substr(0, kBackslashesMax + 1).find_first_not_of('\\');
  if (begin == std::string_view::npos) return std::nullopt;
  const char c = text[begin];
  if (c == 'u') {
    const auto value = Hex(text.substr(begin + 1), 4);
    if (value && *value < 0x80) return Escaped{static_cast<char>(*value), begin + 5};
  }
  if (c == 'x') {
    if (const auto value = Hex(text.substr(begin + 1), 2)) {
      return Escaped{static_cast<char>(*value), begin + 3};
    }
  }
  if (c == '/' || c == '"' || c == '\'') return Escaped{c, begin + 1};
  return std::nullopt;
}

// &amp; &#45; &#x2d;
std::optional<Escaped> FromEntity(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, char>, 5> kNamed = {
      {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}}};
  for (const auto& [name, value] : kNamed) {
    if (text.starts_with(name)) return Escaped{value, name.size()};
  }
  const std::size_t end = text.substr(0, 10).find(';');
  if (!text.starts_with("&#") || end == std::string_view::npos) return std::nullopt;
  std::string_view digits = text.substr(2, end - 2);
  if (digits.starts_with('x') || digits.starts_with('X')) {
    const auto value = Hex(digits.substr(1), digits.size() - 1);
    if (digits.size() < 2 || !value || *value >= 0x80) return std::nullopt;
    return Escaped{static_cast<char>(*value), end + 1};
  }
  unsigned value = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<unsigned>(c - '0');
  }
  if (digits.empty() || value >= 0x80) return std::nullopt;
  return Escaped{static_cast<char>(value), end + 1};
}

bool MayEscape(char c) { return c == '%' || c == '\\' || c == '&' || c == '+'; }

std::optional<Escaped> Unescape(std::string_view text) {
  switch (text.front()) {
    case '%':
      return FromPercent(text);
    case '\\':
      return FromBackslash(text);
    case '&':
      return FromEntity(text);
    case '+':
      return Escaped{' ', 1};
    default:
      return std::nullopt;
  }
}

// The places behind `c`, where it stands at `place` in any form. `fold` is what characters of the
// text are compared as.
void AddPlacesBehind(char c, std::string_view text, std::size_t place, char (*fold)(char),
                     std::vector<std::size_t>& places) {
  if (place == text.size()) return;
  if (fold(text[place]) == c) places.push_back(place + 1);
  if (c == '\\') {  // a backslash of the value may be two or four of the text
    for (std::size_t count = 2; count <= kBackslashesMax; count *= 2) {
      const std::string_view run = text.substr(place, count);
      if (run.size() < count || run.find_first_not_of('\\') != run.npos) break;
      places.push_back(place + count);
    }
  }
  const auto escaped = Unescape(text.substr(place));
  if (escaped && fold(escaped->value) == c) places.push_back(place + escaped->bytes);
}

// Where `value` ends that begins at `begin`, in whatever form each of its characters stands;
// nullopt: another text stands there. All ways to read the text are followed side by side.
std::optional<std::size_t> EndOf(std::string_view value, std::string_view text, std::size_t begin,
                                 char (*fold)(char)) {
  std::vector<std::size_t> places = {begin};
  std::vector<std::size_t> next;
  for (const char c : value) {
    next.clear();
    for (const std::size_t place : places) AddPlacesBehind(c, text, place, fold, next);
    if (next.empty()) return std::nullopt;
    std::sort(next.begin(), next.end());
    next.erase(std::unique(next.begin(), next.end()), next.end());
    places.swap(next);
  }
  return places.back();
}

// What every base64 text that holds `value` holds: its characters depend on how many bytes stand
// before it, and the outermost ones on its neighbours.
std::vector<std::string> Base64Forms(std::string_view value) {
  std::vector<std::string> forms;
  for (const std::size_t before : {0u, 1u, 2u}) {
    const std::string text = Base64(std::string(before, '\0') + std::string(value));
    const std::size_t begin = (before * 8 + 5) / 6;
    const std::size_t end = (before + value.size()) * 8 / 6;
    forms.push_back(text.substr(begin, end - begin));
  }
  return forms;
}

// The character that a base64 form shares with what follows, and the padding.
std::size_t EndOfBase64(std::string_view text, std::size_t end) {
  if (end < text.size() && IsBase64(text[end])) ++end;
  while (end < text.size() && text[end] == '=') ++end;
  return end;
}

std::string Decode(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size();) {
    const auto escaped = text[i] == '%' || text[i] == '+' ? Unescape(text.substr(i)) : std::nullopt;
    decoded += escaped ? escaped->value : text[i];
    i += escaped ? escaped->bytes : 1;
  }
  return decoded;
}

// Those that one of the values may begin with in a text.
std::bitset<256> FirstCharacters(const std::vector<std::string>& plain,
                                 const std::vector<std::string>& base64) {
  std::bitset<256> first;
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    const auto begins_with = [&](char folded) {
      return [folded](const std::string& value) { return value.front() == folded; };
    };
    first[static_cast<std::size_t>(byte)] =
        MayEscape(c) || std::any_of(plain.begin(), plain.end(), begins_with(Lower(c))) ||
        std::any_of(base64.begin(), base64.end(), begins_with(Standard(c)));
  }
  return first;
}

void AddOnce(std::vector<std::string>& list, std::string text) {
  if (std::find(list.begin(), list.end(), text) == list.end()) list.push_back(std::move(text));
}

bool Contains(const std::vector<std::string>& list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

}  // namespace

SecretSet& KnownSecrets() {
  static SecretSet secrets;
  return secrets;
}

SecretSet::SecretSet() : known_(std::make_shared<const Known>()) {}

std::shared_ptr<const SecretSet::Known> SecretSet::known() const {
  return known_.With([](const auto& known) { return known; });
}

void SecretSet::Add(std::string_view value) {
  if (value.empty()) return;
  known_.With([&](std::shared_ptr<const Known>& known) {
    if (Contains(known->values, value)) return;
    Known more = *known;
    more.values.emplace_back(value);
    if (value.size() >= kHiddenBytesMin) {
      AddOnce(more.plain, Lower(value));
      for (std::string& form : Base64Forms(value)) AddOnce(more.base64, std::move(form));
      more.first = FirstCharacters(more.plain, more.base64);
    }
    known = std::make_shared<const Known>(std::move(more));
  });
}

void SecretSet::AddParameter(std::string_view name) {
  known_.With([&](std::shared_ptr<const Known>& known) {
    Known more = *known;
    AddOnce(more.parameters, Lower(name));
    known = std::make_shared<const Known>(std::move(more));
  });
}

bool SecretSet::Has(std::string_view value) const { return Contains(known()->values, value); }

bool SecretSet::HasParameter(std::string_view name) const {
  return Contains(known()->parameters, Lower(name));
}

bool SecretSet::IsIn(std::string_view text) const {
  const auto known = this->known();
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (EndOfSecret(*known, text, i) > i) return true;
  }
  return false;
}

std::string SecretSet::Redact(std::string text) const {
  const auto known = this->known();
  if (known->plain.empty()) return text;
  std::string clean;
  std::size_t hidden_to = 0;  // where two overlap, both are hidden
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i >= hidden_to && std::string_view(text).substr(i).starts_with(kMark)) {
      clean += kMark;
      hidden_to = i + kMark.size();
      i = hidden_to - 1;
      continue;
    }
    const std::size_t end = EndOfSecret(*known, text, i);
    if (end > i && i >= hidden_to) clean += kMark;
    hidden_to = std::max(hidden_to, end);
    if (i >= hidden_to) clean += text[i];
  }
  return clean;
}

std::string SecretSet::WithoutSecrets(std::string_view query) const {
  const auto known = this->known();
  std::string clean;
  for (std::size_t begin = 0; begin < query.size();) {
    const std::size_t end = std::min(query.find('&', begin), query.size());
    const std::string_view parameter = query.substr(begin, end - begin);
    if (!IsSecretParameter(*known, parameter) && !IsIn(parameter)) {
      if (!clean.empty()) clean += '&';
      clean += parameter;
    }
    begin = end + 1;
  }
  return clean;
}

// Some servers take ';' for '&'.
bool SecretSet::IsSecretParameter(const Known& known, std::string_view parameter) {
  for (std::size_t begin = 0; begin < parameter.size();) {
    const std::size_t end = std::min(parameter.find(';', begin), parameter.size());
    std::string text(parameter.substr(begin, end - begin));
    for (int i = 0; i < kTimesEncodedMax; ++i) {
      const std::size_t equals = std::min(text.find('='), text.size());
      if (Contains(known.parameters, Lower(text.substr(0, equals)))) return true;
      text = Decode(text);
    }
    begin = end + 1;
  }
  return false;
}

std::size_t SecretSet::EndOfSecret(const Known& known, std::string_view text, std::size_t begin) {
  const char c = text[begin];
  // Nearly every place is settled by its first character.
  if (!known.first[static_cast<unsigned char>(c)]) return begin;
  const auto escaped = MayEscape(c) ? Unescape(text.substr(begin)) : std::nullopt;
  const auto begins = [&](const std::string& value, char (*fold)(char)) {
    return fold(c) == value.front() || (escaped && fold(escaped->value) == value.front());
  };
  std::size_t end = begin;
  for (const std::string& value : known.plain) {
    if (!begins(value, &Lower)) continue;
    end = std::max(end, EndOf(value, text, begin, &Lower).value_or(begin));
  }
  for (const std::string& form : known.base64) {
    if (!begins(form, &Standard)) continue;
    const auto found = EndOf(form, text, begin, &Standard);
    if (found) end = std::max(end, EndOfBase64(text, *found));
  }
  return end;
}

}  // namespace sluice
