#include "storage/inherit.h"

#include <string>

#include "storage/database.h"
#include "storage/schema.h"

namespace sluice {

Status InheritOutputs(const std::filesystem::path& file, const std::filesystem::path& old_file) {
  return CatchSqlite(old_file, [&]() -> Status {
    {
      Database old(old_file, Database::Mode::kReadWrite);
      if (auto status = CheckVersion(old, old_file); !status) return status;
    }
    Database database(file, Database::Mode::kReadWrite);
    if (auto status = PrepareSchema(database, file); !status) return status;
    const std::string name = old_file.string();
    Statement attach(database, "ATTACH ? AS old");
    attach.Use().Bind(name).Done();
    database.Exec(R"sql(
      INSERT OR IGNORE INTO publishing(path, sha256, source_id, bytes)
      SELECT path, sha256, '', bytes FROM old.outputs
      UNION ALL SELECT path, sha256, '', bytes FROM old.publishing)sql");
    return {};
  });
}

}  // namespace sluice
