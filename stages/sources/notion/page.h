// A page as one Markdown file: front matter, title, blocks, comments.
#pragma once

#include "stages/sources/source.h"

namespace sluice::notion {

struct RenderOptions {
  bool comments = false;  // they were asked for, so their answers are stored
};

// Writes the page to `out`. Depends on `inputs` alone. Rendering::missing names every stored answer
// that was not there; the text is then not complete. Fails on damaged input.
Result<Rendering> RenderPage(const DocumentRow& page, DocumentInputs& inputs,
                             const RenderOptions& options, TextSink& out);

}  // namespace sluice::notion
