// An access token and the refresh token that renews it, in a file of their own.
//
// Two forms. A JSON object {access_token, refresh_token, created_at, expires_in, scope, belongs_to,
// checksum}: what sluice writes. Or a line with the refresh token alone: what a user put there;
// it stays a line, and holds the newest refresh token.
//
// Refresh tokens often work once. So a file is replaced as a whole and durably (written beside,
// synced, renamed, folder synced) before anybody sees the new token, and who is about to spend a
// refresh token holds the file's lock and has read the file under it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "storage/base/result.h"
#include "storage/beneath.h"

namespace sluice {

struct TokenPair {
  std::string access_token;     // empty: none yet
  std::string refresh_token;    // empty: none
  std::int64_t created_at = 0;  // seconds since the epoch
  std::int64_t expires_in = 0;  // seconds; 0: not known
  std::string scope;
  // SHA-256 of what the pair was made for (a client id, the refresh token that a job names), so
  // that it is not taken for another; empty: not said.
  std::string belongs_to;

  bool operator==(const TokenPair&) const = default;
};

enum class TokenForm { kJson, kLine };

// Reads both forms; says which in `form` where that is given. A text that was damaged is refused
// (kInvalid), not read as other tokens: the JSON that sluice writes carries a checksum. Pure.
Result<TokenPair> ParseTokens(std::string_view text, TokenForm* form = nullptr);
std::string FormatTokens(const TokenPair& pair, TokenForm form);

// Thread-safe: const and stateless but for the path. Errors name the path, and no token.
class TokenFile {
 public:
  // A symbolic link is followed once, here: what it points to is replaced, not the link.
  explicit TokenFile(const std::filesystem::path& path);

  // kNotFound: there is none. kUsage: open to group or world, or not a regular file.
  // kUnauthorized: damaged, with what to do. kDisk: cannot be read.
  Result<TokenPair> Read() const;

  // The exclusive right to replace the file; released when it is destroyed.
  class Hold {
   public:
    // The file as it is now; nullopt: there is none.
    const std::optional<TokenPair>& pair() const { return pair_; }
    // Replaces it; durable when it returns success, and this is of no more use then. kDisk: the old
    // content is still there; may be called again.
    Status Write(const TokenPair& pair);
    Hold(Hold&&) noexcept = default;
    Hold& operator=(Hold&&) noexcept = default;
    ~Hold();

   private:
    friend class TokenFile;
    Hold() = default;
    Status Reserve();

    std::filesystem::path path_;
    TokenForm form_ = TokenForm::kJson;
    std::optional<TokenPair> pair_;
    UniqueFd lock_;
    UniqueFd beside_;  // the file that will take its place, with room reserved
  };
  // nullopt: another process holds it; does not wait. Errors as of Read(), but that a file which
  // is not there is no error; kDisk also where the folder takes no new content. A line in a folder
  // that may not be written is held all the same: its server may never send a new refresh token.
  Result<std::optional<Hold>> TryHold() const;

  // Removes it; success where there is none.
  Status Remove() const;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace sluice
