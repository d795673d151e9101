#include "stages/sinks/utf8.h"

namespace sluice {
namespace {

constexpr CodePoint kBroken = {.value = 0xFFFD, .bytes = 1};

std::size_t SequenceBytes(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead < 0xE0) return 2;
  if (lead >= 0xE0 && lead < 0xF0) return 3;
  if (lead >= 0xF0 && lead < 0xF5) return 4;
  return 0;
}

bool IsShortest(char32_t value, std::size_t bytes) {
  return bytes == 1 || (bytes == 2 && value >= 0x80) || (bytes == 3 && value >= 0x800) ||
         (bytes == 4 && value >= 0x10000);
}

}  // namespace

CodePoint FirstCodePoint(std::string_view text) {
  if (text.empty()) return {};
  const auto lead = static_cast<unsigned char>(text[0]);
  const std::size_t bytes = SequenceBytes(lead);
  if (bytes == 0 || bytes > text.size()) return kBroken;
  char32_t value = bytes == 1 ? lead : lead & (0xFFu >> (bytes + 1));
  for (std::size_t i = 1; i < bytes; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xC0) != 0x80) return kBroken;
    value = (value << 6) | (next & 0x3F);
  }
  const bool surrogate = value >= 0xD800 && value < 0xE000;
  if (!IsShortest(value, bytes) || surrogate || value > 0x10FFFF) return kBroken;
  return {.value = value, .bytes = bytes};
}

CodePoint LastCodePoint(std::string_view text) {
  for (std::size_t bytes = 1; bytes <= 4 && bytes <= text.size(); ++bytes) {
    const CodePoint last = FirstCodePoint(text.substr(text.size() - bytes));
    if (last.bytes == bytes && (last.value != 0xFFFD || bytes == 3)) return last;
  }
  return text.empty() ? CodePoint{} : kBroken;
}

void AppendUtf8(std::string& out, char32_t c) {
  const auto add = [&out](char32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (c < 0x80) {
    add(c);
  } else if (c < 0x800) {
    add(0xC0 | (c >> 6));
    add(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    add(0xE0 | (c >> 12));
    add(0x80 | ((c >> 6) & 0x3F));
    add(0x80 | (c & 0x3F));
  } else {
    add(0xF0 | (c >> 18));
    add(0x80 | ((c >> 12) & 0x3F));
    add(0x80 | ((c >> 6) & 0x3F));
    add(0x80 | (c & 0x3F));
  }
}

std::string Shorten(std::string text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  std::size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "...";
}

}  // namespace sluice
