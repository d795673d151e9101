#include "pipeline/job_keys.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <limits>

#include "pipeline/base_url.h"
#include "pipeline/token_reference.h"
#include "pipeline/units.h"
#include "stages/sources/notion/requests.h"

namespace sluice {
namespace {

using Words = std::vector<std::string_view>;

std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

std::optional<std::string> AsString(const RawValue& raw) {
  const auto* text = std::get_if<std::string>(&raw.value);
  return text ? std::optional(*text) : std::nullopt;
}

std::optional<std::int64_t> AsInteger(const RawValue& raw) {
  if (const auto* number = std::get_if<std::int64_t>(&raw.value)) return *number;
  const auto text = raw.from == RawValue::From::kText ? AsString(raw) : std::nullopt;
  return text ? ParseCount(*text) : std::nullopt;
}

std::optional<bool> AsBool(const RawValue& raw) {
  if (const auto* value = std::get_if<bool>(&raw.value)) return *value;
  const auto text = raw.from == RawValue::From::kText ? AsString(raw) : std::nullopt;
  if (text == "true") return true;
  if (text == "false") return false;
  return std::nullopt;
}

std::optional<StringList> AsList(const RawValue& raw) {
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

bool HasControl(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

std::optional<std::string> AcceptPlain(const std::string& text) {
  return text.empty() || HasControl(text) ? std::nullopt : std::optional(text);
}

std::optional<std::string> AcceptVersion(const std::string& text) {
  return text == "2025-09-03" || text == "2022-06-28" ? std::optional(text) : std::nullopt;
}

std::optional<std::string> AcceptListen(const std::string& text) {
  if (text.empty()) return text;
  const auto colon = text.rfind(':');
  if (colon == text.npos || !IsLoopback(text.substr(0, colon))) return std::nullopt;
  const auto port = ParseCount(text.substr(colon + 1));
  return port && *port <= 65535 ? std::optional(text) : std::nullopt;
}

bool AcceptInclude(const StringList& list) {
  static constexpr std::array<std::string_view, 5> kWords{"pages", "databases", "comments", "users",
                                                          "assets"};
  return !list.empty() && std::all_of(list.begin(), list.end(), [](const std::string& word) {
    return std::find(kWords.begin(), kWords.end(), word) != kWords.end();
  });
}

bool AcceptRoots(const StringList& list) {
  return std::none_of(list.begin(), list.end(),
                      [](const std::string& id) { return notion::DashedId(id).empty(); });
}

bool SetRate(Job& job, const RawValue& raw) {
  std::optional<double> rate;
  if (const auto* number = std::get_if<std::int64_t>(&raw.value)) rate = double(*number);
  if (const auto* number = std::get_if<double>(&raw.value)) rate = *number;
  if (const auto text = AsString(raw)) rate = ParseRate(*text);
  // `!(>=)` also refuses TOML's nan. Slower than one request a day is a slip of the pen.
  if (!rate || !(*rate == 0 || (*rate >= 1.0 / 86400 && *rate <= 1e6))) return false;
  job.limits.requests_per_second = rate;
  return true;
}

std::string ShowRate(const Job& job) {
  const auto& rate = job.limits.requests_per_second;
  return rate ? Quoted(RateText(*rate)) : "the source's own";
}

// A member's name cannot stand in parentheses. NOLINTBEGIN(bugprone-macro-parentheses)
#define FIELD(path) \
  [](auto& job) -> auto& { return job.path; }
// NOLINTEND(bugprone-macro-parentheses)

void AddJobKeys(std::vector<JobKey>& keys) {
  keys.push_back(
      TextKey("job.name", "a name without control characters", AcceptPlain, FIELD(name)));
  keys.push_back({.name = "job.source",
                  .allowed = "\"notion\"",
                  .set = [](Job&, const RawValue& raw) { return AsString(raw) == "notion"; },
                  .show = [](const Job&) { return "\"notion\""; }});
  keys.push_back({.name = "job.output",
                  .allowed = "the path of a folder",
                  .set =
                      [](Job& job, const RawValue& raw) {
                        const auto path = AcceptPlain(AsString(raw).value_or(""));
                        if (path) job.output = *path;
                        return path.has_value();
                      },
                  .show = [](const Job& job) { return Quoted(job.output.string()); }});
}

void AddNotionKeys(std::vector<JobKey>& keys) {
  keys.push_back(TextKey("notion.token",
                         "a reference (\"env:NAME\", \"file:PATH\" or \"cmd:COMMAND\"), never the "
                         "token itself",
                         AcceptTokenReference, FIELD(notion.token)));
  keys.push_back(TextKey("notion.base_url",
                         "a URL \"https://HOST[:PORT][/PATH]\" without user, password, query or "
                         "fragment",
                         AcceptBaseUrl, FIELD(notion.base_url)));
  keys.push_back(BoolKey("notion.allow_http", FIELD(notion.allow_http)));
  keys.push_back(TextKey("notion.version", "\"2025-09-03\" or \"2022-06-28\"", AcceptVersion,
                         FIELD(notion.version)));
  keys.push_back(ListKey("notion.include",
                         "a list of one or more of \"pages\", \"databases\", \"comments\", "
                         "\"users\", \"assets\"",
                         AcceptInclude, FIELD(notion.include)));
  keys.push_back(ListKey("notion.roots",
                         "a list of page or database ids (32 hex digits, with or "
                         "without dashes)",
                         AcceptRoots, FIELD(notion.roots)));
}

void AddLimitKeys(std::vector<JobKey>& keys) {
  keys.push_back(IntegerKey("limits.in_flight", 1, 100'000, FIELD(limits.in_flight)));
  keys.push_back(ByteCountKey("limits.memory", 1'000'000, FIELD(limits.memory_bytes)));
  keys.push_back({.name = "limits.rate",
                  .allowed = "a rate as \"3/s\", \"100/m\", \"1000/5m\" or a number per second; 0 "
                             "for no limit",
                  .set = SetRate,
                  .show = ShowRate});
  keys.push_back(IntegerKey("limits.burst", 1, 100'000, FIELD(limits.burst)));
}

void AddStageKeys(std::vector<JobKey>& keys) {
  using std::chrono::milliseconds;
  keys.push_back(IntegerKey("stages.list.limit", 1, 1000, FIELD(stages.list_limit)));
  keys.push_back(IntegerKey("stages.lookup.limit", 1, 1000, FIELD(stages.lookup_limit)));
  keys.push_back(IntegerKey("stages.fetch.pages", 1, 1000, FIELD(stages.fetch.pages)));
  keys.push_back(IntegerKey("stages.fetch.databases", 1, 1000, FIELD(stages.fetch.databases)));
  keys.push_back(IntegerKey("stages.fetch.blocks", 1, 1000, FIELD(stages.fetch.blocks)));
  keys.push_back(IntegerKey("stages.fetch.comments", 1, 1000, FIELD(stages.fetch.comments)));
  keys.push_back(IntegerKey("stages.fetch.users", 1, 1000, FIELD(stages.fetch.users)));
  keys.push_back(IntegerKey("stages.fetch.properties", 1, 1000, FIELD(stages.fetch.properties)));
  keys.push_back(BoolKey("stages.fetch.autotune", FIELD(stages.fetch.autotune)));
  keys.push_back(IntegerKey("stages.transform.limit", 0, 1000, FIELD(stages.transform_limit)));
  keys.push_back(
      IntegerKey("stages.write.batch_items", 1, 100'000, FIELD(stages.write_batch_items)));
  keys.push_back(DurationKey("stages.write.batch_delay", {milliseconds(0), milliseconds(60'000)},
                             FIELD(stages.write_batch_delay)));
}

void AddOtherKeys(std::vector<JobKey>& keys) {
  using namespace std::chrono_literals;
  constexpr auto kCountMax = std::numeric_limits<std::int64_t>::max();
  keys.push_back(IntegerKey("retry.read_attempts", 1, 100, FIELD(retry.read_attempts)));
  keys.push_back(DurationKey("retry.base", {1ms, 1h}, FIELD(retry.base)));
  keys.push_back(DurationKey("retry.max_wait", {0ms, 30 * 24h}, FIELD(retry.max_wait)));
  keys.push_back(BoolKey("cache.enabled", FIELD(cache.enabled)));
  keys.push_back(ByteCountKey("cache.max_bytes", 0, FIELD(cache.bytes_max)));
  keys.push_back(IntegerKey("cache.max_entries", 0, kCountMax, FIELD(cache.entries_max)));
  keys.push_back(DurationKey("cache.ttl", {0ms, 3650 * 24h}, FIELD(cache.ttl)));
  keys.push_back(DurationKey("cache.negative_ttl", {0ms, 3650 * 24h}, FIELD(cache.negative_ttl)));
  keys.push_back(DurationKey("cache.max_age", {0ms, 3650 * 24h}, FIELD(cache.age_max)));
  keys.push_back(IntegerKey("cache.memory_entries", 0, 100'000'000, FIELD(cache.memory_entries)));
  keys.push_back(DurationKey("checkpoint.interval", {10ms, 24h}, FIELD(checkpoint.interval)));
  keys.push_back(TextKey("monitoring.listen", "a loopback address as \"127.0.0.1:6060\", or empty",
                         AcceptListen, FIELD(monitoring.listen)));
  keys.push_back(BoolKey("monitoring.profiling", FIELD(monitoring.profiling)));
}

#undef FIELD

}  // namespace

const std::vector<JobKey>& JobKeyTable() {
  static const std::vector<JobKey> table = [] {
    std::vector<JobKey> keys;
    AddJobKeys(keys);
    AddNotionKeys(keys);
    AddLimitKeys(keys);
    AddStageKeys(keys);
    AddOtherKeys(keys);
    return keys;
  }();
  return table;
}

const JobKey* FindJobKey(std::string_view name) {
  const auto& table = JobKeyTable();
  const auto found =
      std::find_if(table.begin(), table.end(), [&](const JobKey& key) { return key.name == name; });
  return found == table.end() ? nullptr : &*found;
}

}  // namespace sluice
