#include "stages/sources/notion/database.h"
#include "stages/sources/notion/notion_source.h"
#include "stages/sources/notion/page.h"

namespace sluice::notion {

Result<Rendering> NotionSource::Render(const DocumentRow& document, DocumentInputs& inputs,
                                       TextSink& out) const {
  if (document.kind == "page") {
    return RenderPage(document, inputs, {.comments = options_.comments}, out);
  }
  if (document.kind == "database") return RenderDatabaseCsv(document, inputs, out);
  return Fail(Code::kFatal,
              "document " + document.id.value + ": a " + document.kind + " has no file to render");
}

}  // namespace sluice::notion
