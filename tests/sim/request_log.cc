#include "tests/sim/request_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <stdexcept>

#include "tests/sim/json_out.h"

namespace sluice::sim {

RequestLog::RequestLog(const std::string& path) {
  if (path.empty()) return;
  fd_ = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd_ < 0) throw std::runtime_error("cannot open the request log " + path);
}

RequestLog::~RequestLog() {
  if (fd_ >= 0) close(fd_);
}

void RequestLog::Write(const HttpRequest& request, int status, double ms) {
  if (fd_ < 0) return;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  char elapsed[32];
  std::snprintf(elapsed, sizeof elapsed, "%.3f", ms);
  std::string line;
  JsonOut out(line);
  out.BeginObject();
  out.Key("time_ms").Int(std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
  out.Field("method", request.method).Field("path", request.target);
  constexpr std::size_t kBodyBytesMax = 4096;
  if (!request.body.empty()) out.Field("body", request.body.substr(0, kBodyBytesMax));
  out.Field("status", static_cast<long long>(status)).RawField("ms", elapsed).EndObject();
  line += '\n';
  // A log that cannot be written fails the test that reads it; there is no one else to tell.
  (void)!write(fd_, line.data(), line.size());
}

}  // namespace sluice::sim
