// Rows in, files out: what the tests of the record formats share.
#pragma once

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "stages/sinks/record_writer.h"
#include "tests/support/fake_inputs.h"
#include "tests/support/file_sink.h"
#include "tests/support/temp_dir.h"

namespace sluice {

inline RecordTable TableOf(std::vector<std::string> rows, OutputSpec output,
                           std::vector<std::string> primary_key = {}) {
  return {.name = "things",
          .primary_key = std::move(primary_key),
          .output = std::move(output),
          .for_each = [rows = std::move(rows)](
                          const std::function<Status(std::string_view)>& use) -> Status {
            for (const std::string& row : rows) {
              if (auto used = use(row); !used) return used;
            }
            return {};
          }};
}

// What a JSONL or CSV output consists of.
struct Written {
  std::vector<std::string> files;
  std::vector<Note> notes;
  const std::string& text() const { return files.front(); }
};

inline Written WriteText(const RecordTable& table) {
  StringSink out;
  const auto report = WriteRecords({table}, out);
  EXPECT_TRUE(report) << (report ? "" : report.error().message);
  out.NextFile();
  return {.files = out.files, .notes = report ? report->notes : std::vector<Note>()};
}

inline std::string TextOf(std::vector<std::string> rows, OutputSpec output) {
  return WriteText(TableOf(std::move(rows), std::move(output))).text();
}

inline Error ErrorOf(const std::vector<RecordTable>& tables) {
  const TempDir folder;
  FileSink out(folder.path());
  const auto report = WriteRecords(tables, out);
  EXPECT_FALSE(report);
  return report ? Error{Code::kFatal, "it was written"} : report.error();
}

// An SQLite output, as a reader sees it.
class SqliteFile {
 public:
  explicit SqliteFile(const std::vector<RecordTable>& tables) : sink_(folder_.path()) {
    const auto report = WriteRecords(tables, sink_);
    EXPECT_TRUE(report) << (report ? "" : report.error().message);
    if (report) notes = report->notes;
    sqlite3* database = nullptr;
    EXPECT_EQ(sqlite3_open_v2(sink_.File(1).c_str(), &database, SQLITE_OPEN_READONLY, nullptr),
              SQLITE_OK);
    database_.reset(database);
  }

  // The rows of a query, a line each: values as SQL literals, so that 1, 1.0, '1' and NULL differ.
  std::string Query(const std::string& sql) {
    std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> statement(nullptr, &sqlite3_finalize);
    sqlite3_stmt* prepared = nullptr;
    EXPECT_EQ(sqlite3_prepare_v2(database_.get(), sql.c_str(), -1, &prepared, nullptr), SQLITE_OK)
        << sqlite3_errmsg(database_.get());
    statement.reset(prepared);
    std::string lines;
    while (prepared != nullptr && sqlite3_step(prepared) == SQLITE_ROW) {
      for (int i = 0; i < sqlite3_column_count(prepared); ++i) {
        lines += (i == 0 ? "" : "|") + Literal(prepared, i);
      }
      lines += '\n';
    }
    return lines;
  }
  std::string Bytes() const { return ReadFile(sink_.File(1)); }

  std::vector<Note> notes;

 private:
  static std::string Literal(sqlite3_stmt* row, int column) {
    switch (sqlite3_column_type(row, column)) {
      case SQLITE_INTEGER:
        return std::to_string(sqlite3_column_int64(row, column));
      case SQLITE_FLOAT: {
        const std::string text = fmt::format("{}", sqlite3_column_double(row, column));
        return text.find_first_of(".en") == text.npos ? text + ".0" : text;
      }
      case SQLITE_NULL:
        return "NULL";
      default: {
        const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(row, column));
        return "'" +
               std::string(text, static_cast<std::size_t>(sqlite3_column_bytes(row, column))) + "'";
      }
    }
  }

  TempDir folder_;
  FileSink sink_;
  std::unique_ptr<sqlite3, int (*)(sqlite3*)> database_{nullptr, &sqlite3_close};
};

}  // namespace sluice
