#include "tests/support/sim_process.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>

namespace sluice {
namespace {

constexpr int kStartMsMax = 30'000;

std::vector<std::string> WithLog(const std::filesystem::path& binary, std::vector<std::string> args,
                                 const std::filesystem::path& log) {
  args.insert(args.begin(), binary.string());
  args.insert(args.end(), {"--log", log.string()});
  return args;
}

}  // namespace

SimProcess::SimProcess(const std::filesystem::path& binary, std::vector<std::string> args)
    : process_({.args = WithLog(binary, std::move(args), folder_ / "requests.jsonl")}),
      url_(ReadUrl()) {}

std::string SimProcess::ReadUrl() {
  std::string line;
  pollfd wait{.fd = process_.out(), .events = POLLIN, .revents = 0};
  while (line.find('\n') == std::string::npos && poll(&wait, 1, kStartMsMax) > 0) {
    std::array<char, 256> buffer;
    const ssize_t count = read(process_.out(), buffer.data(), buffer.size());
    if (count <= 0) break;
    line.append(buffer.data(), count);
  }
  constexpr std::string_view kGreeting = "listening ";
  if (line.starts_with(kGreeting)) {
    return line.substr(kGreeting.size(), line.find('\n') - kGreeting.size());
  }
  process_.Kill(SIGKILL);
  std::array<char, 4096> said;
  const ssize_t count = read(process_.err(), said.data(), said.size());
  throw std::runtime_error("sluice-sim did not start: " + line +
                           std::string(said.data(), std::max<ssize_t>(count, 0)));
}

int SimProcess::port() const { return std::stoi(url_.substr(url_.rfind(':') + 1)); }

std::int64_t SimProcess::ResidentBytes() const {
  std::ifstream statm("/proc/" + std::to_string(pid()) + "/statm");
  std::int64_t size = 0;
  std::int64_t resident = 0;
  statm >> size >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

std::vector<LogLine> SimProcess::Log() const {
  std::vector<LogLine> lines;
  std::istringstream text(ReadFile(folder_ / "requests.jsonl"));
  for (std::string line; std::getline(text, line);) {
    const auto json = nlohmann::json::parse(line);
    lines.push_back({.time_ms = json.at("time_ms"),
                     .method = json.at("method"),
                     .path = json.at("path"),
                     .body = json.value("body", ""),
                     .status = json.at("status"),
                     .ms = json.at("ms")});
  }
  return lines;
}

std::size_t SimProcess::Answered() const {
  const std::filesystem::path log = folder_ / "requests.jsonl";
  if (!std::filesystem::exists(log)) return 0;
  const std::string text = ReadFile(log);
  return static_cast<std::size_t>(std::ranges::count(text, '\n'));
}

std::size_t SimProcess::Count(std::string_view method, std::string_view path_part) const {
  return std::ranges::count_if(Log(), [&](const LogLine& line) {
    return (method.empty() || line.method == method) &&
           line.path.find(path_part) != std::string::npos;
  });
}

std::size_t SimProcess::CountStatus(int status) const {
  return std::ranges::count(Log(), status, &LogLine::status);
}

int SimProcess::Stop() {
  process_.Kill(SIGTERM);
  return process_.Wait();
}

}  // namespace sluice
