#include "storage/state_job.h"

#include "storage/database.h"
#include "storage/schema.h"

namespace sluice {
namespace {

Result<StateJob> Read(const std::filesystem::path& file) {
  return CatchSqlite(file, [&]() -> Result<StateJob> {
    Database database(file, Database::Mode::kReadOnly);
    StateJob job;
    {
      Statement fingerprint(database, "SELECT value FROM meta WHERE key = 'fingerprint'");
      auto run = fingerprint.Use();
      if (run.Next()) job.fingerprint = run.Text(0);
    }
    Statement parts(database, R"sql(
      SELECT title FROM documents d
       WHERE known AND (EXISTS (SELECT 1 FROM collections c WHERE c.id = d.id)
                        OR EXISTS (SELECT 1 FROM needs n WHERE n.document = d.id)))sql");
    auto run = parts.Use();
    while (run.Next()) job.parts.insert(run.Text(0));
    return job;
  });
}

}  // namespace

std::optional<StateJob> ReadStateJob(const std::filesystem::path& state_file) {
  if (std::error_code error; !std::filesystem::exists(state_file, error)) return std::nullopt;
  auto job = Read(state_file);
  return job ? std::optional(std::move(*job)) : std::nullopt;
}

}  // namespace sluice
