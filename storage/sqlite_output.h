// An SQLite file that is an output: written once, from empty to whole. It needs no protection from
// a crash, because a file that was not finished is thrown away. The same statements give the same
// bytes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "storage/base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace sluice {

// Not thread-safe. Errors: Code::kDisk; Code::kInvalid where a row breaks a constraint or a limit
// of SQLite; the message names the file, or what SQLite says.
class SqliteOutput {
 public:
  // Columns that a table may have.
  static constexpr int kColumnsMax = 2000;

  // `file` is there and empty. Begins the one transaction.
  static Result<SqliteOutput> Create(const std::filesystem::path& file);
  SqliteOutput(SqliteOutput&&) noexcept = default;
  SqliteOutput& operator=(SqliteOutput&&) noexcept = default;

  Status Exec(const std::string& sql);

  // A prepared statement that adds rows: bind every parameter, then Add(). Must not outlive the
  // SqliteOutput.
  class Insert {
   public:
    // Parameters count from 0. Text is not copied: it must live until Add() has returned.
    void Bind(std::size_t parameter, std::int64_t value);
    void Bind(std::size_t parameter, double value);
    void Bind(std::size_t parameter, std::string_view text);
    void BindNull(std::size_t parameter);
    Status Add();

   private:
    friend class SqliteOutput;
    struct Finalize {
      void operator()(sqlite3_stmt* statement) const;
    };
    std::unique_ptr<sqlite3_stmt, Finalize> statement_;
    int too_big_ = 0;  // SQLITE_TOOBIG, of a text beyond what SQLite takes
  };
  Result<Insert> Prepare(const std::string& sql);

  // Commits. REQUIRES: every Insert is gone. Call once, and nothing after it.
  Status Finish();

 private:
  SqliteOutput() = default;
  struct Close {
    void operator()(sqlite3* database) const;
  };
  std::unique_ptr<sqlite3, Close> database_;
};

// "name" as SQL has it.
std::string SqlName(std::string_view name);

}  // namespace sluice
