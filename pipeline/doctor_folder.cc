// The output folder and the state in it.
#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "pipeline/doctor.h"
#include "pipeline/run.h"
#include "storage/base/bytes.h"
#include "storage/run_lock.h"
#include "storage/state_health.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;
using Level = Finding::Level;

// A commit of 256 documents and the write-ahead log that goes with it.
constexpr std::int64_t kBytesNeeded = 1'000'000;
constexpr std::int64_t kBytesWanted = 100'000'000;
constexpr std::int64_t kInodesWanted = 1'000;

// Magic numbers that linux/magic.h does not have.
constexpr std::uint32_t kXfs = 0x58465342;
constexpr std::uint32_t kNtfs3 = 0x7366746e;
constexpr std::uint32_t kCifs = 0xff534d42;
constexpr std::uint32_t kZfs = 0x2fc12fc1;

struct FileSystem {
  std::uint32_t magic;
  const char* name;
  const char* note;  // what does not hold there; empty: nothing
};
constexpr const char* kNetwork =
    "a network file system: locks and syncs are as good as its server, and SQLite's log works from "
    "one machine only";
constexpr std::array kFileSystems = {
    FileSystem{EXT4_SUPER_MAGIC, "ext4", ""},
    FileSystem{kXfs, "xfs", ""},
    FileSystem{BTRFS_SUPER_MAGIC, "btrfs", ""},
    FileSystem{F2FS_SUPER_MAGIC, "f2fs", ""},
    FileSystem{kZfs, "zfs", ""},
    FileSystem{TMPFS_MAGIC, "tmpfs", "memory: nothing of it survives a restart of the machine"},
    FileSystem{RAMFS_MAGIC, "ramfs", "memory: nothing of it survives a restart of the machine"},
    FileSystem{OVERLAYFS_SUPER_MAGIC, "overlay",
               "usually a layer of a container, which goes when the container goes"},
    FileSystem{NFS_SUPER_MAGIC, "nfs", kNetwork},
    FileSystem{SMB_SUPER_MAGIC, "smb", kNetwork},
    FileSystem{SMB2_SUPER_MAGIC, "smb2", kNetwork},
    FileSystem{kCifs, "cifs", kNetwork},
    FileSystem{V9FS_MAGIC, "9p", kNetwork},
    FileSystem{FUSE_SUPER_MAGIC, "fuse", "what a sync is worth there, its driver decides"},
    FileSystem{MSDOS_SUPER_MAGIC, "vfat", "it has no modes: everybody may read the state"},
    FileSystem{kNtfs3, "ntfs", "names that differ in case only are one file"},
};

std::string ErrnoText() { return std::generic_category().message(errno); }

// The folder itself, or the nearest above it that is there.
fs::path NearestThere(fs::path folder) {
  std::error_code error;
  folder = fs::absolute(folder, error);
  while (!fs::exists(folder, error) && folder.has_relative_path()) folder = folder.parent_path();
  return folder;
}

Finding Writable(const fs::path& output, const fs::path& there) {
  Finding finding{.check = "output folder", .code = Code::kDisk};
  std::error_code error;
  if (!fs::is_directory(there, error)) {
    finding.level = Level::kFail;
    finding.what = there.string() + " is not a folder";
    finding.next = "move it away or choose another output folder";
  } else if (access(there.c_str(), W_OK | X_OK) != 0) {
    finding.level = Level::kFail;
    finding.what = fmt::format("{}: {}", there.string(), ErrnoText());
    finding.next = "make it writable or choose another output folder";
  } else {
    finding.what = there == fs::absolute(output, error)
                       ? there.string() + " is writable"
                       : fmt::format("{} will be created in {}", output.string(), there.string());
  }
  return finding;
}

Finding Space(const fs::path& there) {
  Finding finding{.check = "free space", .code = Code::kDisk};
  struct statvfs info {};
  if (statvfs(there.c_str(), &info) != 0) {
    finding.level = Level::kFail;
    finding.what = fmt::format("{}: {}", there.string(), ErrnoText());
    finding.next = "see that its disk works";
    return finding;
  }
  const auto bytes =
      static_cast<std::int64_t>(info.f_bavail) * static_cast<std::int64_t>(info.f_frsize);
  const auto inodes = static_cast<std::int64_t>(info.f_favail);
  const bool counts_inodes = info.f_files > 0;  // btrfs has no number of them
  finding.what = FormatBytes(bytes);
  if (counts_inodes) finding.what += fmt::format(", {} inodes", inodes);
  const bool none = bytes < kBytesNeeded || (counts_inodes && inodes == 0);
  const bool little = bytes < kBytesWanted || (counts_inodes && inodes < kInodesWanted);
  if (none || little) {
    finding.level = none ? Level::kFail : Level::kWarn;
    finding.next = "free space and inodes, or choose another output folder";
  }
  return finding;
}

Finding KindOfFileSystem(const fs::path& there) {
  Finding finding{.check = "file system"};
  struct statfs info {};
  if (statfs(there.c_str(), &info) != 0) {
    finding.level = Level::kWarn;
    finding.what = ErrnoText();
    return finding;
  }
  const auto magic = static_cast<std::uint32_t>(info.f_type);
  for (const FileSystem& known : kFileSystems) {
    if (known.magic != magic) continue;
    finding.what = known.name;
    if (*known.note == '\0') return finding;
    finding.level = Level::kWarn;
    finding.what += fmt::format(", {}", known.note);
    finding.next = "keep what must last on a disk of this machine";
    return finding;
  }
  finding.what = fmt::format("of the kind 0x{:x}, not known to sluice", magic);
  return finding;
}

// Nobody else may read what is in `.sluice`: it holds what the token may see.
Finding Modes(const fs::path& state_dir) {
  Finding finding{.check = "file modes"};
  std::string open;
  std::size_t count = 0;
  for (const char* name : {"", "state.db", "state.db-wal", "state.db-shm", "lock", "staging"}) {
    const fs::path path = *name == '\0' ? state_dir : state_dir / name;
    struct stat info {};
    if (lstat(path.c_str(), &info) != 0) continue;
    ++count;
    if ((info.st_mode & 0077) == 0) continue;
    open +=
        fmt::format("{}{} {:04o}", open.empty() ? "" : ", ", path.string(), info.st_mode & 07777);
  }
  finding.what = fmt::format("{} files and folders, for their owner alone", count);
  if (!open.empty()) {
    finding.level = Level::kWarn;
    finding.what = "open to others: " + open;
    finding.next = fmt::format("run `chmod -R go= {}`", state_dir.string());
  }
  return finding;
}

Finding Holder(const fs::path& state_dir) {
  const auto holder = RunLockHolder(state_dir);
  if (!holder) return {.check = "run lock", .what = "free"};
  return {.level = Level::kWarn,
          .check = "run lock",
          .what = holder->empty() ? "held by another run" : "held by " + *holder,
          .next = "wait for that run before you start another"};
}

Finding Unfinished(const StateHealth& health) {
  Finding finding{.check = "unfinished", .what = "nothing"};
  if (health.queued > 0 || health.failed > 0) {
    finding.level = Level::kWarn;
    finding.what = fmt::format("{} items are queued, {} have failed", health.queued, health.failed);
    finding.next = health.queued > 0 ? "run the same command again; it goes on there"
                                     : "`sluice failures` names them, `sluice retry` tries again";
  } else if (health.listed_anew) {
    finding.level = Level::kWarn;
    finding.what = "the export is to be listed anew: a collection was reset, or a listing given up";
    finding.next = "run the same command again; it lists everything";
  } else if (!health.generation_finished) {
    finding.level = Level::kWarn;
    finding.what = "the last run has not ended";
    finding.next = "run the same command again; it concludes";
  }
  return finding;
}

Finding CacheSize(const StateHealth& health) {
  if (health.cache_counted) return {.check = "cache size", .what = "as counted"};
  return {.level = Level::kWarn,
          .check = "cache size",
          .what = "the counters do not agree with the stored responses",
          .next = "nothing to do; the next run counts them anew"};
}

}  // namespace

Findings CheckOutputFolder(const fs::path& output) {
  const fs::path there = NearestThere(output);
  Findings findings{Writable(output, there), Space(there), KindOfFileSystem(there)};
  std::error_code error;
  if (fs::exists(output / ".sluice", error)) findings.push_back(Modes(output / ".sluice"));
  return findings;
}

Findings CheckStateHealth(const fs::path& output) {
  const fs::path file = StateFile(output);
  std::error_code error;
  if (!fs::exists(file, error)) return {};
  Findings findings{Holder(output / ".sluice")};
  const auto health = CheckState(file);
  if (!health) {
    findings.push_back({.level = Level::kFail,
                        .check = "state",
                        .what = health.error().message,
                        .next = "",
                        .code = health.error().code});
    return findings;
  }
  findings.push_back({.check = "state",
                      .what = fmt::format("version {}, its structure is sound", health->version)});
  findings.push_back(Unfinished(*health));
  findings.push_back(CacheSize(*health));
  return findings;
}

}  // namespace sluice
