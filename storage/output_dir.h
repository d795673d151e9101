// The output folder: the only place that creates, replaces or removes what the user gets.
//
// Files on disk: <root>/... the outputs; <root>/.sluice (0700) what is sluice's own;
// <root>/.sluice/staging files that are not yet in place.
#pragma once

#include <sys/stat.h>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "storage/base/result.h"
#include "storage/beneath.h"
#include "storage/file_state.h"
#include "storage/records.h"
#include "storage/spill_dir.h"
#include "storage/staged_file.h"

namespace sluice {

// What lies at `path` is not what sluice left there: someone edited it. Before the path is reused
// that version is moved to `kept_as`, beside it.
struct KeptEdit {
  std::string path;
  std::string kept_as;  // "<stem> (edited <first 8 hex digits of its SHA-256>)<extension>"
};

// What the manifest tells the output folder, and is told by it. Called on the commit thread.
struct OutputLedger {
  // Every state in which sluice itself may have left the file; empty: it never wrote there.
  std::function<Result<std::vector<FileState>>(const std::string& path)> written;
  // `files` are about to be put in place and `edits` about to be moved aside. Durable on return,
  // so that after a kill sluice's own half-done work is not taken for an edit.
  std::function<Status(std::span<const OutputFile* const> files, std::span<const KeptEdit> edits)>
      announce;
};

// Only on the commit thread, except Stage(), which any thread may call. Take the RunLock first:
// Open() sweeps the staging folder.
//
// Paths are relative to the root with '/' between segments; CheckOutputPath says which are refused
// (Code::kInvalid). Nothing is opened through a link: a link, FIFO or folder in the way is an error
// that names it (Code::kDisk).
class OutputDir {
 public:
  // Creates what is missing and empties the staging folder (leftovers of a kill). Reads the umask
  // by setting it, so call it before other threads create files.
  static Result<OutputDir> Open(const std::filesystem::path& root);
  OutputDir(OutputDir&& other) noexcept;

  // From now on what a user changed is kept, never overwritten or removed. Without a ledger every
  // file counts as sluice's own.
  void UseLedger(OutputLedger ledger) { ledger_ = std::move(ledger); }

  // A fresh file, 0600 while it is staged.
  Result<StagedFile> Stage();
  // For what is too long for memory and is no output; beside the staged files.
  SpillDir Spill() const;

  // When it returns success, all of `files` are in place and survive a power cut. The order:
  //   1. contents into staged files; what will be replaced is announced to the ledger;
  //   2. their data synced (a rename that overtakes its data leaves an empty file after a power
  //      cut);
  //   3. renamed into place, so that a reader sees the old bytes or the new ones;
  //   4. the folders synced, up to the root, because the names live there.
  // Only then may the state say done. From 8 files (or folders) on, one syncfs replaces the fsyncs:
  // 256 files of 4 KB took 24 ms instead of 128 ms on ext4.
  // A file whose bytes are in place already keeps its inode and mtime, and is synced all the same:
  // an earlier run may have been killed before its own step 4. Of two files with one path the
  // last counts. On failure some files may be in place and others not; doing it again is safe.
  // After a failed sync every later Publish() and Remove() is refused: the kernel reports a lost
  // write once, and a second fsync would succeed without the data.
  Status Publish(std::span<const OutputFile> files);

  // Empty when nothing is there.
  Result<std::optional<FileState>> Inspect(const std::string& path, WithHash with_hash) const;

  // Removes the file (an edited one is kept beside it), then every parent folder that is empty now,
  // below the root. Success when the file is gone already. Durable when it returns.
  Status Remove(const std::string& path);

 private:
  struct Pending {
    std::string path;
    std::string staged_name;  // in the staging folder; empty: in place already
    const OutputFile* file = nullptr;
    std::optional<KeptEdit> edit;  // to be moved aside first
  };

  OutputDir() = default;
  Result<std::vector<Pending>> Prepare(std::span<const OutputFile> files);
  Result<std::string> StageContent(const OutputFile& file);
  Status Finalise(const std::string& staged_name, const OutputFile& file) const;
  Status SyncData(const std::vector<Pending>& pending);
  Status Announce(const std::vector<Pending>& pending) const;
  Status MoveIntoPlace(const Pending& file);
  Result<std::optional<KeptEdit>> FindEdit(const std::string& path) const;
  Result<std::string> NameForEdit(const std::string& path, const std::string& sha256) const;
  Status MoveAside(const KeptEdit& edit);
  Status SyncFolders(const std::set<std::string>& folders);
  Status Sync(int fd, const std::string& path);
  Status SyncAll();
  Status CheckUsable() const;
  Result<UniqueFd> OpenFolder(const std::string& folder, std::string_view for_path) const;
  Status MakeFolders(const std::string& folder);
  tl::unexpected<Error> InTheWay(int error_number, const std::string& path) const;
  std::string Full(const std::string& path) const { return (root_ / path).string(); }

  // Constant after Open().
  std::filesystem::path root_;  // absolute
  UniqueFd root_fd_;
  UniqueFd staging_fd_;
  mode_t file_mode_ = 0600;
  // Own synchronisation.
  std::atomic<std::uint64_t> next_staged_{0};
  // Only on the commit thread.
  bool sync_failed_ = false;
  OutputLedger ledger_;
};

}  // namespace sluice
