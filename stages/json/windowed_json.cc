#include "stages/json/windowed_json.h"

namespace sluice {
namespace {

Status UseChildren(const JsonValue& value, const WindowedJson::Use& use) {
  for (auto child = value.first(); child; child = child->next()) {
    if (auto used = use(*child); !used) return used;
  }
  return {};
}

}  // namespace

Result<WindowedJson> WindowedJson::Parse(BodyView text) {
  WindowedJson json;
  json.text_ = text;
  if (text.size() > kWholeBytesMax) {
    auto windows = ListWindows::Find(text);
    if (!windows) return Fail(windows.error());
    if (windows->path()) json.windows_ = std::move(*windows);
  }
  auto frame = json.windows_ ? RawJson::Parse(json.windows_->Frame()) : RawJson::Parse(text.text());
  if (!frame) return Fail(frame.error());
  json.frame_ = std::move(*frame);
  return json;
}

const std::vector<std::string>* WindowedJson::list_path() const {
  return windows_ ? &*windows_->path() : nullptr;
}

Status WindowedJson::ForEachInList(const Use& use) const {
  return windows_->ForEach(kWholeBytesMax, [&](std::string_view text) -> Status {
    const auto window = RawJson::Parse(text);
    if (!window) return Fail(window.error());
    return UseChildren(window->root(), use);
  });
}

std::size_t WindowedJson::root_size() const {
  return windows_ && windows_->path()->empty() ? windows_->size() : root().size();
}

Status WindowedJson::ForEachInRoot(const Use& use) const {
  return windows_ && windows_->path()->empty() ? ForEachInList(use) : UseChildren(root(), use);
}

Status WindowedJson::MakeWhole() {
  if (!windows_) return {};
  auto whole = RawJson::Parse(text_.text());
  if (!whole) return Fail(whole.error());
  frame_ = std::move(*whole);
  windows_.reset();
  return {};
}

}  // namespace sluice
