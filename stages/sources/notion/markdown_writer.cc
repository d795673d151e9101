#include "stages/sources/notion/markdown_writer.h"

#include <utility>

namespace sluice::notion {
namespace {

std::string_view WithoutTrailingSpace(std::string_view line) {
  return line.substr(0, line.find_last_not_of(' ') + 1);
}

}  // namespace

void MarkdownWriter::BeginBlock(Gap gap) { gap_ = gap == Gap::kBlankLine && any_; }

void MarkdownWriter::Block(std::string_view text) {
  BeginBlock(Gap::kBlankLine);
  Lines(text);
}

void MarkdownWriter::Lines(std::string_view text) {
  for (;;) {
    const std::size_t end = text.find('\n');
    Line(text.substr(0, end));
    if (end == text.npos) return;
    text.remove_prefix(end + 1);
  }
}

void MarkdownWriter::Push(std::string first, std::string rest) {
  stack_.push_back({.first = std::move(first), .rest = std::move(rest)});
}

void MarkdownWriter::Pop() {
  if (!stack_.back().begun) Line("");
  stack_.pop_back();
}

// The blank line belongs to the containers that have begun; none may stand right after the marker
// of one that has not, or between two of them.
void MarkdownWriter::WriteGap() {
  if (!std::exchange(gap_, false)) return;
  std::string blank;
  for (const Container& container : stack_) {
    if (container.begun) blank += container.rest;
  }
  out_.Write(WithoutTrailingSpace(blank));
  out_.Write("\n");
}

void MarkdownWriter::Line(std::string_view line) {
  WriteGap();
  std::string prefix;
  for (Container& container : stack_) {
    prefix += std::exchange(container.begun, true) ? container.rest : container.first;
  }
  out_.Write(line.empty() ? WithoutTrailingSpace(prefix) : prefix);
  out_.Write(line);
  out_.Write("\n");
  any_ = true;
}

}  // namespace sluice::notion
