// The kinds of keys that a job has: whole numbers, switches, durations, sizes, texts and lists. How
// each is read from a layer and shown again; job_keys.cc makes the table of them.
#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "pipeline/job_keys.h"
#include "pipeline/units.h"

namespace sluice {

inline std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

inline std::optional<std::string> AsString(const RawValue& raw) {
  const auto* text = std::get_if<std::string>(&raw.value);
  return text ? std::optional(*text) : std::nullopt;
}

inline std::optional<std::int64_t> AsInteger(const RawValue& raw) {
  if (const auto* number = std::get_if<std::int64_t>(&raw.value)) return *number;
  const auto text = raw.from == RawValue::From::kText ? AsString(raw) : std::nullopt;
  return text ? ParseCount(*text) : std::nullopt;
}

inline std::optional<bool> AsBool(const RawValue& raw) {
  if (const auto* value = std::get_if<bool>(&raw.value)) return *value;
  const auto text = raw.from == RawValue::From::kText ? AsString(raw) : std::nullopt;
  if (text == "true") return true;
  if (text == "false") return false;
  return std::nullopt;
}

inline std::optional<StringList> AsList(const RawValue& raw) {
  if (const auto* list = std::get_if<StringList>(&raw.value)) return *list;
  const auto text = raw.from == RawValue::From::kText ? AsString(raw) : std::nullopt;
  if (!text) return std::nullopt;
  StringList list;
  for (std::size_t begin = 0; begin < text->size();) {
    const auto end = std::min(text->find(',', begin), text->size());
    list.push_back(text->substr(begin, end - begin));
    begin = end + 1;
  }
  return list;
}

// clang-tidy 14 does not see the moves out of `name` and `allowed`, which stand in templates.
// NOLINTBEGIN(performance-unnecessary-value-param)

// `field` is a generic lambda that names the field of a Job, const or not.
template <class Field>
JobKey IntegerKey(std::string name, std::int64_t min, std::int64_t max, Field field) {
  using Number = std::remove_reference_t<decltype(field(std::declval<Job&>()))>;
  return {.name = std::move(name),
          .allowed = fmt::format("a whole number from {} to {}", min, max),
          .set =
              [=](Job& job, const RawValue& raw) {
                const auto number = AsInteger(raw);
                if (!number || *number < min || *number > max) return false;
                field(job) = Number(*number);
                return true;
              },
          .show =
              [=](const Job& job) {
                if constexpr (std::is_same_v<Number, std::optional<int>>) {
                  return field(job) ? std::to_string(*field(job)) : "the source's own";
                } else {
                  return std::to_string(field(job));
                }
              }};
}

template <class Field>
JobKey BoolKey(std::string name, Field field) {
  return {.name = std::move(name),
          .allowed = "true or false",
          .set =
              [=](Job& job, const RawValue& raw) {
                const auto value = AsBool(raw);
                if (value) field(job) = *value;
                return value.has_value();
              },
          .show = [=](const Job& job) { return field(job) ? "true" : "false"; }};
}

struct DurationRange {
  std::chrono::milliseconds min;
  std::chrono::milliseconds max;
};

template <class Field>
JobKey DurationKey(std::string name, DurationRange range, Field field) {
  return {.name = std::move(name),
          .allowed = fmt::format("a duration from {} to {}, as \"500ms\", \"30s\", \"15m\" or "
                                 "\"PT5M\"",
                                 DurationText(range.min), DurationText(range.max)),
          .set =
              [=](Job& job, const RawValue& raw) {
                const auto duration = ParseDuration(AsString(raw).value_or(""));
                if (!duration || *duration < range.min || *duration > range.max) return false;
                field(job) = *duration;
                return true;
              },
          .show = [=](const Job& job) { return Quoted(DurationText(field(job))); }};
}

template <class Field>
JobKey ByteCountKey(std::string name, std::int64_t min, Field field) {
  return {
      .name = std::move(name),
      .allowed = fmt::format("a size of {} or more, as \"50MB\", \"64MiB\" or a number of bytes",
                             ByteCountText(min)),
      .set =
          [=](Job& job, const RawValue& raw) {
            const auto* number = std::get_if<std::int64_t>(&raw.value);
            const auto bytes =
                number ? std::optional(*number) : ParseByteCount(AsString(raw).value_or(""));
            if (!bytes || *bytes < min) return false;
            field(job) = *bytes;
            return true;
          },
      .show = [=](const Job& job) { return Quoted(ByteCountText(field(job))); }};
}

// A text that `accept` turns into what is kept, or refuses.
template <class Field, class Accept>
JobKey TextKey(std::string name, std::string allowed, Accept accept, Field field) {
  return {.name = std::move(name),
          .allowed = std::move(allowed),
          .set =
              [=](Job& job, const RawValue& raw) {
                const auto text = AsString(raw);
                std::optional<std::string> accepted = text ? accept(*text) : std::nullopt;
                if (!accepted) return false;
                field(job) = std::move(*accepted);
                return true;
              },
          .show = [=](const Job& job) { return Quoted(field(job)); }};
}

// A list whose every entry `accept` lets through.
template <class Field, class Accept>
JobKey ListKey(std::string name, std::string allowed, Accept accept, Field field) {
  return {.name = std::move(name),
          .allowed = std::move(allowed),
          .set =
              [=](Job& job, const RawValue& raw) {
                auto list = AsList(raw);
                if (!list || !accept(*list)) return false;
                field(job) = std::move(*list);
                return true;
              },
          .show =
              [=](const Job& job) {
                StringList quoted;
                for (const std::string& entry : field(job)) quoted.push_back(Quoted(entry));
                return fmt::format("[{}]", fmt::join(quoted, ", "));
              }};
}

// NOLINTEND(performance-unnecessary-value-param)

}  // namespace sluice
