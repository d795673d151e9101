// The files of an export: what each is made from. csv_files.h makes them.
#pragma once

#include <string>
#include <vector>

#include "stages/sources/trakt/requests.h"
#include "stages/sources/trakt/trakt_options.h"
#include "storage/records.h"

namespace sluice::trakt {

inline constexpr std::string_view kFileKind = "file";

inline const DocumentId kImportFile("file:letterboxd-import");
inline const DocumentId kWatchlistFile("file:letterboxd-watchlist");
inline const DocumentId kRatingsFile("file:ratings");
inline const DocumentId kCollectionFile("file:collection");
inline const DocumentId kShowsFile("file:shows");
// "file:list:<id>", made from ListDocument(<id>).
DocumentId ListFile(const DocumentId& list);
// The list that it is made from; empty: it is the file of no list.
DocumentId ListOfFile(const DocumentId& file);

// What a file depends on beside the rows of its collections: the object of its document.
struct FileFacts {
  std::string timezone;
  std::string since;  // see Opened
};
std::string EncodeFacts(const FileFacts& facts);
FileFacts DecodeFacts(const std::string& object);

// The files of that job, but for those of personal lists.
std::vector<DocumentUpdate> FilesOf(const TraktOptions& options, const Opened& opened);
DocumentUpdate FileOfList(const DocumentId& list, std::string_view slug, std::string_view name,
                          const Opened& opened);

// Of a revision of the import file: the `since` that it was made for.
std::string SinceOfRevision(const Revision& revision);

}  // namespace sluice::trakt
