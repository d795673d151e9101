#include "storage/inherit.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <initializer_list>
#include <string>

#include "storage/beneath.h"
#include "storage/database.h"
#include "storage/schema.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;

fs::path Beside(const fs::path& file, const char* suffix) { return file.string() + suffix; }

Status RemoveFiles(const fs::path& file, std::initializer_list<const char*> suffixes) {
  for (const char* suffix : suffixes) {
    std::error_code error;
    if (!fs::exists(Beside(file, suffix), error)) continue;
    fs::remove(Beside(file, suffix), error);
    if (error) {
      return Fail(Code::kDisk, fmt::format("{}{}: cannot be removed: {}", file.string(), suffix,
                                           error.message()));
    }
  }
  return {};
}

// The logs first (a state that is just being made has a journal): one that outlived its file would
// be played into the next of that name.
Status RemoveState(const fs::path& file) {
  return RemoveFiles(file, {"-wal", "-shm", "-journal", ""});
}

// Everything that the log holds goes into the file, which is then whole without it.
Status FoldLog(Database& database, const fs::path& file) {
  Statement fold(database, "PRAGMA wal_checkpoint(TRUNCATE)");
  auto run = fold.Use();
  if (run.Next() && run.Int(0) == 0) return {};
  return Fail(Code::kLocked,
              fmt::format("{} is read by another program; end it and run again", file.string()));
}

Status Inherit(const fs::path& next, const fs::path& file) {
  return CatchSqlite(file, [&]() -> Status {
    {
      Database old(file, Database::Mode::kReadWrite);
      if (auto status = PrepareSchema(old, file); !status) return status;
      if (auto status = FoldLog(old, file); !status) return status;
    }
    Database database(next, Database::Mode::kReadWrite);
    if (auto status = PrepareSchema(database, next); !status) return status;
    const std::string name = file.string();
    Statement attach(database, "ATTACH ? AS old");
    attach.Use().Bind(name).Done();
    database.Exec(R"sql(
      INSERT OR IGNORE INTO publishing(path, sha256, source_id, bytes)
      SELECT path, sha256, '', bytes FROM old.outputs
      UNION ALL SELECT path, sha256, '', bytes FROM old.publishing)sql");
    return FoldLog(database, next);
  });
}

Status TakePlace(const fs::path& next, const fs::path& file) {
  // Folded and closed, neither has anything in its log; what a reader kept open is empty.
  if (auto removed = RemoveFiles(next, {"-wal", "-shm", "-journal"}); !removed) return removed;
  if (auto removed = RemoveFiles(file, {"-wal", "-shm", "-journal"}); !removed) return removed;
  std::error_code error;
  fs::rename(next, file, error);
  if (error) return DiskError(error.value(), "rename", next.string());
  const std::string folder = file.parent_path().string();
  const UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd || ::fsync(fd.get()) != 0) return DiskError(errno, "fsync", folder);
  return {};
}

}  // namespace

Status ForgetState(const fs::path& file) {
  if (auto swept = SweepForgotten(file); !swept) return swept;
  if (std::error_code error; !fs::exists(file, error)) return RemoveState(file);
  const fs::path next = Beside(file, ".new");
  const Status inherited = Inherit(next, file);
  if (inherited) return TakePlace(next, file);
  // Where the disk is full or the state in use, forgetting it now would turn files into edits.
  const Code code = inherited.error().code;
  if (auto removed = RemoveState(next); !removed) return removed;
  if (code == Code::kDisk || code == Code::kLocked) return inherited;
  return RemoveState(file);
}

// ".old": builds before this one moved the state there first.
Status SweepForgotten(const fs::path& file) {
  if (auto removed = RemoveState(Beside(file, ".new")); !removed) return removed;
  return RemoveState(Beside(file, ".old"));
}

}  // namespace sluice
