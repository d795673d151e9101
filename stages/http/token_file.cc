#include "stages/http/token_file.h"

#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <utility>

#include "stages/http/secrets.h"
#include "storage/base/hash.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr std::size_t kBytesMax = 64u << 10;
constexpr off_t kReservedBytes = off_t{kBytesMax};

tl::unexpected<Error> Damaged(std::string_view why) {
  return Fail(Code::kInvalid, std::string(why));
}

// Over every field, each with its length, so that no two pairs share one.
std::string ChecksumOf(const TokenPair& pair) {
  std::string text;
  for (const std::string& field :
       {pair.access_token, pair.refresh_token, std::to_string(pair.created_at),
        std::to_string(pair.expires_in), pair.scope, pair.belongs_to}) {
    text += fmt::format("{}:{};", field.size(), field);
  }
  return Sha256Hex(text);
}

// False where the field is there and not a text.
bool Take(const Json& json, const char* name, std::string& value) {
  const auto found = json.find(name);
  if (found == json.end() || found->is_null()) return true;
  if (!found->is_string()) return false;
  value = found->get<std::string>();
  return true;
}

bool Take(const Json& json, const char* name, std::int64_t& value) {
  const auto found = json.find(name);
  if (found == json.end() || found->is_null()) return true;
  if (!found->is_number_integer()) return false;
  value = found->get<std::int64_t>();
  return true;
}

Result<TokenPair> ParseJson(std::string_view text) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return Damaged("is not whole");
  TokenPair pair;
  std::string checksum;
  if (!Take(json, "access_token", pair.access_token) ||
      !Take(json, "refresh_token", pair.refresh_token) ||
      !Take(json, "created_at", pair.created_at) || !Take(json, "expires_in", pair.expires_in) ||
      !Take(json, "scope", pair.scope) || !Take(json, "belongs_to", pair.belongs_to) ||
      !Take(json, "checksum", checksum)) {
    return Damaged("holds a field that is not what it must be");
  }
  // One that somebody made by hand has none.
  if (json.contains("checksum") && checksum != ChecksumOf(pair)) {
    return Damaged("does not match its checksum");
  }
  return pair;
}

Result<TokenPair> ParseLine(std::string_view text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  const auto last = line.find_last_not_of(" \t\r");
  TokenPair pair;
  pair.refresh_token = line.substr(0, last == line.npos ? 0 : last + 1);
  if (pair.refresh_token.empty()) return Damaged("is empty");
  return pair;
}

Result<std::string> ReadAll(int fd, const std::string& path) {
  std::string text(kBytesMax + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = ::pread(fd, text.data() + size, text.size() - size, off_t(size));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return DiskError(errno, "read", path);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  text.resize(size);
  return text;
}

Status CheckMode(int fd, const std::string& path) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) return DiskError(errno, "look at", path);
  if (!S_ISREG(info.st_mode)) {
    return Fail(Code::kUsage, fmt::format("the token file {} is not a regular file", path));
  }
  if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return Fail(Code::kUsage,
                fmt::format("the token file {0} is open to others (mode {1:03o}); run: chmod 600 "
                            "{0}",
                            path, info.st_mode & 0777));
  }
  return {};
}

struct Opened {
  UniqueFd fd;
  TokenForm form = TokenForm::kJson;
  TokenPair pair;
};

// O_NONBLOCK: a FIFO left in that place must not hang the start.
UniqueFd OpenOld(const std::string& path) {
  return UniqueFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
}

Result<Opened> ReadOpened(UniqueFd fd, const std::string& path) {
  if (auto status = CheckMode(fd.get(), path); !status) return Fail(status.error());
  const auto text = ReadAll(fd.get(), path);
  if (!text) return Fail(text.error());
  Opened opened{.fd = std::move(fd)};
  auto pair = ParseTokens(*text, &opened.form);
  if (!pair) {
    return Fail(Code::kUnauthorized,
                fmt::format("the token file {} {}; remove it and authorise again", path,
                            pair.error().message));
  }
  opened.pair = std::move(*pair);
  return opened;
}

tl::unexpected<Error> CannotOpen(const std::string& path) {
  const int error = errno;
  if (error == ENOENT || error == ENOTDIR) {
    return Fail(Code::kNotFound, fmt::format("there is no token file {}", path));
  }
  return DiskError(error, "open", path);
}

bool IsStillThere(int fd, const std::string& path) {
  struct stat held {};
  struct stat now {};
  return ::fstat(fd, &held) == 0 && ::stat(path.c_str(), &now) == 0 && held.st_ino == now.st_ino &&
         held.st_dev == now.st_dev;
}

Status WriteAll(int fd, std::string_view bytes, const std::string& path) {
  off_t at = 0;
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(fd, bytes.data(), bytes.size(), at);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return DiskError(errno, "write", path);
    at += written;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::ftruncate(fd, at) != 0) return DiskError(errno, "write", path);
  return {};
}

Status SyncFolder(const fs::path& folder) {
  const UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return DiskError(errno, "open folder", folder.string());
  if (::fsync(fd.get()) != 0) return DiskError(errno, "sync folder", folder.string());
  return {};
}

// Of one that is about to be replaced; the same for all, so that a crash leaves one at most.
std::string BesidePath(const fs::path& path) { return path.string() + ".new"; }

// The folder, private where it is made here.
Status MakeFolder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder.parent_path(), error);  // a failure shows in the next line
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    return DiskError(errno, "create folder", folder.string());
  }
  return {};
}

bool IsForbidden(int error) { return error == EACCES || error == EPERM || error == EROFS; }

}  // namespace

Result<TokenPair> ParseTokens(std::string_view text, TokenForm* form) {
  if (text.size() > kBytesMax) return Damaged("is too large");
  const bool json = text.find_first_not_of(" \t\r\n") != text.npos &&
                    text[text.find_first_not_of(" \t\r\n")] == '{';
  if (form) *form = json ? TokenForm::kJson : TokenForm::kLine;
  auto pair = json ? ParseJson(text) : ParseLine(text);
  if (!pair) return pair;
  KnownSecrets().Add(pair->access_token);
  KnownSecrets().Add(pair->refresh_token);
  return pair;
}

std::string FormatTokens(const TokenPair& pair, TokenForm form) {
  if (form == TokenForm::kLine) return pair.refresh_token + "\n";
  nlohmann::ordered_json json = {{"access_token", pair.access_token},
                                 {"refresh_token", pair.refresh_token},
                                 {"created_at", pair.created_at},
                                 {"expires_in", pair.expires_in},
                                 {"scope", pair.scope},
                                 {"belongs_to", pair.belongs_to},
                                 {"checksum", ChecksumOf(pair)}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

TokenFile::TokenFile(const fs::path& path) {
  std::error_code error;
  path_ = fs::weakly_canonical(fs::absolute(path, error), error);
  if (error) path_ = path;
}

Result<TokenPair> TokenFile::Read() const {
  UniqueFd fd = OpenOld(path_.string());
  if (!fd) return CannotOpen(path_.string());
  auto opened = ReadOpened(std::move(fd), path_.string());
  if (!opened) return Fail(opened.error());
  return std::move(opened->pair);
}

Result<std::optional<TokenFile::Hold>> TokenFile::TryHold() const {
  Hold hold;
  hold.path_ = path_;
  while (UniqueFd fd = OpenOld(path_.string())) {
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno == EWOULDBLOCK) return std::nullopt;
      if (errno == EINTR) continue;
      return DiskError(errno, "lock", path_.string());
    }
    // Who held it before has put another file in its place.
    if (!IsStillThere(fd.get(), path_.string())) continue;
    auto opened = ReadOpened(std::move(fd), path_.string());
    if (!opened) return Fail(opened.error());
    hold.lock_ = std::move(opened->fd);
    hold.form_ = opened->form;
    hold.pair_ = std::move(opened->pair);
    break;
  }
  if (!hold.lock_ && errno != ENOENT && errno != ENOTDIR) return CannotOpen(path_.string());
  if (auto status = hold.Reserve(); !status) return Fail(status.error());
  return std::optional<Hold>(std::move(hold));
}

Status TokenFile::Remove() const {
  if (::unlink(path_.c_str()) != 0 && errno != ENOENT && errno != ENOTDIR) {
    return DiskError(errno, "remove", path_.string());
  }
  return {};
}

TokenFile::Hold::~Hold() {
  if (beside_) ::unlink(BesidePath(path_).c_str());
}

// A full disk must show before a refresh token is spent, not after.
Status TokenFile::Hold::Reserve() {
  const std::string beside = BesidePath(path_);
  if (auto made = MakeFolder(path_.parent_path()); !made) return made;
  UniqueFd fd(::open(beside.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600));
  if (!fd && form_ == TokenForm::kLine && IsForbidden(errno)) return {};
  if (!fd) return DiskError(errno, "create", beside);
  // One that a crash left may have any mode.
  int failed = ::fchmod(fd.get(), 0600) != 0 ? errno : 0;
  if (failed == 0) failed = ::posix_fallocate(fd.get(), 0, kReservedBytes);
  if (failed != 0 && failed != EINVAL && failed != EOPNOTSUPP) {
    ::unlink(beside.c_str());
    return DiskError(failed, "reserve room in", beside);
  }
  beside_ = std::move(fd);
  return {};
}

Status TokenFile::Hold::Write(const TokenPair& pair) {
  const bool same = pair_ && pair_->refresh_token == pair.refresh_token;
  if (form_ == TokenForm::kLine && same) return {};
  if (!beside_) {
    if (auto status = Reserve(); !status) return status;
  }
  const std::string beside = BesidePath(path_);
  if (!beside_) return DiskError(EACCES, "create", beside);
  if (auto status = WriteAll(beside_.get(), FormatTokens(pair, form_), beside); !status) {
    return status;
  }
  if (::fsync(beside_.get()) != 0) return DiskError(errno, "sync", beside);
  if (::rename(beside.c_str(), path_.c_str()) != 0) return DiskError(errno, "rename", beside);
  beside_.Close();
  pair_ = pair;
  return SyncFolder(path_.parent_path());
}

}  // namespace sluice
