#include "storage/state_report.h"

#include <fmt/format.h>

#include "storage/database.h"
#include "storage/schema.h"

namespace sluice {
namespace {

void ReadProgress(Database& database, StateReport& report) {
  Statement all(database, "SELECT kind, total, done, failed, waiting, in_flight FROM v_progress");
  auto run = all.Use();
  while (run.Next()) {
    report.progress.push_back({.kind = run.Text(0),
                               .total = run.Int(1),
                               .done = run.Int(2),
                               .failed = run.Int(3),
                               .waiting = run.Int(4),
                               .in_flight = run.Int(5)});
  }
}

void ReadFailures(Database& database, int rows_max, StateReport& report) {
  Statement all(database, R"sql(
    SELECT item, kind, operation, http_status, class, attempts, last_error
      FROM v_failures LIMIT ?)sql");
  auto run = all.Use();
  run.Bind(rows_max);
  while (run.Next()) {
    report.failures.push_back({.item = run.Text(0),
                               .kind = run.Text(1),
                               .operation = run.Text(2),
                               .http_status = static_cast<int>(run.Int(3)),
                               .error_class = run.Text(4),
                               .attempts = static_cast<int>(run.Int(5)),
                               .last_error = run.Text(6)});
  }
}

void ReadNotes(Database& database, int rows_max, StateReport& report) {
  Statement all(database, R"sql(
    SELECT document, coalesce(title, ''), kind, text FROM v_notes WHERE kind <> 'shortfall'
     LIMIT ?)sql");
  auto run = all.Use();
  run.Bind(rows_max);
  while (run.Next()) {
    report.notes.push_back(
        {.document = run.Text(0), .title = run.Text(1), .kind = run.Text(2), .text = run.Text(3)});
  }
  Statement shortfalls(database, "SELECT text FROM notes WHERE kind = 'shortfall' ORDER BY note");
  auto short_run = shortfalls.Use();
  while (short_run.Next()) report.shortfalls.push_back(short_run.Text(0));
}

void ReadLastRun(Database& database, StateReport& report) {
  Statement last(database, R"sql(
    SELECT run, generation, started, coalesce(finished, ''), coalesce(outcome, ''), exit_code,
           requests, cache_hits, outputs, coalesce(message, '')
      FROM v_runs ORDER BY run DESC LIMIT 1)sql");
  auto run = last.Use();
  if (!run.Next()) return;
  StateReport::LastRun row{.run = run.Int(0),
                           .generation = run.Int(1),
                           .started = run.Text(2),
                           .finished = run.Text(3),
                           .outcome = run.Text(4),
                           .requests = run.Int(6),
                           .cache_hits = run.Int(7),
                           .outputs = run.Int(8),
                           .message = run.Text(9)};
  if (!run.IsNull(5)) row.exit_code = static_cast<int>(run.Int(5));
  report.last_run = std::move(row);
}

void ReadCollections(Database& database, StateReport& report) {
  Statement all(database, R"sql(
    SELECT collection, disposition, rows, cursor, coalesce(state, '') FROM v_collections)sql");
  auto run = all.Use();
  while (run.Next()) {
    report.collections.push_back({.name = run.Text(0),
                                  .disposition = run.Text(1),
                                  .rows = run.Int(2),
                                  .cursor = run.Text(3),
                                  .state = run.Text(4)});
  }
}

void ReadSource(Database& database, StateReport& report) {
  Statement fingerprint(database, "SELECT value FROM meta WHERE key = 'fingerprint'");
  auto run = fingerprint.Use();
  if (!run.Next()) return;
  const std::string text = run.Text(0);
  report.source = text.substr(0, text.find(' '));
}

std::int64_t Count(Database& database, const char* sql) {
  Statement statement(database, sql);
  auto run = statement.Use();
  return run.Next() ? run.Int(0) : 0;
}

}  // namespace

Result<StateReport> ReadStateReport(const std::filesystem::path& state_file, int rows_max) {
  if (std::error_code error; !std::filesystem::exists(state_file, error)) {
    return Fail(
        Code::kDisk,
        fmt::format("{}: there is no export here; run `sluice run` or `sluice notion` first",
                    state_file.string()));
  }
  return CatchSqlite(state_file, [&]() -> Result<StateReport> {
    Database database(state_file, Database::Mode::kReadOnly);
    if (auto status = CheckVersion(database, state_file); !status) return Fail(status.error());
    StateReport report;
    ReadProgress(database, report);
    ReadFailures(database, rows_max, report);
    ReadNotes(database, rows_max, report);
    ReadLastRun(database, report);
    ReadCollections(database, report);
    ReadSource(database, report);
    {
      Statement limits(database, "SELECT name, value FROM v_limits");
      auto run = limits.Use();
      while (run.Next()) report.limits.emplace_back(run.Text(0), run.Text(1));
    }
    {
      Statement cache(database, "SELECT entries, bytes, hits, misses, evictions FROM v_cache");
      auto run = cache.Use();
      if (run.Next()) {
        report.cache = {.entries = run.Int(0),
                        .bytes = run.Int(1),
                        .hits = run.Int(2),
                        .misses = run.Int(3),
                        .evictions = run.Int(4)};
      }
    }
    report.cache.rebuilds = Count(
        database, "SELECT coalesce(max(value), 0) FROM counters WHERE name = 'cache_rebuilds'");
    report.failures_total = Count(database, "SELECT count(*) FROM v_failures");
    report.notes_total = Count(database, "SELECT count(*) FROM notes WHERE kind <> 'shortfall'");
    report.outputs = Count(database, "SELECT count(*) FROM v_outputs");
    report.waiting_until_ms = Count(database,
                                    "SELECT coalesce(min(not_before_ms), 0) FROM frontier "
                                    "WHERE state = 'queued' AND not_before_ms > 0");
    return report;
  });
}

}  // namespace sluice
