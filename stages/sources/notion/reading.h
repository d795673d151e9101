// Reading an answer of the Notion API, whatever it was asked for. Pure, and thread-safe with it.
#pragma once

#include <string_view>

#include "stages/sources/notion/notion_options.h"
#include "stages/sources/source.h"

namespace sluice::notion {

// See Source::Read. An error object in an answer of status 2xx is judged by the status it states.
Result<Reading> ReadAnswer(const Request& request, BodyView body, const NotionOptions& options,
                           WallMs now_ms);

// See Source::FirstRequests and Source::RequestsForUnlisted.
std::vector<Request> OpeningRequests(const NotionOptions& options);
std::vector<Request> RequestsFor(const DocumentRow& document);

}  // namespace sluice::notion
