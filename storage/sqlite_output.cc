#include "storage/sqlite_output.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include "storage/beneath.h"

namespace sluice {
namespace {

// "slce": `file export.db` shows it.
constexpr int kApplicationId = 0x736c6365;
constexpr int kFormatVersion = 1;

tl::unexpected<Error> ErrorOf(sqlite3* database, int result) {
  const char* path = sqlite3_db_filename(database, "main");
  switch (result & 0xff) {
    case SQLITE_CONSTRAINT:
    case SQLITE_TOOBIG:
      return Fail(Code::kInvalid, sqlite3_errmsg(database));
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY: {
      const int system = sqlite3_system_errno(database);
      return DiskError(system != 0                      ? system
                       : (result & 0xff) == SQLITE_FULL ? ENOSPC
                                                        : EIO,
                       "write", path == nullptr ? "the output" : path);
    }
    default:
      return Fail(Code::kFatal, fmt::format("SQLite: {}", sqlite3_errmsg(database)));
  }
}

}  // namespace

void SqliteOutput::Close::operator()(sqlite3* database) const { sqlite3_close(database); }
void SqliteOutput::Insert::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

Result<SqliteOutput> SqliteOutput::Create(const std::filesystem::path& file) {
  sqlite3* database = nullptr;
  const int result = sqlite3_open_v2(file.c_str(), &database, SQLITE_OPEN_READWRITE, nullptr);
  SqliteOutput output;
  output.database_.reset(database);
  if (result != SQLITE_OK) return ErrorOf(database, result);
  // 8 MiB of pages, and nothing that a crash would need.
  auto begun = output.Exec(fmt::format(
      "PRAGMA page_size = 4096; PRAGMA auto_vacuum = NONE; PRAGMA encoding = 'UTF-8';"
      "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE;"
      "PRAGMA cache_size = -8192; PRAGMA mmap_size = 0; PRAGMA application_id = {};"
      "PRAGMA user_version = {}; BEGIN",
      kApplicationId, kFormatVersion));
  if (!begun) return Fail(begun.error());
  return output;
}

Status SqliteOutput::Exec(const std::string& sql) {
  const int result = sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (result != SQLITE_OK) return ErrorOf(database_.get(), result);
  return {};
}

Result<SqliteOutput::Insert> SqliteOutput::Prepare(const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  const int result = sqlite3_prepare_v3(database_.get(), sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (result != SQLITE_OK) return ErrorOf(database_.get(), result);
  Insert insert;
  insert.statement_.reset(statement);
  return insert;
}

Status SqliteOutput::Finish() { return Exec("COMMIT"); }

void SqliteOutput::Insert::Bind(std::size_t parameter, std::int64_t value) {
  sqlite3_bind_int64(statement_.get(), static_cast<int>(parameter) + 1, value);
}

void SqliteOutput::Insert::Bind(std::size_t parameter, double value) {
  sqlite3_bind_double(statement_.get(), static_cast<int>(parameter) + 1, value);
}

void SqliteOutput::Insert::Bind(std::size_t parameter, std::string_view text) {
  // A null pointer would bind NULL.
  const char* data = text.data() == nullptr ? "" : text.data();
  const int result = sqlite3_bind_text64(statement_.get(), static_cast<int>(parameter) + 1, data,
                                         text.size(), SQLITE_STATIC, SQLITE_UTF8);
  if (result != SQLITE_OK) too_big_ = result;
}

void SqliteOutput::Insert::BindNull(std::size_t parameter) {
  sqlite3_bind_null(statement_.get(), static_cast<int>(parameter) + 1);
}

Status SqliteOutput::Insert::Add() {
  if (too_big_ != 0) return Fail(Code::kInvalid, "a text is longer than SQLite takes");
  const int result = sqlite3_step(statement_.get());
  Status status;
  if (result != SQLITE_DONE) status = ErrorOf(sqlite3_db_handle(statement_.get()), result);
  sqlite3_reset(statement_.get());
  return status;
}

std::string SqlName(std::string_view name) {
  std::string quoted = "\"";
  for (const char c : name) quoted.append(c == '"' ? 2 : 1, c);
  return quoted += '"';
}

}  // namespace sluice
