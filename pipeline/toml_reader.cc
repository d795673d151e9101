#include "pipeline/toml_reader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <sstream>

#include "pipeline/did_you_mean.h"
#include "pipeline/units.h"

namespace sluice {
namespace {

using Texts = std::vector<std::string>;

std::optional<Texts> TextsOf(const toml::node& node,
                             std::optional<std::string> (*read)(const toml::node&)) {
  const toml::array* array = node.as_array();
  if (!array) return std::nullopt;
  Texts texts;
  for (const toml::node& entry : *array) {
    auto text = read(entry);
    if (!text) return std::nullopt;
    texts.push_back(std::move(*text));
  }
  return texts;
}

std::optional<std::string> TextOf(const toml::node& node) {
  const auto* text = node.as_string();
  return text ? std::optional(text->get()) : std::nullopt;
}

}  // namespace

std::optional<std::string> ScalarText(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (node.is_table() || node.is_array()) return std::nullopt;
  std::ostringstream out;
  node.visit([&](const auto& value) { out << value; });
  return out.str();
}

std::optional<TableReader::Found> TableReader::Find(std::string_view name) {
  if (std::find(known_.begin(), known_.end(), name) == known_.end()) known_.emplace_back(name);
  for (const Layer& layer : layers_) {
    const auto found = layer.table->find(name);
    if (found == layer.table->end()) continue;
    return Found{.node = &found->second,
                 .line = found->first.source().begin.line,
                 .name = std::string(name),
                 .key = fmt::format("{}.{}", layer.path, name)};
  }
  return std::nullopt;
}

std::vector<TableReader::Found> TableReader::Rest() {
  std::vector<Found> rest;
  for (const Layer& layer : layers_) {
    for (const auto& [key, node] : *layer.table) {
      const std::string name(key.str());
      if (std::find(known_.begin(), known_.end(), name) != known_.end()) continue;
      rest.push_back({.node = &node,
                      .line = key.source().begin.line,
                      .name = name,
                      .key = fmt::format("{}.{}", layer.path, name)});
    }
  }
  return rest;
}

bool TableReader::Has(std::string_view name) { return Find(name).has_value(); }

template <class Read>
auto TableReader::Convert(std::string_view name, std::string_view allowed, Read read) {
  const auto found = Find(name);
  auto value = found ? read(*found->node) : std::nullopt;
  if (found && !value) MustBe(name, allowed);
  return value;
}

std::optional<std::string> TableReader::Text(std::string_view name) {
  return Convert(name, "a string", TextOf);
}

std::optional<std::string> TableReader::Path(std::string_view name) {
  return Convert(name, "a path into JSON, as \"data.items\" or \"$.items[*]\"",
                 [](const toml::node& node) -> std::optional<std::string> {
                   auto text = TextOf(node);
                   return text && !text->empty() ? text : std::nullopt;
                 });
}

std::optional<std::string> TableReader::Scalar(std::string_view name) {
  return Convert(name, "a string, a number, true, false or a date", ScalarText);
}

std::optional<bool> TableReader::Flag(std::string_view name) {
  return Convert(name, "true or false", [](const toml::node& node) -> std::optional<bool> {
    const auto* value = node.as_boolean();
    return value ? std::optional(value->get()) : std::nullopt;
  });
}

std::optional<std::int64_t> TableReader::Number(std::string_view name, std::int64_t min,
                                                std::int64_t max) {
  return Convert(name, fmt::format("a whole number from {} to {}", min, max),
                 [=](const toml::node& node) -> std::optional<std::int64_t> {
                   const auto* value = node.as_integer();
                   if (!value || value->get() < min || value->get() > max) return std::nullopt;
                   return value->get();
                 });
}

std::optional<Texts> TableReader::Texts(std::string_view name) {
  return Convert(name, "a list of strings",
                 [](const toml::node& node) { return TextsOf(node, TextOf); });
}

std::optional<Texts> TableReader::TextOrTexts(std::string_view name) {
  return Convert(name, "a string or a list of strings", [](const toml::node& node) {
    const auto text = TextOf(node);
    return text ? std::optional(sluice::Texts{*text}) : TextsOf(node, TextOf);
  });
}

std::optional<Texts> TableReader::Scalars(std::string_view name) {
  return Convert(name, "a list of strings or numbers",
                 [](const toml::node& node) { return TextsOf(node, ScalarText); });
}

std::optional<std::chrono::milliseconds> TableReader::Duration(std::string_view name) {
  return Convert(name, "a duration, as \"30s\", \"2d\" or \"PT5M\"",
                 [](const toml::node& node) { return ParseDuration(TextOf(node).value_or("")); });
}

std::optional<double> TableReader::Seconds(std::string_view name) {
  return Convert(name, "a number of seconds, not negative",
                 [](const toml::node& node) -> std::optional<double> {
                   constexpr double kYear = 365.0 * 86400;
                   const auto value = node.is_number() ? node.value<double>() : std::nullopt;
                   return value && *value >= 0 && *value <= kYear ? value : std::nullopt;
                 });
}

std::optional<std::int64_t> TableReader::ByteCount(std::string_view name) {
  return Convert(name, "a size, as \"50MB\", \"64MiB\" or a number of bytes",
                 [](const toml::node& node) -> std::optional<std::int64_t> {
                   if (const auto* bytes = node.as_integer()) {
                     return bytes->get() >= 0 ? std::optional(bytes->get()) : std::nullopt;
                   }
                   return ParseByteCount(TextOf(node).value_or(""));
                 });
}

std::optional<TableReader> TableReader::Table(std::string_view name) {
  const auto first = Find(name);
  if (!first) return std::nullopt;
  if (!first->node->is_table()) {
    MustBe(name, "a table");
    return std::nullopt;
  }
  std::vector<Layer> layers;
  for (const Layer& layer : layers_) {
    const auto* table = layer.table->get_as<toml::table>(name);
    if (table) layers.push_back({table, fmt::format("{}.{}", layer.path, name)});
  }
  return TableReader(std::move(layers), *problems_);
}

std::vector<TableReader> TableReader::Tables(std::string_view name) {
  std::vector<TableReader> tables;
  const auto found = Find(name);
  if (!found) return tables;
  const auto* array = found->node->as_array();
  if (!array || !std::all_of(array->begin(), array->end(),
                             [](const toml::node& entry) { return entry.is_table(); })) {
    MustBe(name, "a list of tables");
    return tables;
  }
  for (std::size_t i = 0; i < array->size(); ++i) {
    tables.emplace_back(
        std::vector<Layer>{{array->get_as<toml::table>(i), fmt::format("{}[{}]", found->key, i)}},
        *problems_);
  }
  return tables;
}

void TableReader::Complain(std::string_view name, std::string_view text) {
  const auto found = Find(name);
  if (found) return problems_->AtLine(found->line, fmt::format("{}: {}", found->key, text));
  problems_->AtLine(line(), fmt::format("{}.{}: {}", layers_.front().path, name, text));
}

void TableReader::MustBe(std::string_view name, std::string_view what) {
  Complain(name, fmt::format("must be {}", what));
}

void TableReader::MustBeOneOf(std::string_view name, const std::vector<std::string_view>& words,
                              std::string_view given) {
  MustBe(name,
         fmt::format("one of \"{}\"{}", fmt::join(words, "\", \""), DidYouMean(given, words)));
}

void TableReader::NotSupported(std::string_view name, std::string_view instead) {
  if (Has(name)) Complain(name, fmt::format("is not supported; {}", instead));
}

void TableReader::Require(std::string_view name, std::string_view why) {
  if (!Has(name)) Complain(name, fmt::format("is missing; {}", why));
}

void TableReader::RefuseRest() {
  const std::vector<std::string_view> names(known_.begin(), known_.end());
  for (const Found& found : Rest()) {
    problems_->AtLine(found.line,
                      fmt::format("{}: unknown key{}", found.key, DidYouMean(found.name, names)));
  }
}

std::uint32_t TableReader::line() const {
  return layers_.empty() ? 0 : layers_.front().table->source().begin.line;
}

}  // namespace sluice
