// DocumentInputs over the state: what a rendering reads, one stored thing at a time.
//
// A state that cannot be read is not a state that lacks something: what was rendered counts only
// where status() is good afterwards.
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
  Result<std::string> Object(const DocumentId& id) override;
  std::optional<DocumentRow> Find(const DocumentId& id) override;
  Status ForEachChild(const DocumentId& parent, std::string_view kind,
                      const std::function<bool(const DocumentRow&)>& use) override {
    return Noted(reader_.ForEachChild(parent, kind, use));
  }
  Status ForEachRow(const DocumentId& collection,
                    const std::function<bool(const Row&)>& use) override {
    return Noted(reader_.ForEachRow(collection, use));
  }

  // The first error of the state that any of the calls above met.
  const Status& status() const { return status_; }

 private:
  template <class T>
  T Noted(T result) {
    const bool broken = !result && result.error().code != Code::kNotFound;
    if (broken && status_) status_ = Fail(result.error());
    return result;
  }

  StoreReader& reader_;
  const WallMs oldest_ms_;
  Status status_;
};

}  // namespace sluice
