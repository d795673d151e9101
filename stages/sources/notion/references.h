// References: the documents that a piece of JSON shows by path or by name.
#pragma once

#include <string_view>
#include <vector>

#include "stages/sources/notion/json.h"
#include "stages/sources/notion/notion_options.h"
#include "stages/sources/source.h"

namespace sluice::notion {

struct Reference {
  DocumentId id;
  std::string_view kind;  // "page", "database", "user"; empty: a plain link, mentioned only
};

// Every mention of a page, database or nameless person and every relation target at any depth of
// `json`: rich text, captions, table cells, property values. In the order of their appearance.
std::vector<Reference> FindReferences(Json json);
// Those of a block: its payload's, and where it is itself a link.
std::vector<Reference> BlockReferences(Json block);

// Adds the ids to `mentions`, and to `reading` what to try once for those that no listing gives:
// optional hints. A job with roots follows no links to pages and databases, which would lead out of
// them; people only count where the job includes users.
void AddReferences(const std::vector<Reference>& references, const NotionOptions& options,
                   std::vector<DocumentId>& mentions, Reading& reading);

// Sorts and dedups the mentions, and drops hints that say nothing new in this reading.
void Tidy(Reading& reading);

}  // namespace sluice::notion
