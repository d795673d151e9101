// The schema of the state file: its version, how it is created and checked, and how SQLite's
// exceptions become Results at the border of storage/.
#pragma once

#include <filesystem>
#include <stdexcept>
#include <type_traits>

#include "storage/base/result.h"
#include "storage/database.h"
#include "storage/frontier.h"

namespace sluice {

// user_version of the state files this build writes. A change of schema.sql raises it, and
// schema.cc says how the version before becomes this one; states before 3 are refused.
inline constexpr int kSchemaVersion = 4;
// application_id: "slce".
inline constexpr int kApplicationId = 0x736c6365;

// Creates the schema in an empty file, in one transaction; brings an older one up to date,
// likewise; checks the version of any other. Code::kDamaged where the file belongs to something
// else or to another version of sluice.
Status PrepareSchema(Database& database, const std::filesystem::path& file);
// Code::kDamaged unless the file is a state of exactly this version.
Status CheckVersion(Database& database, const std::filesystem::path& file);

// Code::kDamaged where a table and its indexes do not agree: a damaged index hides rows, and
// nothing else would notice. Reads the tables whose rows are found through an index and end in an
// output; not the bodies, which carry checksums.
Status CheckIndexes(Database& database, const std::filesystem::path& file);

// The class of a SQLite error: full disk and I/O are kDisk, a broken file is kDamaged.
Error ToError(const SQLite::Exception& exception, const std::filesystem::path& file);

// Runs `work`; a SQLite::Exception or DamagedRow that leaves it becomes an Error.
template <class Work>
auto CatchSqlite(const std::filesystem::path& file, Work&& work) -> std::invoke_result_t<Work> {
  try {
    return work();
  } catch (const SQLite::Exception& exception) {
    return Fail(ToError(exception, file));
  } catch (const DamagedRow& damage) {
    return Fail(Code::kDamaged,
                std::string(damage.what()) + "; move the state away or run with --fresh");
  }
}

}  // namespace sluice
