// Reading one block of a children list: what is below it, and what it shows of other documents.
#pragma once

#include <string>

#include "stages/sources/notion/json.h"
#include "stages/sources/notion/notion_options.h"
#include "stages/sources/source.h"

namespace sluice::notion {

// `request` is the children list that holds the block, `listed` the block (or page) it lists.
void ReadBlock(Json block, const Request& request, const std::string& listed,
               const NotionOptions& options, Reading& reading);

}  // namespace sluice::notion
