#include "stages/http/secrets.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace sluice {
namespace {

constexpr std::size_t kSecretBytesMax = 64 << 10;

// The first line, without the white space that editors and echo leave behind.
std::string FirstLine(std::string text) {
  if (const auto end = text.find('\n'); end != std::string::npos) text.resize(end);
  const auto last = text.find_last_not_of(" \t\r");
  text.resize(last == std::string::npos ? 0 : last + 1);
  return text;
}

Result<std::string> NonEmpty(std::string value, const std::string& where) {
  if (value.empty()) return Fail(Code::kUsage, where + " is empty; put the token there");
  return value;
}

Result<std::string> FromEnvironment(const std::string& name) {
  // Read while the process starts, before any thread that could change the environment.
  const char* const value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe)
  if (value == nullptr) {
    return Fail(Code::kUsage, fmt::format("env:{0} is not set; export {0} with the token", name));
  }
  return NonEmpty(FirstLine(value), "env:" + name);
}

Result<std::string> ReadSome(std::FILE* file) {
  std::string text(kSecretBytesMax, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file));
  if (std::ferror(file) != 0) return Fail(Code::kUsage, "read error");
  return text;
}

Result<std::string> FromFile(const std::string& path) {
  // O_NONBLOCK: a FIFO left in that place must not hang the start.
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    return Fail(Code::kUsage, fmt::format("file:{}: {}", path, strerrordesc_np(errno)));
  }
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(fdopen(fd, "r"), &std::fclose);
  struct stat info {};
  if (!file || fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
    return Fail(Code::kUsage, fmt::format("file:{} is not a regular file", path));
  }
  if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return Fail(Code::kUsage,
                fmt::format("file:{0} is open to others (mode {1:03o}); run: chmod 600 {0}", path,
                            info.st_mode & 0777));
  }
  Result<std::string> text = ReadSome(file.get());
  if (!text) return Fail(Code::kUsage, fmt::format("file:{}: {}", path, text.error().message));
  return NonEmpty(FirstLine(std::move(*text)), "file:" + path);
}

Result<std::string> FromCommand(const std::string& command) {
  std::FILE* const pipe = popen(command.c_str(), "re");
  if (pipe == nullptr) return Fail(Code::kUsage, "cmd: cannot start a shell");
  Result<std::string> text = ReadSome(pipe);
  // A command that goes on writing ends with SIGPIPE here; what it printed is no secret then.
  const int status = pclose(pipe);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    return Fail(Code::kUsage,
                fmt::format("cmd: the command failed ({}); run it by hand to see why",
                            WIFEXITED(status) ? fmt::format("exit {}", WEXITSTATUS(status))
                                              : fmt::format("signal {}", WTERMSIG(status))));
  }
  if (!text) return text;
  return NonEmpty(FirstLine(std::move(*text)), "the output of cmd:");
}

Result<std::string> Resolve(std::string_view reference) {
  const auto colon = reference.find(':');
  const std::string_view scheme = reference.substr(0, colon == std::string_view::npos ? 0 : colon);
  const std::string rest(reference.substr(scheme.size() + (scheme.empty() ? 0 : 1)));
  if (!rest.empty()) {
    if (scheme == "env") return FromEnvironment(rest);
    if (scheme == "file") return FromFile(rest);
    if (scheme == "cmd") return FromCommand(rest);
  }
  return Fail(Code::kUsage,
              "a literal token is not accepted; write env:NAME, file:PATH or cmd:COMMAND");
}

}  // namespace

Result<std::string> ResolveSecret(std::string_view reference) {
  auto secret = Resolve(reference);
  if (secret) KnownSecrets().Add(*secret);
  return secret;
}

}  // namespace sluice
