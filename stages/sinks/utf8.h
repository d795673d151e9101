// UTF-8, one code point at a time.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sluice {

struct CodePoint {
  char32_t value = 0;     // U+FFFD where the bytes are not UTF-8
  std::size_t bytes = 0;  // consumed; 0 only at the end of the text
};

// The first code point of `text`. A byte that begins no valid sequence is one U+FFFD of one byte.
CodePoint FirstCodePoint(std::string_view text);
// The last code point of `text`.
CodePoint LastCodePoint(std::string_view text);
void AppendUtf8(std::string& out, char32_t code_point);

// `text` where it has at most so many bytes, else its beginning, cut between characters, and "...".
std::string Shorten(std::string text, std::size_t bytes_max);

}  // namespace sluice
