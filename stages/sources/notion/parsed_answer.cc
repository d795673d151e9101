#include "stages/sources/notion/parsed_answer.h"

namespace sluice::notion {
namespace {

// A parsed window takes up to fourteen times its length.
constexpr std::size_t kWindowBytes = std::size_t{256} << 10;

Status UseAll(const Json& list, const std::function<Status(const Json&)>& use) {
  Status status;
  ForEach(list, [&](const Json& item) {
    if (status) status = use(item);
  });
  return status;
}

}  // namespace

Result<ParsedAnswer> ParsedAnswer::Parse(BodyView body) {
  ParsedAnswer answer;
  std::string frame;
  if (body.size() > kWindowBytes) {
    auto windows = ListWindows::Find(body);
    if (!windows) return Fail(windows.error());
    if (windows->path() == std::vector<std::string>{"results"}) {
      frame = windows->Frame();
      answer.long_list_ = std::move(*windows);
    }
  }
  auto parsed = JsonDocument::Parse(answer.long_list_ ? std::string_view(frame) : body.text());
  if (!parsed) return Fail(parsed.error());
  answer.frame_ = std::move(*parsed);
  return answer;
}

Status ParsedAnswer::ForEachResult(const std::function<Status(const Json&)>& use) const {
  if (!long_list_) {
    const auto results = GetArrayElement(root(), "results");
    return results ? UseAll(*results, use) : Status();
  }
  return long_list_->ForEach(kWindowBytes, [&](std::string_view text) -> Status {
    const auto window = JsonDocument::Parse(text);
    if (!window) return Fail(window.error());
    return UseAll(window->root(), use);
  });
}

}  // namespace sluice::notion
