// A MarkdownWriter puts blocks into their containers while it streams: every line gets the
// prefixes of the quotes and list items around it, and blank lines stand where CommonMark needs
// them. It holds the open prefixes and nothing else.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "stages/sources/source.h"

namespace sluice::notion {

// Not thread-safe. Borrows `out`, which must outlive it.
class MarkdownWriter {
 public:
  explicit MarkdownWriter(TextSink& out) : out_(out) {}

  // What stands between the last block and the next.
  enum class Gap { kBlankLine, kNone };

  // Begins a block. Nothing is written until its first line is.
  void BeginBlock(Gap gap);
  // Writes each line of `text` with the prefixes of the open containers.
  void Lines(std::string_view text);
  // BeginBlock() after a blank line, then Lines().
  void Block(std::string_view text);

  // Opens a container: `first` stands before its first line ("- "), `rest` before every other.
  void Push(std::string first, std::string rest);
  // Closes the innermost container. One without any line still writes its `first`.
  void Pop();
  // Whether the next line is the first of a container.
  bool AtContainerStart() const { return !stack_.empty() && !stack_.back().begun; }

 private:
  struct Container {
    std::string first;
    std::string rest;
    bool begun = false;
  };
  void Line(std::string_view line);
  void WriteGap();

  TextSink& out_;
  std::vector<Container> stack_;
  bool any_ = false;  // a line has been written
  bool gap_ = false;  // a blank line is due before the next line
};

}  // namespace sluice::notion
