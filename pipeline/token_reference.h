// Where a token is to be found: "env:NAME", "file:PATH" or "cmd:COMMAND". This checks references;
// the token itself is read when requests are about to be sent.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "storage/base/result.h"

namespace sluice {

// `text` when it has the form of a reference; nullopt for everything else, such as a token.
std::optional<std::string> AcceptTokenReference(const std::string& text);

// The reference as it may be shown: a command's text may itself hold a secret.
std::string ShowTokenReference(std::string_view reference);

// Can it be resolved? Says how ("set", "readable, mode 0600", "not run by a check") or fails with
// kUsage and what to do: a variable that is missing or empty, a file that is missing, unreadable or
// open to group or world. Reads no token and runs no command.
using GetEnv = std::function<const char*(const char*)>;
Result<std::string> CheckTokenReference(const std::string& reference, const GetEnv& get_env);

}  // namespace sluice
