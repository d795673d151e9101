#include "stages/sources/notion/asked.h"

#include <fmt/format.h>

#include "storage/base/check.h"

namespace sluice::notion {
namespace {

bool Take(std::string_view prefix, std::string_view& text) {
  if (text.substr(0, prefix.size()) != prefix) return false;
  text.remove_prefix(prefix.size());
  return true;
}

// What stands before `end` (or all of it); `text` keeps what follows.
std::string TakeUntil(char end, std::string_view& text) {
  const std::size_t length = std::min(text.find(end), text.size());
  std::string taken(text.substr(0, length));
  text.remove_prefix(std::min(length + 1, text.size()));
  return taken;
}

Asked ParsePage(std::string_view path) {
  Asked asked{.subject = Subject::kPage, .id = TakeUntil('/', path)};
  if (!Take("properties/", path)) return asked;
  asked.subject = Subject::kProperty;
  asked.property = path;
  return asked;
}

Asked ParseCollection(std::string_view path, Subject object, ApiVersion version) {
  Asked asked{.subject = object, .id = TakeUntil('/', path), .version = version};
  if (path == "query") asked.subject = Subject::kQuery;
  return asked;
}

Asked ParsePath(std::string_view path, std::string_view query) {
  if (path == "/v1/search") return {.subject = Subject::kSearch};
  if (path == "/v1/comments" && Take("block_id=", query)) {
    return {.subject = Subject::kComments, .id = TakeUntil('&', query)};
  }
  if (Take("/v1/blocks/", path)) {
    return {.subject = Subject::kChildren, .id = TakeUntil('/', path)};
  }
  if (Take("/v1/pages/", path)) return ParsePage(path);
  if (Take("/v1/databases/", path)) {
    return ParseCollection(path, Subject::kDatabase, ApiVersion::k2022_06_28);
  }
  if (Take("/v1/data_sources/", path)) {
    return ParseCollection(path, Subject::kDataSource, ApiVersion::k2025_09_03);
  }
  if (Take("/v1/users/", path)) return {.subject = Subject::kUser, .id = std::string(path)};
  return {};
}

}  // namespace

Asked ParseRequest(const Request& request) {
  std::string_view query = request.target;
  const std::string path = TakeUntil('?', query);
  Asked asked = ParsePath(path, query);
  asked.continued = query.find("start_cursor=") != query.npos ||
                    request.body.find("\"start_cursor\"") != std::string::npos;
  return asked;
}

std::string Describe(const Request& request) {
  const Asked asked = ParseRequest(request);
  switch (asked.subject) {
    case Subject::kSearch:
      return "search";
    case Subject::kQuery:
      return "rows of database " + asked.id;
    case Subject::kChildren:
      return fmt::format("children of block {} (page {})", asked.id, request.document.value);
    case Subject::kComments:
      return "comments of page " + asked.id;
    case Subject::kProperty:
      return fmt::format("property {} of page {}", asked.property, asked.id);
    case Subject::kPage:
      return "page " + asked.id;
    case Subject::kDatabase:
      return "database " + asked.id;
    case Subject::kDataSource:
      return "data source " + asked.id;
    case Subject::kUser:
      return "user " + asked.id;
    case Subject::kUnknown:
      break;
  }
  return request.method + " " + request.target;
}

Request ListRequest(const Request& request, const Asked& asked, std::string_view cursor,
                    std::string_view created_from) {
  switch (asked.subject) {
    case Subject::kSearch:
      return SearchRequest(cursor);
    case Subject::kQuery:
      return QueryRequest(asked.version, DocumentId(asked.id), cursor, created_from);
    case Subject::kChildren:
      return ChildrenRequest(request.document, request.revision, asked.id, cursor, request.depth);
    case Subject::kComments:
      return CommentsRequest(request.document, request.revision, asked.id, cursor);
    case Subject::kProperty:
      return PropertyRequest(request.document, request.revision, asked.property, cursor);
    default:
      break;
  }
  SLUICE_CHECK(!"a request for a list");
  return {};
}

}  // namespace sluice::notion
