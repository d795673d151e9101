#include "storage/output_dir.h"

#include <dirent.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <memory>

namespace sluice {
namespace {

// Below this many files single fsyncs are cheaper: syncfs also pays for the dirty pages of
// strangers (measured 181 ms for 300 MB of them).
constexpr std::size_t kSyncFsFrom = 8;
constexpr std::string_view kStagingFolder = ".sluice/staging";

std::string ParentOf(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == path.npos ? std::string() : path.substr(0, slash);
}

std::string NameOf(const std::string& path) { return path.substr(path.rfind('/') + 1); }

mode_t CurrentUmask() {
  const mode_t mask = ::umask(077);
  ::umask(mask);
  return mask;
}

// A folder of sluice's own: 0700 even where an older umask or a copy made it wider.
Result<UniqueFd> OpenPrivateFolder(int root, const std::string& path, const std::string& full) {
  if (::mkdirat(root, path.c_str(), 0700) != 0 && errno != EEXIST) {
    return DiskError(errno, "create folder", full);
  }
  UniqueFd fd = OpenBeneath(root, path, O_RDONLY | O_DIRECTORY);
  if (!fd || ::fchmod(fd.get(), 0700) != 0) return DiskError(errno, "open folder", full);
  return fd;
}

Status EmptyFolder(int folder, const std::string& full) {
  const int copy = ::fcntl(folder, F_DUPFD_CLOEXEC, 0);
  if (copy < 0) return DiskError(errno, "read folder", full);
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(::fdopendir(copy), &::closedir);
  if (!entries) return DiskError(errno, "read folder", full);
  // glibc's readdir() is thread-safe as long as no two threads share the stream (man readdir).
  while (const dirent* entry = ::readdir(entries.get())) {  // NOLINT(concurrency-mt-unsafe)
    const std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    if (::unlinkat(folder, name.c_str(), 0) != 0) {
      return DiskError(errno, "remove leftover", fmt::format("{}/{}", full, name));
    }
  }
  return {};
}

// Linux allows a name 255 bytes.
constexpr std::size_t kNameBytesMax = 255;

// The first `bytes` bytes at most, cut between characters.
std::string_view CutUtf8(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xC0) == 0x80) --bytes;
  return text.substr(0, bytes);
}

// "a/Home.md" -> "a/Home (edited 0123abcd).md"
std::string EditedName(const std::string& path, std::string_view mark) {
  const std::string folder = path.substr(0, path.size() - NameOf(path).size());
  const std::string name = NameOf(path);
  const auto dot = name.rfind('.');
  const std::string extension = dot == name.npos || dot == 0 ? "" : name.substr(dot);
  const std::string suffix = fmt::format(" (edited {}){}", mark, extension);
  const std::string_view stem = std::string_view(name).substr(0, name.size() - extension.size());
  const std::size_t stem_bytes = kNameBytesMax - std::min(suffix.size(), kNameBytesMax);
  return fmt::format("{}{}{}", folder, CutUtf8(stem, stem_bytes), suffix);
}

void AddWithAncestors(std::string folder, std::set<std::string>& folders) {
  while (folders.insert(folder).second && !folder.empty()) folder = ParentOf(folder);
}

}  // namespace

OutputDir::OutputDir(OutputDir&& other) noexcept
    : root_(std::move(other.root_)),
      root_fd_(std::move(other.root_fd_)),
      staging_fd_(std::move(other.staging_fd_)),
      file_mode_(other.file_mode_),
      next_staged_(other.next_staged_.load()),
      sync_failed_(other.sync_failed_),
      ledger_(std::move(other.ledger_)) {}

Result<OutputDir> OutputDir::Open(const std::filesystem::path& root) {
  OutputDir dir;
  std::error_code error;
  dir.root_ = std::filesystem::absolute(root, error).lexically_normal();
  if (!dir.root_.has_filename()) dir.root_ = dir.root_.parent_path();
  const std::string full = dir.root_.string();
  std::filesystem::create_directories(dir.root_.parent_path(), error);
  if (error) return DiskError(error.value(), "create folder", dir.root_.parent_path().string());
  if (::mkdir(full.c_str(), 0755) != 0 && errno != EEXIST) {
    return DiskError(errno, "create folder", full);
  }
  dir.root_fd_ = UniqueFd(::open(full.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!dir.root_fd_) return DiskError(errno, "open folder", full);
  auto own = OpenPrivateFolder(dir.root_fd_.get(), ".sluice", dir.Full(".sluice"));
  if (!own) return Fail(own.error());
  const std::string staging = dir.Full(std::string(kStagingFolder));
  auto staging_fd = OpenPrivateFolder(dir.root_fd_.get(), std::string(kStagingFolder), staging);
  if (!staging_fd) return Fail(staging_fd.error());
  dir.staging_fd_ = std::move(*staging_fd);
  if (auto swept = EmptyFolder(dir.staging_fd_.get(), staging); !swept) return Fail(swept.error());
  dir.file_mode_ = 0644 & ~CurrentUmask();
  // The name of the root itself must last, too.
  const std::string parent = dir.root_.parent_path().string();
  const UniqueFd parent_fd(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (parent_fd) {
    if (auto synced = dir.Sync(parent_fd.get(), parent); !synced) return Fail(synced.error());
  }
  if (auto synced = dir.Sync(dir.root_fd_.get(), full); !synced) return Fail(synced.error());
  return dir;
}

SpillDir OutputDir::Spill() const { return SpillDir(root_ / kStagingFolder); }

Result<StagedFile> OutputDir::Stage() {
  const std::string name = fmt::format("{}.part", next_staged_.fetch_add(1));
  const std::string full = Full(fmt::format("{}/{}", kStagingFolder, name));
  UniqueFd fd = OpenBeneath(staging_fd_.get(), name, O_WRONLY | O_CREAT | O_EXCL, 0600);
  if (!fd) return DiskError(errno, "create", full);
  return StagedFile(std::move(fd), full);
}

Status OutputDir::Publish(std::span<const OutputFile> files) {
  if (auto usable = CheckUsable(); !usable) return usable;
  auto pending = Prepare(files);
  if (!pending) return Fail(pending.error());
  if (auto announced = Announce(*pending); !announced) return announced;
  if (auto synced = SyncData(*pending); !synced) return synced;
  std::set<std::string> folders;
  for (const Pending& file : *pending) {
    if (auto moved = MoveIntoPlace(file); !moved) return moved;
    AddWithAncestors(ParentOf(file.path), folders);
  }
  return SyncFolders(folders);
}

Result<std::vector<OutputDir::Pending>> OutputDir::Prepare(std::span<const OutputFile> files) {
  std::map<std::string, const OutputFile*> last;
  for (const OutputFile& file : files) {
    if (auto valid = CheckOutputPath(file.path); !valid) return Fail(valid.error());
    last[file.path] = &file;
  }
  std::vector<Pending> pending;
  for (const auto& [path, file] : last) {
    auto there = Inspect(path, WithHash::kNo);
    if (!there) return Fail(there.error());
    if (*there && (*there)->bytes == file->bytes) there = Inspect(path, WithHash::kYes);
    if (!there) return Fail(there.error());
    const bool same = *there && (*there)->sha256 == file->sha256 && !file->sha256.empty();
    if (same) {
      if (!file->staged.empty()) ::unlinkat(staging_fd_.get(), NameOf(file->staged).c_str(), 0);
      pending.push_back({.path = path});
      continue;
    }
    Pending next{.path = path, .file = file};
    if (*there) {
      auto edit = FindEdit(path);
      if (!edit) return Fail(edit.error());
      next.edit = std::move(*edit);
    }
    auto name = file->staged.empty() ? StageContent(*file) : NameOf(file->staged);
    if (!name) return Fail(name.error());
    if (auto ready = Finalise(*name, *file); !ready) return Fail(ready.error());
    next.staged_name = std::move(*name);
    pending.push_back(std::move(next));
  }
  return pending;
}

Result<std::string> OutputDir::StageContent(const OutputFile& file) {
  auto staged = Stage();
  if (!staged) return Fail(staged.error());
  if (auto written = staged->Write(file.content); !written) {
    return Fail(Code::kDisk, fmt::format("{} (for {}, {} bytes)", written.error().message,
                                         Full(file.path), file.content.size()));
  }
  auto finished = staged->Finish();
  if (!finished) return Fail(finished.error());
  if (finished->sha256 != file.sha256) {
    ::unlink(finished->path.c_str());
    return Fail(Code::kFatal, fmt::format("{}: content and SHA-256 do not agree", file.path));
  }
  return NameOf(finished->path);
}

// Gives a staged file its final mode, and checks that it is the file that was finished.
Status OutputDir::Finalise(const std::string& staged_name, const OutputFile& file) const {
  const std::string full = Full(fmt::format("{}/{}", kStagingFolder, staged_name));
  const UniqueFd fd = OpenBeneath(staging_fd_.get(), staged_name, O_RDONLY | O_NONBLOCK);
  struct stat info {};
  if (!fd || ::fstat(fd.get(), &info) != 0) return DiskError(errno, "open staged file", full);
  if (!S_ISREG(info.st_mode) || info.st_size != file.bytes) {
    return Fail(Code::kDisk, fmt::format("staged file {} for {} holds {} bytes instead of {}; "
                                         "run again",
                                         full, file.path, info.st_size, file.bytes));
  }
  if (::fchmod(fd.get(), file_mode_) != 0) return DiskError(errno, "set the mode of", full);
  return {};
}

Status OutputDir::SyncData(const std::vector<Pending>& pending) {
  if (pending.size() >= kSyncFsFrom) return SyncAll();
  for (const Pending& file : pending) {
    const bool in_place = file.staged_name.empty();
    const UniqueFd fd = in_place ? OpenBeneath(root_fd_.get(), file.path, O_RDONLY | O_NONBLOCK)
                                 : OpenBeneath(staging_fd_.get(), file.staged_name, O_RDONLY);
    if (!fd) return DiskError(errno, "open", Full(file.path));
    if (auto synced = Sync(fd.get(), Full(file.path)); !synced) return synced;
  }
  return {};
}

Status OutputDir::Announce(const std::vector<Pending>& pending) const {
  std::vector<const OutputFile*> files;
  std::vector<KeptEdit> edits;
  for (const Pending& next : pending) {
    if (next.file != nullptr) files.push_back(next.file);
    if (next.edit) edits.push_back(*next.edit);
  }
  if (files.empty() || !ledger_.announce) return {};
  return ledger_.announce(files, edits);
}

// Whether what lies at `path` is someone's edit. Its bytes decide: an edit may keep size and mtime,
// and a touched file with the same bytes is none. Only files that are about to go are read.
Result<std::optional<KeptEdit>> OutputDir::FindEdit(const std::string& path) const {
  if (!ledger_.written) return std::optional<KeptEdit>();
  auto written = ledger_.written(path);
  if (!written) return Fail(written.error());
  auto hashed = Inspect(path, WithHash::kYes);
  if (!hashed) return Fail(hashed.error());
  if (!*hashed) return std::optional<KeptEdit>();  // gone meanwhile
  for (const FileState& state : *written) {
    if (state.sha256 == (*hashed)->sha256) return std::optional<KeptEdit>();
  }
  auto name = NameForEdit(path, (*hashed)->sha256);
  if (!name) return Fail(name.error());
  return std::optional<KeptEdit>({.path = path, .kept_as = std::move(*name)});
}

// A name that is free, or that holds these very bytes already.
Result<std::string> OutputDir::NameForEdit(const std::string& path,
                                           const std::string& sha256) const {
  for (std::size_t digits = 8; digits <= sha256.size(); digits += 8) {
    std::string name = EditedName(path, sha256.substr(0, digits));
    auto there = Inspect(name, WithHash::kYes);
    if (!there) return Fail(there.error());
    if (!*there || (*there)->sha256 == sha256) return name;
  }
  return Fail(Code::kDisk,
              fmt::format("{} was edited, and every name to keep that version under is "
                          "taken; move it away and run again",
                          Full(path)));
}

Status OutputDir::MoveAside(const KeptEdit& edit) {
  auto folder = OpenFolder(ParentOf(edit.path), edit.path);
  if (!folder) return Fail(folder.error());
  const UniqueFd file = OpenBeneath(root_fd_.get(), edit.path, O_RDONLY | O_NONBLOCK);
  if (!file) return errno == ENOENT ? Status() : DiskError(errno, "open", Full(edit.path));
  if (auto synced = Sync(file.get(), Full(edit.path)); !synced) return synced;
  if (::renameat(folder->get(), NameOf(edit.path).c_str(), folder->get(),
                 NameOf(edit.kept_as).c_str()) != 0) {
    return DiskError(errno, "keep the edited version of", Full(edit.path));
  }
  return Sync(folder->get(), Full(ParentOf(edit.path)));
}

Status OutputDir::MoveIntoPlace(const Pending& file) {
  if (file.staged_name.empty()) return {};
  if (file.edit) {
    if (auto kept = MoveAside(*file.edit); !kept) return kept;
  }
  const std::string folder = ParentOf(file.path);
  if (auto made = MakeFolders(folder); !made) return made;
  auto parent = OpenFolder(folder, file.path);
  if (!parent) return Fail(parent.error());
  const std::string name = NameOf(file.path);
  struct stat info {};
  if (::fstatat(parent->get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 &&
      !S_ISREG(info.st_mode)) {
    return InTheWay(EEXIST, file.path);
  }
  if (::renameat(staging_fd_.get(), file.staged_name.c_str(), parent->get(), name.c_str()) != 0) {
    return DiskError(errno, "move into place", Full(file.path));
  }
  return {};
}

Status OutputDir::SyncFolders(const std::set<std::string>& folders) {
  if (folders.size() >= kSyncFsFrom) return SyncAll();
  for (const std::string& folder : folders) {
    auto fd = OpenFolder(folder, folder);
    if (!fd) return Fail(fd.error());
    if (auto synced = Sync(fd->get(), Full(folder)); !synced) return synced;
  }
  return {};
}

Status OutputDir::Sync(int fd, const std::string& path) {
  if (::fsync(fd) == 0) return {};
  sync_failed_ = true;
  return DiskError(errno, "fsync", path);
}

Status OutputDir::SyncAll() {
  // Since Linux 5.8 syncfs also reports data that could not be written back.
  if (::syncfs(staging_fd_.get()) == 0) return {};
  sync_failed_ = true;
  return DiskError(errno, "syncfs", root_.string());
}

Status OutputDir::CheckUsable() const {
  if (!sync_failed_) return {};
  return Fail(Code::kDisk, fmt::format("{}: an earlier fsync failed; run again", root_.string()));
}

Result<UniqueFd> OutputDir::OpenFolder(const std::string& folder, std::string_view for_path) const {
  UniqueFd fd = OpenBeneath(root_fd_.get(), folder.empty() ? "." : folder, O_RDONLY | O_DIRECTORY);
  if (!fd) return InTheWay(errno, std::string(for_path));
  return fd;
}

Status OutputDir::MakeFolders(const std::string& folder) {
  if (folder.empty() || OpenBeneath(root_fd_.get(), folder, O_PATH | O_DIRECTORY)) return {};
  if (errno != ENOENT) return InTheWay(errno, folder);
  const std::string above = ParentOf(folder);
  if (auto made = MakeFolders(above); !made) return made;
  auto parent = OpenFolder(above, folder);
  if (!parent) return Fail(parent.error());
  if (::mkdirat(parent->get(), NameOf(folder).c_str(), 0755) != 0 && errno != EEXIST) {
    return DiskError(errno, "create folder", Full(folder));
  }
  return {};
}

Result<std::optional<FileState>> OutputDir::Inspect(const std::string& path,
                                                    WithHash with_hash) const {
  if (auto valid = CheckOutputPath(path); !valid) return Fail(valid.error());
  // O_NONBLOCK: opening a FIFO must not wait for its writer.
  const UniqueFd fd = OpenBeneath(root_fd_.get(), path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (!fd && errno == ENOENT) return std::optional<FileState>();
  if (!fd) return InTheWay(errno, path);
  auto state = ReadFileState(fd.get(), with_hash, Full(path));
  if (state) return std::optional<FileState>(std::move(*state));
  if (state.error().code == Code::kInvalid) return InTheWay(EEXIST, path);
  return Fail(state.error());
}

Status OutputDir::Remove(const std::string& path) {
  if (auto usable = CheckUsable(); !usable) return usable;
  auto there = Inspect(path, WithHash::kNo);
  if (!there) return Fail(there.error());
  if (!*there) return {};
  auto edit = FindEdit(path);
  if (!edit) return Fail(edit.error());
  if (*edit) {
    if (auto told = ledger_.announce({}, {&**edit, 1}); !told) return told;
    return MoveAside(**edit);
  }
  std::string folder = ParentOf(path);
  auto parent = OpenFolder(folder, path);
  if (!parent) return Fail(parent.error());
  if (::unlinkat(parent->get(), NameOf(path).c_str(), 0) != 0 && errno != ENOENT) {
    return DiskError(errno, "remove", Full(path));
  }
  while (!folder.empty()) {
    auto above = OpenFolder(ParentOf(folder), folder);
    if (!above) return Fail(above.error());
    if (::unlinkat(above->get(), NameOf(folder).c_str(), AT_REMOVEDIR) != 0) break;
    parent = std::move(above);
    folder = ParentOf(folder);
  }
  return Sync(parent->get(), Full(folder));
}

// Names the first part of `path` that is not what it must be.
tl::unexpected<Error> OutputDir::InTheWay(int error_number, const std::string& path) const {
  for (std::size_t end = path.find('/');; end = path.find('/', end + 1)) {
    const std::string part = path.substr(0, end);
    struct stat info {};
    if (::fstatat(root_fd_.get(), part.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) break;
    const bool last = end == path.npos;
    if (last ? S_ISREG(info.st_mode) : S_ISDIR(info.st_mode)) {
      if (last) break;
      continue;
    }
    const std::string_view what = S_ISLNK(info.st_mode)    ? "a symbolic link"
                                  : S_ISFIFO(info.st_mode) ? "a FIFO"
                                  : S_ISDIR(info.st_mode)  ? "a folder"
                                                           : "not a folder or regular file";
    return Fail(Code::kDisk, fmt::format("cannot write {}: {} is {}, which sluice does not follow "
                                         "or replace; move it away and run again",
                                         Full(path), Full(part), what));
  }
  return DiskError(error_number, "open", Full(path));
}

}  // namespace sluice
