// A thin layer over SQLiteCpp: how a state file is opened, and how a statement is used.
//
// Not thread-safe: one Database belongs to one thread. There is exactly one read-write connection
// to a state file (the commit thread's): SQLite 3.40 has a WAL-reset defect with several writers
// (sqlite.org/wal.html#walresetbug). Everything here throws SQLite::Exception, which never leaves
// storage/: Store and StoreReader turn it into a Result.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "storage/base/hash.h"

namespace sluice {

class Database {
 public:
  enum class Mode { kReadWrite, kReadOnly };

  // Read-write: WAL, synchronous=FULL (durable at COMMIT), defensive, no trust in the schema.
  // The file is created with mode 0600 if it is not there.
  // Read-only: also beside a run. Where the folder cannot be written (a backup, a snapshot, another
  // medium) nothing can change the file either, and it is read as it is; throws
  // SQLITE_READONLY_RECOVERY where a log lies there that would have to be folded in first.
  Database(const std::filesystem::path& file, Mode mode);

  SQLite::Database& raw() { return db_; }
  void Exec(const char* sql) { db_.exec(sql); }
  void Begin() { db_.exec("BEGIN IMMEDIATE"); }
  void Commit() { db_.exec("COMMIT"); }
  void Rollback() noexcept;

 private:
  SQLite::Database db_;
};

// A prepared statement. A use is a scope: `auto run = find.Use(); run.Bind(id); run.Next()`.
class Statement {
 public:
  Statement(Database& database, const char* sql) : statement_(database.raw(), sql) {}

  // One execution: resets the statement and clears its bindings when it ends.
  class Run {
   public:
    explicit Run(SQLite::Statement& statement) : statement_(statement) {}
    ~Run();
    Run(const Run&) = delete;
    Run& operator=(const Run&) = delete;

    // Parameters in order. Text and blobs must outlive the run (they are not copied).
    Run& Bind(std::int64_t value);
    Run& Bind(const std::string& text);
    Run& Bind(std::string&& text) = delete;  // would dangle
    Run& BindBlob(std::string_view bytes);
    Run& BindBlob(const Hash128& hash);
    Run& BindNull();

    // True: a row is there. False: done.
    bool Next() { return statement_.executeStep(); }
    // Runs to the end; returns how many rows were changed.
    int Done();

    std::int64_t Int(int column) const;
    std::string Text(int column) const;
    std::string_view Blob(int column) const;  // valid until Next() or the end of the run
    bool IsNull(int column) const;

   private:
    SQLite::Statement& statement_;
    int next_ = 1;
  };

  Run Use() { return Run(statement_); }

 private:
  SQLite::Statement statement_;
};

}  // namespace sluice
