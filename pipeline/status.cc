#include "pipeline/status.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "pipeline/log.h"
#include "storage/base/bytes.h"

namespace sluice {
namespace {

using Json = nlohmann::ordered_json;

std::string TimeText(std::int64_t ms) {
  const std::chrono::sys_seconds time{std::chrono::seconds(ms / 1000)};
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", time);
}

// A name from the source may hold bytes that are not UTF-8 or control characters.
std::string Dump(const Json& json) {
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::string RunLine(const StateReport::LastRun& run) {
  const std::string end =
      run.finished.empty()
          ? std::string("running, or killed")
          : fmt::format("{} {} (exit {})", run.finished, run.outcome, run.exit_code.value_or(-1));
  return fmt::format("{} - {}", run.started, end);
}

Json ProgressToJson(const StateReport& report) {
  Json rows = Json::array();
  for (const auto& row : report.progress) {
    rows.push_back({{"kind", row.kind},
                    {"total", row.total},
                    {"done", row.done},
                    {"failed", row.failed},
                    {"waiting", row.waiting},
                    {"in_flight", row.in_flight}});
  }
  return rows;
}

Json FailuresToJson(const StateReport& report) {
  Json rows = Json::array();
  for (const auto& row : report.failures) {
    rows.push_back({{"item", row.item},
                    {"kind", row.kind},
                    {"operation", row.operation},
                    {"http_status", row.http_status},
                    {"class", row.error_class},
                    {"attempts", row.attempts},
                    {"last_error", row.last_error}});
  }
  return rows;
}

Json RunToJson(const StateReport::LastRun& run) {
  Json json = {{"run", run.run},
               {"generation", run.generation},
               {"started", run.started},
               {"finished", run.finished},
               {"outcome", run.outcome},
               {"requests", run.requests},
               {"cache_hits", run.cache_hits},
               {"outputs", run.outputs},
               {"message", run.message}};
  json["exit_code"] = run.exit_code ? Json(*run.exit_code) : Json(nullptr);
  return json;
}

Json StateToJson(const std::filesystem::path& output, const StateReport& report) {
  Json json = {{"output", output.string()}};
  json["run"] = report.last_run ? RunToJson(*report.last_run) : Json(nullptr);
  json["progress"] = ProgressToJson(report);
  json["outputs"] = report.outputs;
  json["failed"] = report.failures_total;
  json["failures"] = FailuresToJson(report);
  json["shortfalls"] = report.shortfalls;
  json["notes_total"] = report.notes_total;
  json["waiting_until"] =
      report.waiting_until_ms > 0 ? Json(TimeText(report.waiting_until_ms)) : Json(nullptr);
  json["cache"] = {{"entries", report.cache.entries},
                   {"bytes", report.cache.bytes},
                   {"hits", report.cache.hits},
                   {"misses", report.cache.misses},
                   {"evictions", report.cache.evictions}};
  const auto ratio = report.cache.HitRatio();
  json["cache"]["hit_ratio"] = ratio ? Json(*ratio) : Json(nullptr);
  Json limits = Json::object();
  for (const auto& [name, value] : report.limits) limits[name] = value;
  json["limits"] = limits;
  return json;
}

}  // namespace

std::string HitRatioText(const StateReport::CacheSize& cache) {
  const auto ratio = cache.HitRatio();
  if (!ratio) return "none yet";
  return fmt::format("{:.1f} % ({} of {} lookups)", 100 * *ratio, cache.hits,
                     cache.hits + cache.misses);
}

std::string StatusText(const std::filesystem::path& output, const StateReport& report) {
  std::string text = fmt::format("export    {}\n", output.string());
  if (report.last_run) text += fmt::format("last run  {}\n", RunLine(*report.last_run));
  if (report.last_run && !report.last_run->message.empty()) {
    text += fmt::format("          {}\n", PlainText(report.last_run->message));
  }
  text += fmt::format("\n{:<10} {:>9} {:>9} {:>7} {:>8} {:>9}\n", "kind", "total", "done", "failed",
                      "waiting", "in flight");
  for (const auto& row : report.progress) {
    text += fmt::format("{:<10} {:>9} {:>9} {:>7} {:>8} {:>9}\n", row.kind, row.total, row.done,
                        row.failed, row.waiting, row.in_flight);
  }
  text += fmt::format("\noutputs   {} files\n", report.outputs);
  text += fmt::format("cache     {} responses, {}; hit ratio {}\n", report.cache.entries,
                      FormatBytes(report.cache.bytes), HitRatioText(report.cache));
  if (report.waiting_until_ms > 0) {
    text += fmt::format("waiting   until {}\n", TimeText(report.waiting_until_ms));
  }
  for (const std::string& shortfall : report.shortfalls) {
    text += fmt::format("short     {}\n", PlainText(shortfall));
  }
  if (report.notes_total > 0) {
    text += fmt::format("notes     {} (sqlite3 {} 'SELECT * FROM v_notes')\n", report.notes_total,
                        StateFile(output).string());
  }
  if (report.failures_total > 0) {
    text +=
        fmt::format("failed    {} (sluice failures {})\n", report.failures_total, output.string());
  }
  return text;
}

std::string StatusJson(const std::filesystem::path& output, const StateReport& report) {
  return Dump(StateToJson(output, report));
}

namespace {

// Most sources say the status themselves, at the place where it reads best.
std::string StatusBefore(const std::string& message, int status) {
  const std::string text = fmt::format("HTTP {}", status);
  return status == 0 || message.find(text) != std::string::npos ? "" : text + ": ";
}

}  // namespace

std::string FailuresText(const StateReport& report) {
  std::string text;
  for (const auto& row : report.failures) {
    text += fmt::format("{}\n  {} after {} attempts: {}{}\n", PlainText(row.item), row.error_class,
                        row.attempts, StatusBefore(row.last_error, row.http_status),
                        PlainText(row.last_error));
  }
  const auto shown = static_cast<std::int64_t>(report.failures.size());
  if (report.failures_total > shown) {
    text += fmt::format("and {} more\n", report.failures_total - shown);
  }
  return text.empty() ? "nothing failed\n" : text;
}

std::string FailuresJson(const StateReport& report) { return Dump(FailuresToJson(report)); }

std::string RunReportJson(const std::filesystem::path& output, const RunResult& result,
                          const StateReport& report) {
  Json json = StateToJson(output, report);
  json["exit_code"] = ToInt(result.exit_code);
  json["message"] = result.message;
  Json notes = Json::array();
  for (const auto& note : report.notes) {
    notes.push_back({{"document", note.document},
                     {"title", note.title},
                     {"kind", note.kind},
                     {"text", note.text}});
  }
  json["notes"] = notes;
  return Dump(json);
}

}  // namespace sluice
