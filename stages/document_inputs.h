// DocumentInputs over the state: what a rendering reads, one stored thing at a time.
//
// Not thread-safe: one document, one thread. Borrows `reader`.
#pragma once

#include "stages/sources/source.h"
#include "storage/store_reader.h"

namespace sluice {

class StoredInputs final : public DocumentInputs {
 public:
  // `oldest_ms`: how old a stored response without a revision may be.
  StoredInputs(StoreReader& reader, WallMs oldest_ms) : reader_(reader), oldest_ms_(oldest_ms) {}

  Result<StoredResponse> Response(const Request& request) override;
  Result<std::string> Object(const DocumentId& id) override { return reader_.Object(id); }
  // A state that cannot be read counts as nothing seen; the commit will say why.
  std::optional<DocumentRow> Find(const DocumentId& id) override;
  Status ForEachChild(const DocumentId& parent, std::string_view kind,
                      const std::function<bool(const DocumentRow&)>& use) override {
    return reader_.ForEachChild(parent, kind, use);
  }
  Status ForEachRow(const DocumentId& collection,
                    const std::function<bool(const Row&)>& use) override {
    return reader_.ForEachRow(collection, use);
  }

 private:
  StoreReader& reader_;
  const WallMs oldest_ms_;
};

}  // namespace sluice
