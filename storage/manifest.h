// The manifest: what lies in the output folder, and the notes of the report.
//
// Not thread-safe: the commit thread's, inside its transaction. Throws SQLite::Exception.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/database.h"
#include "storage/output_dir.h"
#include "storage/records.h"

namespace sluice {

// One output as the manifest has it.
struct OutputRow {
  std::string path;
  DocumentId source;
  Revision revision;
  std::int64_t bytes = 0;
  std::string sha256;
  std::int64_t mtime_ns = 0;
};

class Manifest {
 public:
  // Where a note came from: reading a response, or rendering. Each replaces only its own.
  // What was noted of an edit stays.
  enum class Origin { kFetch, kRender, kEdit };

  explicit Manifest(Database& database);

  // `outputs` are now all that `source` has; others of it become obsolete.
  void Put(const DocumentId& source, const Revision& revision,
           const std::vector<OutputRow>& outputs);
  std::vector<OutputRow> OutputsOf(const DocumentId& source);
  // Outputs of finished documents that `generation` has seen, in the order of their paths, from
  // behind `after` on; at most `limit`.
  std::vector<OutputRow> FinishedIn(std::int64_t generation, const std::string& after, int limit);
  // See OutputLedger.
  std::vector<FileState> WrittenAt(const std::string& path);
  void Announce(const OutputFile& file);
  void NoteEdit(const KeptEdit& edit);
  // Files of a run that was killed between their announcement and their commit become outputs of
  // their documents, so that they are removed when those come to lie elsewhere.
  void AdoptAnnounced();

  // `source` has no outputs any more.
  void Withdraw(const DocumentId& source);
  // No document that is missing has outputs any more. Returns how many outputs that concerned.
  std::int64_t WithdrawMissing();
  // How many outputs that would be, but for those made from collections: the job says which of
  // these there are, so they do not vanish by themselves.
  std::int64_t CountMissing();
  // Obsolete outputs: their files are to be removed, and then forgotten here.
  std::vector<std::string> Obsolete();
  void Forget(const std::string& path);

  void ReplaceNotes(const DocumentId& document, Origin origin, const std::vector<Note>& notes);
  void AddNotes(Origin origin, const std::vector<Note>& notes);
  void AddShortfall(const std::string& why);
  std::vector<std::string> Shortfalls();
  // A new generation reads everything anew that it reads at all.
  void ClearShortfalls();

 private:
  Database& database_;
  Statement put_;
  Statement written_;
  Statement announce_;
  Statement settle_;
  Statement note_edit_;
  Statement of_source_;
  Statement finished_;
  Statement make_obsolete_;
  Statement count_missing_;
  Statement make_missing_obsolete_;
  Statement obsolete_;
  Statement forget_;
  Statement add_note_;
  Statement clear_notes_;
  Statement shortfalls_;
};

}  // namespace sluice
