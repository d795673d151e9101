#include "stages/sources/trakt/files.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "stages/sinks/file_name.h"

namespace sluice::trakt {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kFilePrefix = "file:";
constexpr std::string_view kSinceMark = " since=";

DocumentUpdate File(const DocumentId& id, const Opened& opened, const FileFacts& facts) {
  const std::string name = id.value.substr(kFilePrefix.size());
  return {.id = id,
          .kind = std::string(kFileKind),
          .place = Place::kTop,
          .title = name,
          .name = name,
          .extension = ".csv",
          .revision = Revision(fmt::format("{} {} {}{}{}", kFormatVersion, opened.account,
                                           facts.timezone, kSinceMark, facts.since)),
          .object = EncodeFacts(facts),
          .needs = {kAccount}};
}

// A slug is lower-case letters, digits and hyphens; what is not cannot be trusted as a file name.
bool IsSlug(std::string_view text) {
  constexpr std::size_t kBytesMax = 180;
  return !text.empty() && text.size() <= kBytesMax &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_") == text.npos;
}

}  // namespace

DocumentId ListFile(const DocumentId& list) {
  return DocumentId(std::string(kFilePrefix) + list.value);
}

DocumentId ListOfFile(const DocumentId& file) {
  const std::string prefix = std::string(kFilePrefix) + std::string(kListItems.id);
  if (!file.value.starts_with(prefix)) return {};
  return DocumentId(file.value.substr(kFilePrefix.size()));
}

std::string EncodeFacts(const FileFacts& facts) {
  return Json{{"timezone", facts.timezone}, {"since", facts.since}}.dump(
      -1, ' ', false, Json::error_handler_t::replace);
}

FileFacts DecodeFacts(const std::string& object) {
  const Json json = Json::parse(object, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return {};
  return {.timezone = json.value("timezone", ""), .since = json.value("since", "")};
}

std::vector<DocumentUpdate> FilesOf(const TraktOptions& options, const Opened& opened) {
  const FileFacts facts{.timezone = opened.timezone};
  std::vector<DocumentUpdate> files;
  const auto add = [&](const DocumentId& id, const FileFacts& own,
                       std::initializer_list<std::string_view> sections) {
    DocumentUpdate file = File(id, opened, own);
    for (const std::string_view section : sections) {
      file.needs.emplace_back(std::string(section));
    }
    files.push_back(std::move(file));
  };
  if (options.Includes("history")) {
    add(kImportFile, {.timezone = opened.timezone, .since = opened.since}, {"history", "ratings"});
    if (options.reviews) files.back().needs.emplace_back("comments");
  }
  if (options.Includes("watchlist")) add(kWatchlistFile, facts, {"watchlist"});
  if (options.Includes("ratings")) add(kRatingsFile, facts, {"ratings"});
  if (options.Includes("collection")) add(kCollectionFile, facts, {"collection"});
  if (options.Includes("shows")) {
    add(kShowsFile, facts, {"episodes", "episode-ratings", "show-ratings"});
  }
  return files;
}

DocumentUpdate FileOfList(const DocumentId& list, std::string_view slug, std::string_view name,
                          const Opened& opened) {
  DocumentUpdate file = File(ListFile(list), opened, {.timezone = opened.timezone});
  const std::string id = list.value.substr(kListItems.id.size());
  file.title = name;
  file.name =
      IsSlug(slug) ? "letterboxd-list-" + std::string(slug) : FileSegment("letterboxd-list", id);
  file.needs.push_back(list);
  return file;
}

std::string SinceOfRevision(const Revision& revision) {
  const std::size_t mark = revision.value.rfind(kSinceMark);
  return mark == std::string::npos ? "" : revision.value.substr(mark + kSinceMark.size());
}

}  // namespace sluice::trakt
