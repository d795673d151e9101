// The requests of the Notion API that an export sends, each built in one place, so that what the
// walk asks for and what a rendering looks up are the same request (and so the same cache key).
//
// Document ids: pages, databases and data sources are named by their dashed lower-case UUID;
// users by "user:<uuid>" (they have no file; their title is their name).
#pragma once

#include <string>
#include <string_view>

#include "storage/records.h"

namespace sluice::notion {

// Which shape of the API is spoken. Responses of either shape are read whatever was asked for.
enum class ApiVersion {
  k2022_06_28,  // databases hold the schema and are queried themselves
  k2025_09_03,  // databases contain data sources, which hold the schema and are queried
};
std::string_view VersionHeader(ApiVersion version);

// "0123ABCD..." or "01234567-..." -> dashed lower case; empty when it is not a UUID.
std::string DashedId(std::string_view id);
// The 32 hex digits of an id, as file names carry them.
std::string HexId(std::string_view id);
DocumentId UserDocument(std::string_view user_id);

// `cursor` empty: the first page of a list. Lists ask for 100 a page, the most the API gives.

// Everything the token sees, pages and databases in one list (no filter: half the requests).
Request SearchRequest(std::string_view cursor);
Request ChildrenRequest(const DocumentId& document, const Revision& revision,
                        std::string_view block_id, std::string_view cursor, int depth);
Request CommentsRequest(const DocumentId& document, const Revision& revision,
                        std::string_view block_id, std::string_view cursor);
Request PropertyRequest(const DocumentId& document, const Revision& revision,
                        std::string_view property_id, std::string_view cursor);
Request PageRequest(std::string_view page_id);
Request DatabaseRequest(std::string_view database_id);
Request DataSourceRequest(std::string_view data_source_id);
Request UserRequest(std::string_view user_id);
// Rows in the order of their creation, which no edit changes. `created_from` (ISO time, empty: from
// the beginning) opens the next window where a query ended at the API's 10,000 rows.
Request QueryRequest(ApiVersion version, const DocumentId& database, std::string_view cursor,
                     std::string_view created_from);

}  // namespace sluice::notion
