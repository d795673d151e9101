#include "stages/sources/trakt/reading.h"

#include <fmt/format.h>

#include "stages/sources/trakt/files.h"
#include "stages/sources/trakt/film.h"
#include "stages/sources/trakt/instant.h"
#include "stages/sources/trakt/time_zone.h"

namespace sluice::trakt {
namespace {

// A change within so long before now may not be the last one of its second, nor one that the
// server's other machines know of.
constexpr WallMs kFreshMs = 120'000;

Result<Reading> ReadSettings(const Request& request, const JsonValue& body,
                             const TraktOptions& options) {
  Opened opened = DecodeOpened(request.context);
  opened.account = TextAt(body, "user.ids.uuid");
  if (opened.account.empty()) opened.account = TextAt(body, "user.ids.slug");
  if (opened.account.empty()) opened.account = TextAt(body, "user.username");
  if (!body["user"] || !body["account"]) {
    return Fail(Code::kInvalid,
                Describe(request) + ": answer has no `user` and `account`: these are no settings");
  }
  opened.timezone = options.timezone.empty() ? TextAt(body, "account.timezone") : options.timezone;
  if (opened.timezone.empty()) opened.timezone = "UTC";
  if (const auto zone = TimeZone::Load(opened.timezone); !zone) return Fail(zone.error());
  Reading reading;
  reading.documents.push_back({.id = kAccount,
                               .kind = "account",
                               .place = Place::kTop,
                               .title = TextAt(body, "user.username"),
                               .revision = Revision(opened.account + " " + opened.timezone),
                               .object = body.json()});
  reading.requests.push_back(ActivitiesRequest(opened));
  return reading;
}

DocumentUpdate SectionDocument(const Section& section, const DocumentId& id,
                               const std::string& activity, const Opened& opened,
                               const std::string& end_at) {
  return {.id = id,
          .kind = "section",
          .place = Place::kTop,
          .title = id.value,
          .revision = Revision(fmt::format("{} {}", kFormatVersion, activity)),
          .object = "{}",
          .content = {FirstPage(section, id, end_at)},
          .collection = CollectionSpec{
              .disposition = Disposition::kReplace,
              .order = CollectionSpec::Order::kAsGiven,
              .definition = Revision(fmt::format("{} {}", kFormatVersion, opened.account))}};
}

Result<Reading> ReadActivities(const Request& request, const JsonValue& body,
                               const TraktOptions& options, WallMs now_ms) {
  const Opened opened = DecodeOpened(request.context);
  Reading reading;
  for (const Section* section : SectionsOf(options)) {
    const Activity activity = ActivityOf(*section, body);
    // A server whose clock is ahead has plays that are later than our now.
    const WallMs end_ms = (std::max(opened.now_ms, activity.newest_ms + 1000) + 999) / 1000 * 1000;
    DocumentUpdate document = SectionDocument(*section, DocumentId(std::string(section->id)),
                                              activity.text, opened, InstantText(end_ms));
    document.stable = !activity.text.empty() && activity.newest_ms + kFreshMs < now_ms;
    reading.documents.push_back(std::move(document));
  }
  for (DocumentUpdate& file : FilesOf(options, opened))
    reading.documents.push_back(std::move(file));
  if (options.Includes("lists")) reading.requests.push_back(ListsRequest(opened));
  return reading;
}

// A list that has changed has another time or another number of items.
void AddList(const JsonValue& list, const Opened& opened, Reading& reading) {
  const std::string id = TextAt(list, "ids.trakt");
  if (id.empty()) {
    reading.shortfall = "/users/me/lists: a list has no id";
    return;
  }
  const DocumentId document = ListDocument(id);
  const std::string activity =
      fmt::format("{} {}", TextAt(list, "updated_at"), TextAt(list, "item_count"));
  reading.documents.push_back(SectionDocument(kListItems, document, activity, opened, ""));
  reading.documents.back().title = TextAt(list, "name");
  reading.documents.push_back(
      FileOfList(document, TextAt(list, "ids.slug"), TextAt(list, "name"), opened));
}

Result<Reading> ReadLists(const Request& request, const Page& page, const WindowedJson& body,
                          const AnswerView& answer) {
  const auto first = body.root().first();
  const auto given = static_cast<std::int64_t>(body.root_size());
  auto paging = ReadPaging(request, page, answer, first ? TextAt(*first, "ids.trakt") : "", given);
  if (!paging) return Fail(paging.error());
  Reading reading;
  reading.requests = std::move(paging->requests);
  reading.shortfall = std::move(paging->shortfall);
  const Opened opened = DecodeOpened(request.context);
  const Status read = body.ForEachInRoot([&](const JsonValue& list) -> Status {
    AddList(list, opened, reading);
    return {};
  });
  if (!read) return Fail(read.error());
  if (paging->expected && given < *paging->expected && reading.shortfall.empty()) {
    reading.shortfall = fmt::format("{}: the API counts {} lists here and gave {}",
                                    Describe(request), *paging->expected, given);
  }
  return reading;
}

Status CheckShape(const Request& request, const JsonValue& body, bool is_list) {
  if (is_list ? body.is_array() : body.is_object()) return {};
  return Fail(Code::kInvalid,
              fmt::format("{}: answer is no {}", Describe(request), is_list ? "list" : "object"));
}

// The plays up to this id have been in a file. Where the last file was made, that is where its
// history ended; where it was not (the ratings could not be read), it is where that file was to
// begin.
std::string Since(const LastRun& last) {
  const auto history = last.find ? last.find(DocumentId("history")) : std::nullopt;
  const auto file = last.find_document ? last.find_document(kImportFile) : std::nullopt;
  if (!history || !file) return {};
  return file->done ? history->cursor : SinceOfRevision(file->revision);
}

}  // namespace

Opening OpenTrakt(const LastRun& last, const TraktOptions& options) {
  Opened opened{.now_ms = last.now_ms};
  if (options.rows == TraktOptions::Rows::kNewOnly) opened.since = Since(last);
  return {.requests = {SettingsRequest(opened)}};
}

Result<Reading> ReadAnswer(const Request& request, const AnswerView& answer,
                           const TraktOptions& options, WallMs now_ms) {
  const auto json = WindowedJson::Parse(answer.body);
  if (!json) return Fail(json.error().code, Describe(request) + ": " + json.error().message);
  const JsonValue body = json->root();
  const auto page = ParsePage(request.target);
  if (auto shape = CheckShape(request, body, page.has_value()); !shape) return Fail(shape.error());
  if (page && request.document.empty()) return ReadLists(request, *page, *json, answer);
  if (page) {
    const Section* section = FindSection(request.document);
    if (section != nullptr) return ReadSectionPage(request, *section, *page, *json, answer);
  }
  if (request.target == "/users/settings") return ReadSettings(request, body, options);
  if (request.target == "/sync/last_activities") {
    return ReadActivities(request, body, options, now_ms);
  }
  return Fail(Code::kFatal, Describe(request) + ": no request that this source makes");
}

std::string Describe(const Request& request) {
  const auto page = ParsePage(request.target);
  return page ? fmt::format("page {} of {}", page->number, page->path) : request.target;
}

}  // namespace sluice::trakt
