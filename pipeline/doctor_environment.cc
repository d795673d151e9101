// What the process finds around it: libraries, the kernel, limits, files of the system.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/utsname.h>

#include <filesystem>

#include "pipeline/doctor.h"
#include "pipeline/graph.h"
#include "stages/libraries.h"
#include "storage/beneath.h"
#include "storage/state_health.h"

namespace sluice {
namespace {

using Level = Finding::Level;

// A connection for each request in flight, the state, its readers and a staged file for each
// worker; limits.in_flight is 64 by default.
constexpr rlim_t kFilesWanted = 256;
constexpr rlim_t kFilesNeeded = 64;

Finding Libraries() {
  return {.check = "libraries",
          .what = fmt::format("SQLite {}, oneTBB {}, simdjson {}", SqliteVersion(),
                              FlowGraphVersion(), JsonLibraryVersion())};
}

Finding Http(const HttpLibrary& library) {
  if (!library.https) {
    return {.level = Level::kFail,
            .check = "libcurl",
            .what = fmt::format("{} speaks no https", library.version),
            .next = "install a libcurl with TLS (libcurl4)",
            .code = Code::kNetwork};
  }
  return {.check = "libcurl",
          .what = fmt::format("{} with {}, {}", library.version, library.tls,
                              library.http2 ? "HTTP/2" : "HTTP/1.1 (HTTP/2 from libcurl 8.0 on)")};
}

Finding Authorities(const HttpLibrary& library) {
  Finding finding{.check = "authorities"};
  if (library.authorities.empty()) {
    finding.what = "those of " + library.tls;
  } else if (access(library.authorities.c_str(), R_OK) == 0) {
    finding.what = library.authorities;
  } else {
    finding.level = Level::kFail;
    finding.what = library.authorities + " cannot be read, so no server can be trusted";
    finding.next = "install ca-certificates";
    finding.code = Code::kNetwork;
  }
  return finding;
}

Finding Kernel() {
  utsname name{};
  uname(&name);
  Finding finding{.check = "kernel", .what = fmt::format("{} {}", name.sysname, name.release)};
  if (HasOpenat2()) {
    finding.what += ", openat2";
  } else {
    finding.level = Level::kWarn;
    finding.what += ", no openat2: every folder of a path is opened by itself";
    finding.next = "nothing to do; it is only slower (Linux 5.6 has it, some containers forbid it)";
  }
  return finding;
}

Finding OpenFiles() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  Finding finding{.check = "open files", .what = fmt::format("at most {}", limit.rlim_cur)};
  if (limit.rlim_cur < kFilesWanted) {
    finding.level = limit.rlim_cur < kFilesNeeded ? Level::kFail : Level::kWarn;
    finding.what += fmt::format(", {} are wanted for limits.in_flight = 64", kFilesWanted);
    finding.next = fmt::format("run `ulimit -n {}`, or lower limits.in_flight", kFilesWanted);
    finding.code = Code::kDisk;
  }
  return finding;
}

Finding TimeZones() {
  constexpr const char* kData = "/usr/share/zoneinfo";
  if (std::filesystem::exists(std::string(kData) + "/UTC")) {
    return {.check = "time zones", .what = kData};
  }
  return {.level = Level::kWarn,
          .check = "time zones",
          .what = fmt::format("no data in {}", kData),
          .next = "sluice itself works in UTC; install tzdata where names of zones are to be read"};
}

}  // namespace

Findings CheckEnvironment() {
  const HttpLibrary http = LoadedHttpLibrary();
  return {Libraries(), Http(http), Authorities(http), Kernel(), OpenFiles(), TimeZones()};
}

}  // namespace sluice
