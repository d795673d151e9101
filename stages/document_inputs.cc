#include "stages/document_inputs.h"

namespace sluice {

Result<StoredResponse> StoredInputs::Response(const Request& request) {
  auto found = Noted(reader_.FindResponse(request, oldest_ms_));
  if (!found) return Fail(found.error());
  if (!*found) return Fail(Code::kNotFound, RequestText(request) + ": not stored");
  return std::move(**found);
}

Result<std::string> StoredInputs::Object(const DocumentId& id) {
  return Noted(reader_.Object(id));
}

std::optional<DocumentRow> StoredInputs::Find(const DocumentId& id) {
  auto found = Noted(reader_.FindDocument(id));
  return found ? std::move(*found) : std::nullopt;
}

}  // namespace sluice
