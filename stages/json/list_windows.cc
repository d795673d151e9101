#include "stages/json/list_windows.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "stages/json/raw_json.h"

namespace sluice {
namespace {

// What has been scanned is given back in pieces of this size.
constexpr std::size_t kReleaseBytes = std::size_t{1} << 20;

// Where the string ends whose opening quote stands before `at`: at its closing quote, or at the end
// of the text.
std::size_t EndOfString(std::string_view text, std::size_t at) {
  while (at < text.size()) {
    const void* const quote = std::memchr(text.data() + at, '"', text.size() - at);
    if (quote == nullptr) return text.size();
    const auto found = static_cast<std::size_t>(static_cast<const char*>(quote) - text.data());
    std::size_t backslashes = 0;
    while (found > at + backslashes && text[found - backslashes - 1] == '\\') ++backslashes;
    if (backslashes % 2 == 0) return found;
    at = found + 1;
  }
  return text.size();
}

bool IsBlank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

struct Span {
  std::size_t begin = 0;
  std::size_t end = 0;
};

// An array or object that is open.
struct Level {
  bool array = false;
  bool shallow = false;  // only objects are around it, and few of them
  std::size_t begin = 0;
  std::size_t commas = 0;
  std::size_t first_comma = 0;
  Span name;  // of an object: its last string, which names what follows the colon
};

struct FoundList {
  std::size_t begin = 0;
  std::size_t first_end = 0;
  std::size_t end = 0;
  std::size_t size = 0;
  std::vector<Span> path;
};

class Scanner {
 public:
  explicit Scanner(BodyView text) : view_(text), text_(text.text()) {}

  // The longest list of those that can be taken out.
  Result<FoundList> Run() {
    std::size_t at = 0;
    for (; at < text_.size(); ++at) {
      if (at - released_ >= kReleaseBytes) Release(at);
      switch (text_[at]) {
        case '"':
          at = AddString(at);
          break;
        case '[':
        case '{':
          if (!Open(at)) {
            return Fail(Code::kInvalid, fmt::format("the body is nested more than {} deep",
                                                    ListWindows::kDepthMax));
          }
          break;
        case ',':
          AddComma(at);
          break;
        case ']':
        case '}':
          if (levels_.empty()) return Cut("it has a bracket too many", at);
          Close(at);
          break;
        default:
          break;
      }
    }
    Release(text_.size());
    if (!levels_.empty() || at > text_.size()) return Cut("it is cut", text_.size());
    return std::move(longest_);
  }

 private:
  tl::unexpected<Error> Cut(std::string_view how, std::size_t at) const {
    return Fail(Code::kTransient, fmt::format("the body is not valid JSON: {} (byte {} of {})", how,
                                              at, text_.size()));
  }
  void Release(std::size_t at) {
    view_.Release(released_, at);
    released_ = at;
  }
  std::size_t AddString(std::size_t at) {
    const std::size_t end = EndOfString(text_, at + 1);
    if (!levels_.empty() && levels_.back().shallow) levels_.back().name = {at, end + 1};
    return end == text_.size() ? end + 1 : end;  // beyond the text: it never ended
  }
  bool Open(std::size_t at) {
    if (levels_.size() >= static_cast<std::size_t>(ListWindows::kDepthMax)) return false;
    const bool reachable = levels_.empty() || (levels_.back().shallow && !levels_.back().array &&
                                               levels_.size() <= ListWindows::kListDepthMax);
    levels_.push_back({.array = text_[at] == '[', .shallow = reachable, .begin = at + 1});
    return true;
  }
  void AddComma(std::size_t at) {
    if (levels_.empty()) return;
    if (levels_.back().commas++ == 0) levels_.back().first_comma = at;
  }
  void Close(std::size_t at) {
    const Level level = levels_.back();
    levels_.pop_back();
    const bool longer = at - level.begin > longest_.end - longest_.begin;
    if (!level.array || !level.shallow || level.commas == 0 || !longer) return;
    longest_ = {
        .begin = level.begin, .first_end = level.first_comma, .end = at, .size = level.commas + 1};
    for (const Level& outer : levels_) longest_.path.push_back(outer.name);
  }

  const BodyView view_;
  const std::string_view text_;
  std::size_t released_ = 0;
  std::vector<Level> levels_;
  FoundList longest_;
};

}  // namespace

Result<ListWindows> ListWindows::Find(BodyView text) {
  auto found = Scanner(text).Run();
  if (!found) return Fail(found.error());
  ListWindows windows(text);
  if (found->size == 0) return windows;
  windows.path_.emplace();
  for (const Span& name : found->path) {
    const auto json = RawJson::Parse(text.text().substr(name.begin, name.end - name.begin));
    if (!json) return Fail(json.error());
    windows.path_->emplace_back(json->root().text());
  }
  windows.begin_ = found->begin;
  windows.first_end_ = found->first_end;
  windows.end_ = found->end;
  windows.size_ = found->size;
  return windows;
}

std::string ListWindows::Frame() const {
  const std::string_view text = text_.text();
  if (!path_) return std::string(text);
  std::string frame(text.substr(0, first_end_));
  frame += text.substr(end_);
  text_.Release(0, text.size());
  return frame;
}

Status ListWindows::ForEach(std::size_t window_bytes,
                            const std::function<Status(std::string_view text)>& use) const {
  const std::string_view text = text_.text();
  std::string window;
  std::size_t begin = begin_;
  int depth = 0;
  for (std::size_t at = begin_; at <= end_; ++at) {
    const char c = text[at];
    if (c == '"') {
      at = EndOfString(text, at + 1);
      continue;
    }
    if (c == '[' || c == '{') ++depth;
    const bool last = at == end_;
    if (!last && (c == ']' || c == '}')) --depth;
    const bool full = c == ',' && depth == 0 && at - begin >= window_bytes;
    if (!last && !full) continue;
    const std::string_view elements = text.substr(begin, at - begin);
    if (IsBlank(elements)) {
      return Fail(Code::kTransient,
                  fmt::format("the body is not valid JSON: a value is missing (byte {} of {})", at,
                              text.size()));
    }
    window.assign(1, '[').append(elements).push_back(']');
    text_.Release(begin, at);
    if (auto used = use(window); !used) return used;
    begin = at + 1;
  }
  return {};
}

}  // namespace sluice
