// A JSON text that may be long. Up to kWholeBytesMax it is parsed at once; of a longer one the
// longest list stays in the text, and its elements are parsed some at a time whenever they are
// read.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "stages/json/list_windows.h"
#include "stages/json/raw_json.h"

namespace sluice {

class WindowedJson {
 public:
  // Parsed, a text takes about five times its length.
  static constexpr std::size_t kWholeBytesMax = std::size_t{256} << 10;

  using Use = std::function<Status(const JsonValue&)>;

  // Borrows `text`. Errors as RawJson::Parse(); what is broken in the list of a long text shows
  // when that is read.
  static Result<WindowedJson> Parse(BodyView text);

  // All of it but the list that stays in the text: of that, the first element alone.
  JsonValue root() const { return frame_.root(); }
  // That list: names from the root to it. Null: all is in root().
  const std::vector<std::string>* list_path() const;

  // Elements of the list that stays in the text. REQUIRES: there is one.
  std::size_t list_size() const { return windows_->size(); }
  // Calls `use` with each of them, until it fails; what it is given lives as long as the call.
  Status ForEachInList(const Use& use) const;

  // The same for the children of the root, wherever they are.
  std::size_t root_size() const;
  Status ForEachInRoot(const Use& use) const;

  // Gives up the windows and parses all of it, whatever memory that takes.
  Status MakeWhole();

 private:
  BodyView text_;
  RawJson frame_;
  std::optional<ListWindows> windows_;
};

}  // namespace sluice
