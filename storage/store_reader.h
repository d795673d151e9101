// What a stage may ask of the state while it works. Reads only; every call is one short statement,
// so that no snapshot stays open and keeps the write-ahead log from being reset.
//
// Not thread-safe: one reader a thread. Sees what was committed when the call is made.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "storage/records.h"
#include "storage/response_memory.h"

namespace sluice {

class StoreReader {
 public:
  // Opens the state file of an export. Code::kDamaged: it is not one, or of an unknown version.
  // `spill`: where long answers go that are read; see BodyWriter. It must outlive the reader.
  static Result<std::unique_ptr<StoreReader>> Open(const std::filesystem::path& file,
                                                   const SpillDir* spill = nullptr);
  // From now on asks `memory` first, and tells it what it read. It must outlive the reader.
  void UseMemory(ResponseMemory& memory);
  ~StoreReader();

  // The stored answer to `request`, however old and of whichever revision. nullopt: a miss (a
  // damaged entry counts as one).
  Result<std::optional<StoredResponse>> FindStored(const Request& request);
  // The stored answer to `request`: of the same revision where it has one, else not older than
  // `oldest_ms`. nullopt: a miss (a damaged entry counts as one).
  Result<std::optional<StoredResponse>> FindResponse(const Request& request, WallMs oldest_ms);
  // The object of a document. Code::kNotFound: not stored, or damaged.
  Result<std::string> Object(const DocumentId& id);
  // By id or alias.
  Result<std::optional<DocumentRow>> FindDocument(const DocumentId& id);
  // Known documents under `parent`, in the order of their ids, until `use` returns false.
  Status ForEachChild(const DocumentId& parent, std::string_view kind,
                      const std::function<bool(const DocumentRow&)>& use);
  // The rows of a collection in the order of their positions, until `use` returns false.
  // Code::kDamaged: a row is not what was stored, or there are not as many as were.
  Status ForEachRow(const DocumentId& collection, const std::function<bool(const Row&)>& use);

 private:
  struct State;
  explicit StoreReader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace sluice
