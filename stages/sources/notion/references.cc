#include "stages/sources/notion/references.h"

#include <algorithm>
#include <set>

#include "stages/sources/notion/requests.h"

namespace sluice::notion {
namespace {

void AddReference(std::string_view raw_id, std::string_view kind, std::vector<Reference>& found) {
  const std::string id = DashedId(raw_id);
  if (id.empty()) return;
  found.push_back({kind == "user" ? UserDocument(id) : DocumentId(id), kind});
}

void AddIfNameless(Json user, std::vector<Reference>& found) {
  if (GetString(user, "name").empty()) AddReference(GetString(user, "id"), "user", found);
}

void AddMention(Json mention, std::vector<Reference>& found) {
  if (const auto page = Get(mention, "page")) AddReference(GetString(*page, "id"), "page", found);
  for (const std::string_view key : {"database", "data_source"}) {
    const auto database = Get(mention, key);
    if (database) AddReference(GetString(*database, "id"), "database", found);
  }
  // A user's own `object` says what it is; recordings of 2021 lack it.
  const auto user = Get(mention, "user");
  if (user && GetString(*user, "object").empty()) AddIfNameless(*user, found);
}

// "/0123...cdef", "https://www.notion.so/Title-0123...cdef?pvs=4": a plain link into Notion may
// lead to an exported page. Anything else whose path ends in an id does no harm as a mention.
void AddLink(std::string_view href, std::vector<Reference>& found) {
  constexpr std::size_t kHexDigits = 32;
  href = href.substr(0, href.find_first_of("?#"));
  href.remove_prefix(std::min(href.rfind('/') + 1, href.size()));
  if (!HexId(href).empty()) return AddReference(href, "", found);
  if (href.size() > kHexDigits) AddReference(href.substr(href.size() - kHexDigits), "", found);
}

// A page object lists the targets, an item of the property endpoint holds one.
void AddRelation(Json relation, std::vector<Reference>& found) {
  AddReference(GetString(relation, "id"), "page", found);
  ForEach(relation, [&](Json target) { AddReference(GetString(target, "id"), "page", found); });
}

// Recursion is bounded by JsonDocument's limit of 256 levels.
void Walk(Json json, std::vector<Reference>& found) {
  const std::string_view type = GetString(json, "type");
  if (type == "mention") {
    if (const auto mention = Get(json, "mention")) AddMention(*mention, found);
  } else if (type == "relation") {
    if (const auto relation = Get(json, "relation")) AddRelation(*relation, found);
  }
  AddLink(GetString(json, "href"), found);
  if (GetString(json, "object") == "user") AddIfNameless(json, found);
  ForEachValue(json, [&](Json value) { Walk(value, found); });
  ForEach(json, [&](Json item) { Walk(item, found); });
}

}  // namespace

std::vector<Reference> FindReferences(Json json) {
  std::vector<Reference> found;
  Walk(json, found);
  return found;
}

std::vector<Reference> BlockReferences(Json block) {
  const std::string_view type = GetString(block, "type");
  const auto payload = Get(block, type);
  if (!payload) return {};
  std::vector<Reference> found = FindReferences(*payload);
  if (type == "link_to_page") {
    AddReference(GetString(*payload, "page_id"), "page", found);
    AddReference(GetString(*payload, "database_id"), "database", found);
    AddReference(GetString(*payload, "data_source_id"), "database", found);
  }
  return found;
}

void AddReferences(const std::vector<Reference>& references, const NotionOptions& options,
                   std::vector<DocumentId>& mentions, Reading& reading) {
  for (const Reference& reference : references) {
    const bool user = reference.kind == "user";
    if (user && !options.users) continue;
    mentions.push_back(reference.id);
    if (reference.kind.empty() || (!user && !options.roots.empty())) continue;
    reading.documents.push_back(
        {.id = reference.id, .kind = std::string(reference.kind), .optional = true});
  }
}

void Tidy(Reading& reading) {
  const auto tidy = [](std::vector<DocumentId>& ids) {
    std::sort(ids.begin(), ids.end());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  };
  tidy(reading.mentions);
  std::set<DocumentId> said;
  for (DocumentUpdate& document : reading.documents) {
    tidy(document.mentions);
    if (!document.optional) said.insert(document.id);
  }
  std::erase_if(reading.documents, [&](const DocumentUpdate& document) {
    return document.optional && !said.insert(document.id).second;
  });
}

}  // namespace sluice::notion
