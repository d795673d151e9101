#include "stages/sources/notion/read_list.h"

#include <fmt/format.h>

#include "stages/sources/notion/read_block.h"
#include "stages/sources/notion/read_object.h"
#include "stages/sources/notion/references.h"
#include "stages/sources/notion/trail.h"

namespace sluice::notion {
namespace {

// The API's clock for created_time; the next window after a full minute begins here.
constexpr WallMs kMinuteMs = 60'000;

struct List {
  const Request& request;
  const Asked& asked;
  const ParsedAnswer& answer;
  Trail trail;  // of the request; what is learnt here goes on with the next
};

void AddShortfall(std::string text, Reading& reading) {
  if (!reading.shortfall.empty()) reading.shortfall += "; ";
  reading.shortfall += text;
}

void Ask(Request request, const Trail& trail, Reading& reading) {
  request.context = EncodeTrail(trail);
  reading.requests.push_back(std::move(request));
}

void FollowCursor(const List& list, std::string_view cursor, Reading& reading) {
  Trail trail = list.trail;
  if (HasSeen(trail, cursor)) {
    AddShortfall(fmt::format("{}: the list repeats a cursor after {} pages and never ends; what "
                             "follows is missing",
                             Describe(list.request), trail.cursors.size() + 1),
                 reading);
    return;
  }
  trail.cursors.push_back(CursorHash(cursor));
  Ask(ListRequest(list.request, list.asked, cursor, trail.created_from), trail, reading);
}

// Rows come in the order of their creation, so the last one seen opens the next window. It is read
// twice; rows are told apart by their ids.
void OpenNextWindow(const List& list, Reading& reading) {
  const std::optional<WallMs> last_ms = ParseTime(list.trail.created_last);
  const std::optional<WallMs> from_ms = ParseTime(list.trail.created_from);
  if (!last_ms) {
    AddShortfall(Describe(list.request) +
                     ": ended at the API's limit of 10,000 rows, and no row says when it was made",
                 reading);
    return;
  }
  std::string created_from = list.trail.created_last;
  if (from_ms && *last_ms <= *from_ms) {
    AddShortfall(fmt::format("{}: more than 10,000 rows were made in the minute of {}; the API "
                             "gives no more of them",
                             Describe(list.request), created_from),
                 reading);
    created_from = FormatTime(*from_ms + kMinuteMs);
  }
  Ask(ListRequest(list.request, list.asked, "", created_from), {.created_from = created_from},
      reading);
}

void ReadLimit(const List& list, bool ended, Reading& reading) {
  const auto status = Get(list.answer.root(), "request_status");
  if (!status || GetString(*status, "type") != "incomplete") return;
  const std::string_view reason = GetString(*status, "incomplete_reason");
  if (list.asked.subject == Subject::kSearch) {
    AddShortfall(
        "search ended at the API's limit of 10,000 results; pages that only the search "
        "knows may be missing",
        reading);
  } else if (list.asked.subject == Subject::kQuery && reason == "query_result_limit_reached") {
    if (ended) OpenNextWindow(list, reading);
  } else {
    AddShortfall(fmt::format("{}: the API calls the list incomplete ({})", Describe(list.request),
                             reason.empty() ? "no reason given" : reason),
                 reading);
  }
}

void ReadEnd(const List& list, Reading& reading) {
  const std::string_view cursor = GetString(list.answer.root(), "next_cursor");
  // Recordings of property items before 2022 have the cursor alone.
  const bool more = Get(list.answer.root(), "has_more") ? GetBool(list.answer.root(), "has_more")
                                                        : !cursor.empty();
  if (more && cursor.empty()) {
    AddShortfall(Describe(list.request) +
                     ": the API says that there is more and gives no cursor to ask for it",
                 reading);
  } else if (more) {
    FollowCursor(list, cursor, reading);
  }
  ReadLimit(list, !more, reading);
}

// A CSV shows the links and the people of all its rows.
void AddRowReferences(const Json& row, const NotionOptions& options, Reading& reading) {
  const auto properties = Get(row, "properties");
  if (properties && !InTrash(row)) {
    AddReferences(FindReferences(*properties), options, reading.mentions, reading);
  }
}

// Search and rows. An entry that cannot be read would otherwise be missing in silence.
Status ReadObjects(List& list, const NotionOptions& options, WallMs now_ms, Reading& reading) {
  std::size_t unreadable = 0;
  const Status read = list.answer.ForEachResult([&](const Json& result) -> Status {
    if (!ReadObject(result, options, now_ms, reading)) ++unreadable;
    const std::string_view created = GetString(result, "created_time");
    if (ParseTime(created)) list.trail.created_last = created;
    if (list.asked.subject == Subject::kQuery) AddRowReferences(result, options, reading);
    return {};
  });
  if (unreadable > 0) {
    AddShortfall(fmt::format("{}: {} entries are neither page nor database, or have no id",
                             Describe(list.request), unreadable),
                 reading);
  }
  return read;
}

// Recorded comments name their author only by id; newer ones carry the name as it is shown.
void ReadComment(Json comment, const NotionOptions& options, Reading& reading) {
  std::vector<Reference> references;
  if (const auto text = Get(comment, "rich_text")) references = FindReferences(*text);
  const auto shown = Get(comment, "display_name");
  const auto author = Get(comment, "created_by");
  if (author && (!shown || GetString(*shown, "resolved_name").empty())) {
    for (const Reference& reference : FindReferences(*author)) references.push_back(reference);
  }
  AddReferences(references, options, reading.mentions, reading);
}

// A synced copy that has children but lists none: the original shows them.
void AskForOriginal(const List& list, Reading& reading) {
  const std::string& original = list.trail.synced_from;
  if (original.empty() || original == list.asked.id || list.asked.continued) return;
  reading.requests.push_back(ChildrenRequest(list.request.document, list.request.revision, original,
                                             "", list.request.depth));
}

Status ReadResults(List& list, const NotionOptions& options, WallMs now_ms, Reading& reading) {
  const Subject subject = list.asked.subject;
  if (subject == Subject::kSearch || subject == Subject::kQuery) {
    return ReadObjects(list, options, now_ms, reading);
  }
  reading.keep = true;
  bool any = false;
  const Status read = list.answer.ForEachResult([&](const Json& item) -> Status {
    any = true;
    if (subject == Subject::kChildren) {
      ReadBlock(item, list.request, list.asked.id, options, reading);
    } else if (subject == Subject::kComments) {
      ReadComment(item, options, reading);
    } else {
      AddReferences(FindReferences(item), options, reading.mentions, reading);
    }
    return {};
  });
  if (!any && subject == Subject::kChildren) AskForOriginal(list, reading);
  return read;
}

}  // namespace

Result<Reading> ReadList(const Request& request, const Asked& asked, const ParsedAnswer& answer,
                         const NotionOptions& options, WallMs now_ms) {
  Reading reading;
  // A property of a simple type is one item and no list.
  if (asked.subject == Subject::kProperty &&
      GetString(answer.root(), "object") == "property_item") {
    reading.keep = true;
    AddReferences(FindReferences(answer.root()), options, reading.mentions, reading);
    Tidy(reading);
    return reading;
  }
  if (!answer.has_results()) {
    return Fail(Code::kInvalid, Describe(request) + ": answer is no list: it has no `results`");
  }
  List list{request, asked, answer, DecodeTrail(request.context)};
  if (auto read = ReadResults(list, options, now_ms, reading); !read) {
    return Fail(read.error().code, Describe(request) + ": " + read.error().message);
  }
  ReadEnd(list, reading);
  Tidy(reading);
  return reading;
}

}  // namespace sluice::notion
