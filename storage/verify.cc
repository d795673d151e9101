#include "storage/verify.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>
#include <utility>

#include "storage/beneath.h"
#include "storage/database.h"
#include "storage/file_state.h"
#include "storage/identity.h"
#include "storage/manifest.h"
#include "storage/schema.h"

namespace sluice {
namespace {

// Rows a statement hands out before it is reset, so that no snapshot grows old.
constexpr int kBatch = 1000;

class Verifier {
 public:
  Verifier(Database& database, const std::filesystem::path& root, std::size_t problems_max)
      : database_(database),
        root_(root),
        problems_max_(problems_max),
        root_fd_(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {}

  Verification Run() {
    CheckRuns();
    CheckFrontier();
    CheckCollections();
    CheckDocuments();
    CheckOutputs();
    CountOtherFiles();
    return std::move(found_);
  }

 private:
  void Add(std::string problem) {
    if (found_.problems.size() < problems_max_) found_.problems.push_back(std::move(problem));
    ++found_.problems_total;
  }

  void CheckRuns();
  void CheckFinished();
  void CheckFrontier();
  void CheckCollections();
  void CheckDocuments();
  void CheckOutputs();
  void CheckOutput(const OutputRow& row);
  void CountOtherFiles();
  bool IsOutput(const std::string& path);

  Database& database_;
  const std::filesystem::path& root_;
  const std::size_t problems_max_;
  const UniqueFd root_fd_;
  Verification found_;
};

void Verifier::CheckRuns() {
  Statement last(database_, R"sql(
    SELECT started, finished, outcome, message FROM v_runs ORDER BY run DESC LIMIT 1)sql");
  auto run = last.Use();
  if (!run.Next()) return Add("no run has begun");
  if (run.IsNull(1)) {
    return Add(fmt::format("the run of {} has not ended, or was killed", run.Text(0)));
  }
  if (run.Text(2) == "complete") return CheckFinished();
  Add(fmt::format("the run of {} ended {}: {}", run.Text(0), run.Text(2), run.Text(3)));
}

// A run over nothing ends complete, too.
void Verifier::CheckFinished() {
  Statement finished(database_, "SELECT 1 FROM meta WHERE key = 'finished' AND value = '1'");
  auto run = finished.Use();
  if (!run.Next()) Add("the export has never been finished");
}

void Verifier::CheckFrontier() {
  {
    Statement open(database_, R"sql(
      SELECT kind, count(*) FROM frontier WHERE state = 'queued' GROUP BY kind ORDER BY kind)sql");
    auto run = open.Use();
    while (run.Next()) Add(fmt::format("still to be done: {} {}s", run.Int(1), run.Text(0)));
  }
  {
    Statement failed(database_, "SELECT item, class, last_error FROM v_failures");
    auto run = failed.Use();
    while (run.Next()) {
      Add(fmt::format("{}: failed ({}): {}", run.Text(0), run.Text(1), run.Text(2)));
    }
  }
  Statement shortfalls(database_, "SELECT text FROM notes WHERE kind = 'shortfall' ORDER BY note");
  auto run = shortfalls.Use();
  while (run.Next()) Add(run.Text(0));
}

// Rows of a listing that is not complete prove nothing.
void Verifier::CheckCollections() {
  Statement ended(database_, "SELECT 1 FROM meta WHERE key = 'finished' AND value = 'ended'");
  if (auto run = ended.Use(); run.Next()) {
    Add("the export is to be listed anew: a collection was reset, or a listing was given up");
  }
  Statement unlisted(database_, R"sql(
    SELECT c.id, d.state FROM collections c JOIN documents d ON d.id = c.id
     WHERE d.state <> 'done' ORDER BY c.id)sql");
  auto run = unlisted.Use();
  while (run.Next()) Add(fmt::format("{}: is not listed: {}", run.Text(0), run.Text(1)));
}

void Verifier::CheckDocuments() {
  {
    Statement rows(database_, "SELECT " SLUICE_IDENTITY_COLUMNS ", d.checksum FROM documents d");
    auto run = rows.Use();
    while (run.Next()) VerifyIdentity(run, 0);
  }
  {
    Statement unfinished(database_, R"sql(
      SELECT kind, id, title, state FROM documents
       WHERE extension <> '' AND known AND state NOT IN ('done', 'missing'))sql");
    auto run = unfinished.Use();
    while (run.Next()) {
      Add(fmt::format("{} {} '{}' is not exported: {}", run.Text(0), run.Text(1), run.Text(2),
                      run.Text(3)));
    }
  }
  Statement lost(database_, R"sql(
    SELECT kind, id, title FROM documents d
     WHERE extension <> '' AND known AND state = 'done'
       AND NOT EXISTS (SELECT 1 FROM outputs o WHERE o.source_id = d.id AND o.obsolete = 0))sql");
  auto run = lost.Use();
  while (run.Next()) {
    Add(fmt::format("{} {} '{}' has no output", run.Text(0), run.Text(1), run.Text(2)));
  }
}

void Verifier::CheckOutputs() {
  Statement next(database_, R"sql(
    SELECT path, bytes, sha256 FROM v_outputs WHERE path > ? ORDER BY path LIMIT ?)sql");
  std::vector<OutputRow> batch;
  std::string last;
  do {
    batch.clear();
    {
      auto run = next.Use();
      run.Bind(last).Bind(kBatch);
      while (run.Next()) {
        batch.push_back({.path = run.Text(0), .bytes = run.Int(1), .sha256 = run.Text(2)});
      }
    }
    for (const OutputRow& row : batch) CheckOutput(row);
    if (!batch.empty()) last = batch.back().path;
  } while (!batch.empty());
}

void Verifier::CheckOutput(const OutputRow& row) {
  ++found_.outputs;
  found_.bytes += row.bytes;
  if (!CheckOutputPath(row.path)) return Add(row.path + ": no path of an output; damaged state");
  const UniqueFd fd = OpenBeneath(root_fd_.get(), row.path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (!fd && errno == ENOENT) return Add(row.path + ": missing");
  if (!fd) return Add(DiskError(errno, "open", row.path).value().message);
  const auto there = ReadFileState(fd.get(), WithHash::kYes, row.path);
  if (!there) return Add(there.error().message);
  if (there->bytes != row.bytes) {
    return Add(
        fmt::format("{}: changed: {} bytes instead of {}", row.path, there->bytes, row.bytes));
  }
  if (there->sha256 != row.sha256) {
    Add(fmt::format("{}: changed: SHA-256 {} instead of {}", row.path, there->sha256, row.sha256));
  }
}

// The user may keep files of their own in the folder; they are counted so that they can be known.
void Verifier::CountOtherFiles() {
  namespace fs = std::filesystem;
  std::error_code error;
  const auto options = fs::directory_options::skip_permission_denied;
  for (fs::recursive_directory_iterator at(root_, options, error), end; !error && at != end;
       at.increment(error)) {
    const std::string path = at->path().lexically_relative(root_).string();
    if (path == ".sluice") at.disable_recursion_pending();
    if (std::error_code unknown; !at->is_directory(unknown) && !IsOutput(path)) {
      ++found_.other_files;
    }
  }
}

bool Verifier::IsOutput(const std::string& path) {
  Statement find(database_, "SELECT 1 FROM outputs WHERE path = ?");
  auto run = find.Use();
  run.Bind(path);
  return run.Next();
}

}  // namespace

Result<Verification> VerifyExport(const std::filesystem::path& root,
                                  const std::filesystem::path& state_file,
                                  std::size_t problems_max) {
  if (std::error_code error; !std::filesystem::exists(state_file, error)) {
    return Fail(
        Code::kDisk,
        fmt::format("{}: there is no export here; run `sluice run` or `sluice notion` first",
                    state_file.string()));
  }
  return CatchSqlite(state_file, [&]() -> Result<Verification> {
    Database database(state_file, Database::Mode::kReadOnly);
    if (auto status = CheckVersion(database, state_file); !status) return Fail(status.error());
    if (auto status = CheckIndexes(database, state_file); !status) return Fail(status.error());
    return Verifier(database, root, problems_max).Run();
  });
}

}  // namespace sluice
