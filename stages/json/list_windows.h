// Takes a long JSON text apart at its longest list, so that it can be read a few elements at a time
// instead of as a whole: parsed, JSON takes several times its length in memory.
//
// Only brackets, commas and strings are looked at here. The frame and every window are valid JSON
// texts exactly if the whole is, so whoever parses all of them has validated all of it.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/body.h"

namespace sluice {

class ListWindows {
 public:
  // Deeper texts are refused.
  static constexpr int kDepthMax = 256;
  // Lists that lie this many objects deep, or less, may be taken out: "data.items.nodes".
  static constexpr std::size_t kListDepthMax = 4;

  // Borrows `text`. Reads it once and lets go of what is behind. Code::kTransient: it is cut;
  // Code::kInvalid: it is nested too deeply.
  static Result<ListWindows> Find(BodyView text);

  // Names from the root to the list; empty: the root is the list. nullopt: there is none with two
  // elements or more; the frame is the whole text then.
  const std::optional<std::vector<std::string>>& path() const { return path_; }
  // Elements of the list.
  std::size_t size() const { return size_; }
  // The text with all elements of the list left out but the first.
  std::string Frame() const;

  // Calls `use` with one JSON array after the other, until it fails: the elements of the list in
  // their order, some `window_bytes` of them at a time, one at least. `text` is valid during the
  // call. Code::kTransient: the list is broken (two commas, say).
  Status ForEach(std::size_t window_bytes,
                 const std::function<Status(std::string_view text)>& use) const;

 private:
  explicit ListWindows(BodyView text) : text_(text) {}

  BodyView text_;
  std::optional<std::vector<std::string>> path_;
  std::size_t begin_ = 0;      // behind the list's opening bracket
  std::size_t first_end_ = 0;  // behind its first element
  std::size_t end_ = 0;        // at its closing bracket
  std::size_t size_ = 0;
};

}  // namespace sluice
