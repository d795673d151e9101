#include "stages/sources/notion/read_block.h"

#include <fmt/format.h>

#include <algorithm>

#include "stages/sources/notion/read_object.h"
#include "stages/sources/notion/references.h"
#include "stages/sources/notion/requests.h"
#include "stages/sources/notion/trail.h"

namespace sluice::notion {
namespace {

void AskForChildren(const Request& request, std::string_view raw_id, const Trail& trail,
                    Reading& reading) {
  const std::string id = DashedId(raw_id);
  if (id.empty()) {
    reading.shortfall = fmt::format("page {}: a block has content below it and no usable id",
                                    request.document.value);
    return;
  }
  reading.requests.push_back(
      ChildrenRequest(request.document, request.revision, id, "", request.depth + 1));
  reading.requests.back().context = EncodeTrail(trail);
}

// Notes of a meeting hang below three blocks that no children list names.
bool AskForMeeting(Json payload, const Request& request, Reading& reading) {
  const auto children = GetObject(payload, "children");
  if (!children) return false;
  bool asked = false;
  for (const std::string_view key : {"summary_block_id", "notes_block_id", "transcript_block_id"}) {
    const std::string_view id = GetString(*children, key);
    if (id.empty()) continue;
    AskForChildren(request, id, {}, reading);
    asked = true;
  }
  return asked;
}

// The block that a synced copy copies; empty where it is an original, or no synced block.
std::string SyncedFrom(Json block) {
  const auto payload = Get(block, "synced_block");
  const auto from = payload ? Get(*payload, "synced_from") : std::nullopt;
  return from ? DashedId(GetString(*from, "block_id")) : std::string();
}

// A block names its own parent. Only where that is the list it stands in does the page hang here:
// the same page may be shown elsewhere, too.
bool BelongsHere(Json block, const std::string& listed) {
  const Position position = ReadParent(block, "parent");
  return position.parent.empty() ? !GetObject(block, "parent") : position.parent.value == listed;
}

void ReadChildDocument(Json block, std::string_view kind, const Request& request,
                       const std::string& listed, const NotionOptions& options, Reading& reading) {
  const DocumentId id(DashedId(GetString(block, "id")));
  if (id.empty() || InTrash(block)) return;
  const auto payload = Get(block, GetString(block, "type"));
  DocumentUpdate hint{.id = id, .kind = std::string(kind)};
  if (payload) hint.title = GetString(*payload, "title");
  const bool root = std::any_of(options.roots.begin(), options.roots.end(),
                                [&](const std::string& r) { return DashedId(r) == id.value; });
  if (BelongsHere(block, listed) && !root) {
    hint.place = Place::kUnder;
    hint.parent = request.document;
  }
  reading.mentions.push_back(id);
  reading.documents.push_back(std::move(hint));
}

}  // namespace

void ReadBlock(Json block, const Request& request, const std::string& listed,
               const NotionOptions& options, Reading& reading) {
  const std::string_view type = GetString(block, "type");
  if (type == "child_page" || type == "child_database") {
    ReadChildDocument(block, type == "child_page" ? "page" : "database", request, listed, options,
                      reading);
    return;
  }
  AddReferences(BlockReferences(block), options, reading.mentions, reading);
  if (type == "meeting_notes" || type == "transcription") {
    const auto payload = Get(block, type);
    if (payload && AskForMeeting(*payload, request, reading)) return;
  }
  if (!GetBool(block, "has_children")) return;
  AskForChildren(request, GetString(block, "id"), {.synced_from = SyncedFrom(block)}, reading);
}

}  // namespace sluice::notion
