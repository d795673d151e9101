#include "stages/sources/rest/template_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "stages/sources/rest/url.h"

namespace sluice::rest {

Result<TemplateText> TemplateText::Parse(std::string_view text) {
  TemplateText parsed;
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c != '{' && c != '}') {
      plain += c;
    } else if (text.substr(i + 1).starts_with(c)) {
      plain += c;
      ++i;
    } else if (c == '}') {
      return Fail(
          Code::kUsage,
          fmt::format("'{}': a '}}' without '{{' (a brace itself is written '}}}}')", text));
    } else {
      const std::size_t end = text.find('}', i);
      if (end == std::string_view::npos || end == i + 1) {
        return Fail(Code::kUsage,
                    fmt::format("'{}': a '{{' without a name and '}}' behind it (a brace itself is "
                                "written '{{{{')",
                                text));
      }
      parsed.names_.emplace_back(text.substr(i + 1, end - i - 1));
      parsed.between_.push_back(std::move(plain));
      plain.clear();
      i = end;
    }
  }
  parsed.between_.push_back(std::move(plain));
  return parsed;
}

std::optional<std::string> TemplateText::Fill(const Lookup& lookup, Encoding encoding) const {
  std::string text = between_.front();
  for (std::size_t i = 0; i < names_.size(); ++i) {
    const auto value = lookup(names_[i]);
    if (!value) return std::nullopt;
    text += encoding == Encoding::kUrl ? PercentEncode(*value) : *value;
    text += between_[i + 1];
  }
  return text;
}

std::optional<TemplateText> HeaderTemplate(std::string_view text) {
  auto parsed = TemplateText::Parse(text);
  if (!parsed || parsed->constant()) return std::nullopt;
  const auto is_ours = [](const std::string& name) {
    return AsParentField(name) || name.starts_with("partition.") ||
           name.starts_with("incremental.");
  };
  const auto& names = parsed->names();
  if (!std::all_of(names.begin(), names.end(), is_ours)) return std::nullopt;
  return std::move(*parsed);
}

std::optional<ParentField> AsParentField(std::string_view name) {
  constexpr std::string_view kPrefix = "resources.";
  if (!name.starts_with(kPrefix)) return std::nullopt;
  name.remove_prefix(kPrefix.size());
  const std::size_t dot = name.find('.');
  if (dot == 0 || dot == std::string_view::npos || dot + 1 == name.size()) return std::nullopt;
  return ParentField{.parent = std::string(name.substr(0, dot)),
                     .field = std::string(name.substr(dot + 1))};
}

}  // namespace sluice::rest
