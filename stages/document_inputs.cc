#include "stages/document_inputs.h"

namespace sluice {

Result<StoredResponse> StoredInputs::Response(const Request& request) {
  auto found = reader_.FindResponse(request, oldest_ms_);
  if (!found) return Fail(found.error());
  if (!*found) return Fail(Code::kNotFound, RequestText(request) + ": not stored");
  return std::move(**found);
}

std::optional<DocumentRow> StoredInputs::Find(const DocumentId& id) {
  auto found = reader_.FindDocument(id);
  return found ? std::move(*found) : std::nullopt;
}

}  // namespace sluice
