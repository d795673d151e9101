#include "pipeline/token_reference.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <system_error>

namespace sluice {
namespace {

constexpr std::string_view kEnv = "env:";
constexpr std::string_view kFile = "file:";
constexpr std::string_view kCommand = "cmd:";

bool IsVariableName(std::string_view name) {
  return !name.empty() && !std::isdigit(static_cast<unsigned char>(name.front())) &&
         std::all_of(name.begin(), name.end(),
                     [](unsigned char c) { return std::isalnum(c) || c == '_'; });
}

std::string ErrnoText() { return std::generic_category().message(errno); }

Result<std::string> CheckVariable(const std::string& name, const GetEnv& get_env) {
  const char* value = get_env(name.c_str());
  if (value && *value) return "set";
  return Fail(Code::kUsage, fmt::format("the environment variable {} is {}: export it first", name,
                                        value ? "empty" : "not set"));
}

Result<std::string> CheckFile(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) {
    return Fail(Code::kUsage, fmt::format("the token file {}: {}", path, ErrnoText()));
  }
  if (!S_ISREG(info.st_mode)) {
    return Fail(Code::kUsage, fmt::format("the token file {} is not a regular file", path));
  }
  const unsigned mode = info.st_mode & 0777u;
  if (mode & 0077u) {
    return Fail(Code::kUsage, fmt::format("the token file {} has mode {:04o}, open to others: run "
                                          "chmod 600 on it",
                                          path, mode));
  }
  if (access(path.c_str(), R_OK) != 0) {
    return Fail(Code::kUsage, fmt::format("the token file {}: {}", path, ErrnoText()));
  }
  return fmt::format("readable, mode {:04o}", mode);
}

}  // namespace

std::optional<std::string> AcceptTokenReference(const std::string& text) {
  const bool control =
      std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  if (control) return std::nullopt;
  if (text.starts_with(kEnv) && IsVariableName(text.substr(kEnv.size()))) return text;
  if (text.starts_with(kFile) && text.size() > kFile.size()) return text;
  if (text.starts_with(kCommand) && text.size() > kCommand.size()) return text;
  return std::nullopt;
}

std::string ShowTokenReference(std::string_view reference) {
  return reference.starts_with(kCommand) ? "cmd:(not shown)" : std::string(reference);
}

Result<std::string> CheckTokenReference(const std::string& reference, const GetEnv& get_env) {
  if (reference.starts_with(kEnv)) return CheckVariable(reference.substr(kEnv.size()), get_env);
  if (reference.starts_with(kFile)) return CheckFile(reference.substr(kFile.size()));
  return "a command, not run by a check";
}

}  // namespace sluice
