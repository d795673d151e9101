// Reading lists: search, rows, block children, comments, property items. One answer is one page of
// a list; what comes next is in its requests.
#pragma once

#include "stages/sources/notion/asked.h"
#include "stages/sources/notion/notion_options.h"
#include "stages/sources/notion/parsed_answer.h"
#include "stages/sources/source.h"

namespace sluice::notion {

// REQUIRES: `asked` is ParseRequest(request), a list. A list that cannot be followed to its end
// (a repeated cursor, the API's limit of 10,000 results) is read as far as it goes and says so in
// Reading::shortfall. Code::kInvalid where the answer is no list; Code::kTransient where a long one
// is broken.
Result<Reading> ReadList(const Request& request, const Asked& asked, const ParsedAnswer& answer,
                         const NotionOptions& options, WallMs now_ms);

}  // namespace sluice::notion
