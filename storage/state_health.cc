#include "storage/state_health.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include "storage/database.h"
#include "storage/schema.h"

namespace sluice {
namespace {

std::int64_t Number(Database& database, const char* sql) {
  Statement statement(database, sql);
  auto run = statement.Use();
  return run.Next() ? run.Int(0) : 0;
}

Status CheckStructure(Database& database, const std::filesystem::path& file) {
  Statement check(database, "PRAGMA integrity_check(1)");
  auto run = check.Use();
  if (run.Next() && run.Text(0) == "ok") return {};
  return Fail(Code::kDamaged, fmt::format("{} is damaged ({}); move it away or run with --fresh",
                                          file.string(), run.Text(0)));
}

}  // namespace

Result<StateHealth> CheckState(const std::filesystem::path& file) {
  return CatchSqlite(file, [&]() -> Result<StateHealth> {
    Database database(file, Database::Mode::kReadOnly);
    if (auto status = CheckVersion(database, file); !status) return Fail(status.error());
    if (auto status = CheckStructure(database, file); !status) return Fail(status.error());
    return StateHealth{
        .version = kSchemaVersion,
        .queued = Number(database, "SELECT count(*) FROM frontier WHERE state = 'queued'"),
        .failed = Number(database, "SELECT count(*) FROM frontier WHERE state = 'failed'"),
        .generation_finished =
            Number(database, "SELECT count(*) FROM meta WHERE key = 'finished' AND value = '1'") >
            0,
        .cache_counted = Number(database, R"sql(
          SELECT v.entries = c.entries AND v.bytes = c.bytes
            FROM v_cache v, (SELECT count(*) AS entries, coalesce(sum(bytes), 0) AS bytes
                               FROM cache) c)sql") != 0,
        .listed_anew = Number(database,
                              "SELECT count(*) FROM meta WHERE key = 'finished' AND value = "
                              "'ended'") > 0};
  });
}

std::string SqliteVersion() { return sqlite3_libversion(); }

}  // namespace sluice
