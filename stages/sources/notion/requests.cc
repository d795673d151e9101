#include "stages/sources/notion/requests.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "stages/http/percent.h"

namespace sluice::notion {
namespace {

constexpr int kPageSize = 100;

std::string PageQuery(std::string_view cursor) {
  std::string query = fmt::format("page_size={}", kPageSize);
  if (!cursor.empty()) query += "&start_cursor=" + PercentEncode(cursor);
  return query;
}

// Keys are sorted by nlohmann::json, so equal requests have equal text.
nlohmann::json PageBody(std::string_view cursor) {
  nlohmann::json body = {{"page_size", kPageSize}};
  if (!cursor.empty()) body["start_cursor"] = cursor;
  return body;
}

}  // namespace

std::string_view VersionHeader(ApiVersion version) {
  return version == ApiVersion::k2022_06_28 ? "2022-06-28" : "2025-09-03";
}

std::string HexId(std::string_view id) {
  std::string hex;
  for (const char c : id) {
    if (c == '-') continue;
    const bool digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    const bool upper = c >= 'A' && c <= 'F';
    if (!digit && !upper) return {};
    hex.push_back(upper ? static_cast<char>(c - 'A' + 'a') : c);
  }
  return hex.size() == 32 ? hex : std::string();
}

std::string DashedId(std::string_view id) {
  const std::string hex = HexId(id);
  if (hex.empty()) return {};
  return fmt::format("{}-{}-{}-{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 4),
                     hex.substr(16, 4), hex.substr(20));
}

DocumentId UserDocument(std::string_view user_id) {
  return DocumentId("user:" + std::string(user_id));
}

Request SearchRequest(std::string_view cursor) {
  nlohmann::json body = PageBody(cursor);
  body["sort"] = {{"timestamp", "last_edited_time"}, {"direction", "ascending"}};
  return {.operation = "search",
          .method = "POST",
          .target = "/v1/search",
          .body = body.dump(),
          .listing = true};
}

Request ChildrenRequest(const DocumentId& document, const Revision& revision,
                        std::string_view block_id, std::string_view cursor, int depth) {
  return {.operation = "blocks",
          .target = fmt::format("/v1/blocks/{}/children?{}", block_id, PageQuery(cursor)),
          .document = document,
          .revision = revision,
          .depth = depth};
}

Request CommentsRequest(const DocumentId& document, const Revision& revision,
                        std::string_view block_id, std::string_view cursor) {
  return {.operation = "comments",
          .target = fmt::format("/v1/comments?block_id={}&{}", block_id, PageQuery(cursor)),
          .document = document,
          .revision = revision};
}

Request PropertyRequest(const DocumentId& document, const Revision& revision,
                        std::string_view property_id, std::string_view cursor) {
  // Property ids arrive percent-encoded already; encoding them again is answered with 404.
  return {.operation = "properties",
          .target = fmt::format("/v1/pages/{}/properties/{}?{}", document.value, property_id,
                                PageQuery(cursor)),
          .document = document,
          .revision = revision};
}

Request PageRequest(std::string_view page_id) {
  return {.operation = "pages",
          .target = fmt::format("/v1/pages/{}", page_id),
          .document = DocumentId(std::string(page_id))};
}

Request DatabaseRequest(std::string_view database_id) {
  return {.operation = "databases",
          .target = fmt::format("/v1/databases/{}", database_id),
          .document = DocumentId(std::string(database_id))};
}

Request DataSourceRequest(std::string_view data_source_id) {
  return {.operation = "databases",
          .target = fmt::format("/v1/data_sources/{}", data_source_id),
          .document = DocumentId(std::string(data_source_id))};
}

Request UserRequest(std::string_view user_id) {
  return {.operation = "users",
          .target = fmt::format("/v1/users/{}", user_id),
          .document = UserDocument(user_id)};
}

Request QueryRequest(ApiVersion version, const DocumentId& database, std::string_view cursor,
                     std::string_view created_from) {
  nlohmann::json body = PageBody(cursor);
  body["sorts"] = {{{"timestamp", "created_time"}, {"direction", "ascending"}}};
  if (!created_from.empty()) {
    body["filter"] = {{"timestamp", "created_time"},
                      {"created_time", {{"on_or_after", created_from}}}};
  }
  const std::string_view collection =
      version == ApiVersion::k2022_06_28 ? "databases" : "data_sources";
  return {.operation = "databases",
          .method = "POST",
          .target = fmt::format("/v1/{}/{}/query", collection, database.value),
          .body = body.dump(),
          .document = database,
          .listing = true};
}

}  // namespace sluice::notion
