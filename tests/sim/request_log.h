// One JSON line per answered request: {"time_ms","method","path","body","status","ms"}. `path`
// holds the query; `body` (of a POST) is cut at 4 kB. Thread-safe; each line is one write(2), made
// before the answer goes out, so that who has the answer finds the line.
#pragma once

#include <string>

#include "tests/sim/http_message.h"

namespace sluice::sim {

class RequestLog {
 public:
  // Appends to `path`; an empty path logs nothing. Throws std::runtime_error when it cannot open.
  explicit RequestLog(const std::string& path);
  ~RequestLog();
  RequestLog(const RequestLog&) = delete;
  RequestLog& operator=(const RequestLog&) = delete;

  void Write(const HttpRequest& request, int status, double ms);

 private:
  int fd_ = -1;
};

}  // namespace sluice::sim
