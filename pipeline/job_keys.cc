#include "pipeline/job_keys.h"

#include <algorithm>
#include <array>
#include <limits>

#include "pipeline/base_url.h"
#include "pipeline/job_key_kinds.h"
#include "pipeline/time_zone.h"
#include "pipeline/token_reference.h"
#include "stages/sources/notion/requests.h"

namespace sluice {
namespace {

bool HasControl(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

std::optional<std::string> AcceptPlain(const std::string& text) {
  return text.empty() || HasControl(text) ? std::nullopt : std::optional(text);
}

std::optional<std::string> AcceptListen(const std::string& text) {
  if (text.empty()) return text;
  const auto colon = text.rfind(':');
  if (colon == text.npos || !IsLoopback(text.substr(0, colon))) return std::nullopt;
  const auto port = ParseCount(text.substr(colon + 1));
  return port && *port <= 65535 ? std::optional(text) : std::nullopt;
}

// A list of one or more of `words`.
template <std::size_t size>
auto SomeOf(const std::array<std::string_view, size>& words) {
  return [words](const StringList& list) {
    return !list.empty() && std::all_of(list.begin(), list.end(), [&](const std::string& word) {
      return std::find(words.begin(), words.end(), word) != words.end();
    });
  };
}

// One of two words.
auto EitherOf(std::string_view one, std::string_view other) {
  return [=](const std::string& text) {
    return text == one || text == other ? std::optional(text) : std::nullopt;
  };
}

bool AcceptTags(const StringList& list) {
  return std::none_of(list.begin(), list.end(), [](const std::string& tag) {
    return tag.empty() || HasControl(tag) || tag.find(',') != tag.npos;
  });
}

std::optional<std::string> AcceptZone(const std::string& name) {
  return name.empty() || IsTimeZone(name) ? std::optional(name) : std::nullopt;
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
                  .allowed = "\"notion\", \"trakt\" or \"rest\"",
                  .set =
                      [](Job& job, const RawValue& raw) {
                        const auto source = ParseSource(AsString(raw).value_or(""));
                        if (source) job.source = *source;
                        return source.has_value();
                      },
                  .show = [](const Job& job) { return Quoted(SourceName(job.source)); }});
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

// Where a secret is. A command's text may itself hold one, so it is not shown.
template <class Field>
JobKey ReferenceKey(std::string name, Field field) {
  JobKey key = TextKey(std::move(name),
                       "a reference (\"env:NAME\", \"file:PATH\" or \"cmd:COMMAND\"), never the "
                       "secret itself",
                       AcceptTokenReference, field);
  key.show = [=](const Job& job) { return Quoted(ShowTokenReference(field(job))); };
  return key;
}

constexpr const char* kUrlAllowed =
    "a URL \"https://HOST[:PORT][/PATH]\" without user, password, query or fragment";

void AddNotionKeys(std::vector<JobKey>& keys) {
  keys.push_back(ReferenceKey("notion.token", FIELD(notion.token)));
  keys.push_back(TextKey("notion.base_url", kUrlAllowed, AcceptBaseUrl, FIELD(notion.base_url)));
  keys.push_back(BoolKey("notion.allow_http", FIELD(notion.allow_http)));
  keys.push_back(TextKey("notion.version", "\"2025-09-03\" or \"2022-06-28\"",
                         EitherOf("2025-09-03", "2022-06-28"), FIELD(notion.version)));
  static constexpr std::array<std::string_view, 5> kInclude{"pages", "databases", "comments",
                                                            "users", "assets"};
  keys.push_back(ListKey("notion.include",
                         "a list of one or more of \"pages\", \"databases\", \"comments\", "
                         "\"users\", \"assets\"",
                         SomeOf(kInclude), FIELD(notion.include)));
  keys.push_back(ListKey("notion.roots",
                         "a list of page or database ids (32 hex digits, with or "
                         "without dashes)",
                         AcceptRoots, FIELD(notion.roots)));
}

void AddTraktKeys(std::vector<JobKey>& keys) {
  keys.push_back(ReferenceKey("trakt.client_id", FIELD(trakt.client_id)));
  keys.push_back(ReferenceKey("trakt.client_secret", FIELD(trakt.client_secret)));
  JobKey token = ReferenceKey("trakt.token", FIELD(trakt.token));
  token.allowed += "; or empty for the pair that `sluice auth trakt` stored";
  token.set = [set = token.set](Job& job, const RawValue& raw) {
    if (AsString(raw) != "") return set(job, raw);
    job.trakt.token.clear();
    return true;
  };
  keys.push_back(std::move(token));
  keys.push_back(
      TextKey("trakt.token_file", "the path of a file", AcceptPlain, FIELD(trakt.token_file)));
  keys.push_back(TextKey("trakt.base_url", kUrlAllowed, AcceptBaseUrl, FIELD(trakt.base_url)));
  keys.push_back(TextKey("trakt.auth_url", kUrlAllowed, AcceptBaseUrl, FIELD(trakt.auth_url)));
  keys.push_back(BoolKey("trakt.allow_http", FIELD(trakt.allow_http)));
  static constexpr std::array<std::string_view, 6> kInclude{"history",    "ratings", "watchlist",
                                                            "collection", "shows",   "lists"};
  keys.push_back(ListKey("trakt.include",
                         "a list of one or more of \"history\", \"ratings\", \"watchlist\", "
                         "\"collection\", \"shows\", \"lists\"",
                         SomeOf(kInclude), FIELD(trakt.include)));
  keys.push_back(TextKey("trakt.history_mode", "\"individual\" or \"aggregated\"",
                         EitherOf("individual", "aggregated"), FIELD(trakt.history_mode)));
  keys.push_back(TextKey("trakt.rows", "\"full\" or \"new_only\"", EitherOf("full", "new_only"),
                         FIELD(trakt.rows)));
  keys.push_back(TextKey("trakt.timezone",
                         "an IANA time zone that this system knows, as \"Europe/Paris\"; empty for "
                         "the account's",
                         AcceptZone, FIELD(trakt.timezone)));
  keys.push_back(
      ListKey("trakt.tags", "a list of tags without commas", AcceptTags, FIELD(trakt.tags)));
  keys.push_back(BoolKey("trakt.reviews", FIELD(trakt.reviews)));
}

// The rest of [client] and the resources are tables, read by rest_job.cc.
void AddRestKeys(std::vector<JobKey>& keys) {
  keys.push_back(TextKey("client.base_url", kUrlAllowed, AcceptBaseUrl, FIELD(rest.spec.base_url)));
  keys.push_back(BoolKey("client.allow_http", FIELD(rest.allow_http)));
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
    AddTraktKeys(keys);
    AddRestKeys(keys);
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

std::string_view SourceName(SourceKind source) {
  switch (source) {
    case SourceKind::kNotion:
      return "notion";
    case SourceKind::kTrakt:
      return "trakt";
    case SourceKind::kRest:
      return "rest";
  }
  return "";
}

std::optional<SourceKind> ParseSource(std::string_view name) {
  for (const SourceKind source : {SourceKind::kNotion, SourceKind::kTrakt, SourceKind::kRest}) {
    if (SourceName(source) == name) return source;
  }
  return std::nullopt;
}

std::optional<SourceKind> SourceOfKey(std::string_view name) {
  const std::string_view section = name.substr(0, name.find('.'));
  if (section == "notion") return SourceKind::kNotion;
  if (section == "trakt") return SourceKind::kTrakt;
  if (section == "client" || section == "resource_defaults" || section == "resources") {
    return SourceKind::kRest;
  }
  // Those of the table are Notion's operations; the other sources name theirs themselves.
  const bool operation = name.starts_with(kFetchPrefix) && name != "stages.fetch.autotune";
  return operation ? std::optional(SourceKind::kNotion) : std::nullopt;
}

JobKey OperationKey(std::string_view name) {
  constexpr std::int64_t kMax = 1000;
  const std::string operation(name.substr(kFetchPrefix.size()));
  return {.name = std::string(name),
          .allowed = fmt::format("a whole number from 1 to {}", kMax),
          .set =
              [=](Job& job, const RawValue& raw) {
                const auto number = AsInteger(raw);
                if (!number || *number < 1 || *number > kMax) return false;
                job.stages.fetch.operations[operation] = static_cast<int>(*number);
                return true;
              },
          .show =
              [=](const Job& job) {
                return std::to_string(job.stages.fetch.operations.at(operation));
              }};
}

}  // namespace sluice
