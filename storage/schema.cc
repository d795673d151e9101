#include "storage/schema.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <string_view>

namespace sluice {
namespace {

constexpr const char* kSchema =
#include "storage_schema.inc"
    ;

std::int64_t Pragma(Database& database, const char* sql) {
  Statement statement(database, sql);
  auto run = statement.Use();
  return run.Next() ? run.Int(0) : 0;
}

bool IsEmpty(Database& database) {
  return Pragma(database, "SELECT count(*) FROM sqlite_schema") == 0;
}

void SetVersion(Database& database, int version) {
  database.Exec(fmt::format("PRAGMA user_version = {}", version).c_str());
}

// What an older state lacks, a step a version. Each is one transaction: a kill leaves the old
// version or the new one.
struct Migration {
  int from;
  const char* sql;
};
constexpr Migration kMigrations[] = {{.from = 3, .sql = R"sql(
  CREATE TABLE cache_parts(
    id       INTEGER NOT NULL,
    part     INTEGER NOT NULL,
    checksum INTEGER NOT NULL,
    body     BLOB NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX cache_parts_of ON cache_parts(id, part);)sql"}};

void Migrate(Database& database) {
  if (Pragma(database, "PRAGMA application_id") != kApplicationId) return;
  for (const Migration& migration : kMigrations) {
    if (Pragma(database, "PRAGMA user_version") != migration.from) continue;
    database.Begin();
    database.Exec(migration.sql);
    SetVersion(database, migration.from + 1);
    database.Commit();
  }
}

}  // namespace

Status PrepareSchema(Database& database, const std::filesystem::path& file) {
  if (!IsEmpty(database)) {
    Migrate(database);
    return CheckVersion(database, file);
  }
  database.Begin();
  database.Exec(kSchema);
  database.Exec(fmt::format("PRAGMA application_id = {}", kApplicationId).c_str());
  SetVersion(database, kSchemaVersion);
  database.Commit();
  return {};
}

Status CheckVersion(Database& database, const std::filesystem::path& file) {
  if (Pragma(database, "PRAGMA application_id") != kApplicationId) {
    return Fail(
        Code::kDamaged,
        fmt::format("{} is not a sluice state; choose another output folder or move it away",
                    file.string()));
  }
  const std::int64_t version = Pragma(database, "PRAGMA user_version");
  if (version < kSchemaVersion && version >= kMigrations[0].from) {
    return Fail(Code::kDamaged,
                fmt::format("{} has state version {} of an older sluice; the next run of its job "
                            "brings it up to version {}",
                            file.string(), version, kSchemaVersion));
  }
  if (version != kSchemaVersion) {
    return Fail(Code::kDamaged,
                fmt::format("{} has state version {}, this build knows version {}; use the sluice "
                            "that wrote it, or run with --fresh to begin anew",
                            file.string(), version, kSchemaVersion));
  }
  return {};
}

Status CheckIndexes(Database& database, const std::filesystem::path& file) {
  for (const char* table : {"documents", "mentions", "aliases", "outputs", "frontier"}) {
    Statement check(database, fmt::format("PRAGMA integrity_check({})", table).c_str());
    auto run = check.Use();
    if (run.Next() && run.Text(0) == "ok") continue;
    return Fail(Code::kDamaged,
                fmt::format("{} is damaged (table {}: {}); move it away or run with --fresh",
                            file.string(), table, run.Text(0)));
  }
  return {};
}

// Our statements fit our schema; where one does not, the schema is not what was written. (The words
// are those of SQLite's name resolution; it has no code of its own for them.)
bool SaysThatTheSchemaIsAnother(std::string_view words) {
  return words.starts_with("no such ") ||
         words.find(" has no column named ") != std::string_view::npos ||
         words.find(" clause does not match ") != std::string_view::npos;
}

Error ToError(const SQLite::Exception& exception, const std::filesystem::path& file) {
  const std::string name = file.empty() ? std::string("the state") : file.string();
  const auto damaged = [&] {
    return Error{Code::kDamaged, fmt::format("{} is damaged ({}); move it away or run with --fresh",
                                             name, exception.what())};
  };
  switch (exception.getErrorCode()) {
    case SQLITE_FULL:
      return {Code::kDisk, fmt::format("{}: the disk is full; free space and run again", name)};
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
      // SQLite does not say which it was: a full disk looks like this, too (no inode for the log).
      return {
          Code::kDisk,
          fmt::format("{}: {}; free space and inodes on its disk, or see that it works and may be "
                      "written, and run again",
                      name, exception.what())};
    case SQLITE_READONLY_RECOVERY:
      return {Code::kDisk, fmt::format("{}: {}", name, exception.what())};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return damaged();
    case SQLITE_ERROR:
      if (SaysThatTheSchemaIsAnother(exception.what())) return damaged();
      return {Code::kFatal, fmt::format("{}: {}", name, exception.what())};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {Code::kLocked,
              fmt::format("{} is in use by another program: {}", name, exception.what())};
    default:
      return {Code::kFatal, fmt::format("{}: {}", name, exception.what())};
  }
}

}  // namespace sluice
