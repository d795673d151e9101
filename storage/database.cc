#include "storage/database.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <string>

namespace sluice {
namespace {

// Long enough for a person's query in the sqlite3 shell, short enough to be noticed.
constexpr int kBusyTimeoutMs = 5000;

const std::filesystem::path& Created(const std::filesystem::path& file) {
  // SQLite would create it 0644 under the usual umask. Never opened this way once it is in use:
  // closing a second descriptor of the file drops SQLite's POSIX locks.
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd >= 0) ::close(fd);
  return file;
}

// SQLite keeps an index beside a file with a log even to read it, unless it is told that the file
// cannot change.
bool CannotChange(const std::filesystem::path& file) {
  const std::filesystem::path folder = file.has_parent_path() ? file.parent_path() : ".";
  if (::access(folder.c_str(), W_OK) == 0 || (errno != EROFS && errno != EACCES)) return false;
  const std::string log = file.string() + "-wal";
  std::error_code error;
  const auto bytes = std::filesystem::file_size(log, error);
  if (error || bytes == 0) return true;
  if (std::filesystem::exists(file.string() + "-shm", error)) return false;
  throw SQLite::Exception(
      fmt::format("its folder cannot be written, and {} holds what is not in the file yet; copy "
                  "the folder to where it can be written, and read it there",
                  log),
      SQLITE_READONLY_RECOVERY);
}

std::string Uri(const std::filesystem::path& file) {
  std::string uri = "file://";
  for (const char c : std::filesystem::absolute(file).string()) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = std::isalnum(byte) != 0 || c == '/' || c == '.' || c == '-' || c == '_';
    uri += plain ? std::string(1, c) : fmt::format("%{:02X}", byte);
  }
  return uri + "?immutable=1";
}

std::string NameFor(const std::filesystem::path& file, Database::Mode mode) {
  if (mode == Database::Mode::kReadWrite) return Created(file).string();
  // Absolute, so that a folder named "file:..." is no URI.
  return CannotChange(file) ? Uri(file) : std::filesystem::absolute(file).string();
}

}  // namespace

Database::Database(const std::filesystem::path& file, Mode mode)
    : db_(NameFor(file, mode),
          mode == Mode::kReadWrite ? SQLite::OPEN_READWRITE
                                   : SQLite::OPEN_READONLY | SQLite::OPEN_URI,
          kBusyTimeoutMs) {
  sqlite3_db_config(db_.getHandle(), SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  // Ours has no triggers: one that is there was put there by somebody else.
  sqlite3_db_config(db_.getHandle(), SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
  db_.exec("PRAGMA trusted_schema = OFF");
  // There is one writer but a reader for every lookup and transform at work; what they read, each
  // body once, the page cache of the kernel holds for all of them.
  db_.exec(mode == Mode::kReadWrite ? "PRAGMA cache_size = -8000" : "PRAGMA cache_size = -1000");
  if (mode == Mode::kReadOnly) {
    db_.exec("PRAGMA query_only = ON");
    return;
  }
  db_.exec("PRAGMA auto_vacuum = INCREMENTAL");  // only takes effect before the first table
  db_.exec("PRAGMA journal_mode = WAL");
  db_.exec("PRAGMA synchronous = FULL");
  db_.exec("PRAGMA wal_autocheckpoint = 2000");
  db_.exec("PRAGMA journal_size_limit = 67108864");
}

void Database::Rollback() noexcept {
  sqlite3_exec(db_.getHandle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

Statement::Run::~Run() {
  statement_.tryReset();
  try {
    statement_.clearBindings();
  } catch (const SQLite::Exception&) {
    // Cannot fail on a statement that was just reset.
  }
}

Statement::Run& Statement::Run::Bind(std::int64_t value) {
  statement_.bind(next_++, value);
  return *this;
}

Statement::Run& Statement::Run::Bind(const std::string& text) {
  statement_.bindNoCopy(next_++, text);
  return *this;
}

Statement::Run& Statement::Run::BindBlob(std::string_view bytes) {
  const char* data = bytes.data() == nullptr ? "" : bytes.data();  // NULL would bind NULL
  statement_.bindNoCopy(next_++, data, static_cast<int>(bytes.size()));
  return *this;
}

Statement::Run& Statement::Run::BindBlob(const Hash128& hash) {
  return BindBlob(std::string_view(reinterpret_cast<const char*>(hash.data()), hash.size()));
}

Statement::Run& Statement::Run::BindNull() {
  statement_.bind(next_++);
  return *this;
}

int Statement::Run::Done() {
  while (statement_.executeStep()) {
  }
  return statement_.getChanges();
}

std::int64_t Statement::Run::Int(int column) const { return statement_.getColumn(column); }

std::string Statement::Run::Text(int column) const {
  return statement_.getColumn(column).getString();
}

std::string_view Statement::Run::Blob(int column) const {
  const SQLite::Column value = statement_.getColumn(column);
  const auto* bytes = static_cast<const char*>(value.getBlob());
  return bytes == nullptr ? std::string_view()
                          : std::string_view(bytes, static_cast<std::size_t>(value.getBytes()));
}

bool Statement::Run::IsNull(int column) const { return statement_.getColumn(column).isNull(); }

}  // namespace sluice
