#include "tests/support/exporter.h"

#include <poll.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <set>
#include <stdexcept>
#include <thread>

#include "tests/support/child_process.h"
#include "tests/support/run_process.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

constexpr std::size_t kDifferencesMax = 10;
constexpr milliseconds kDeadline{280'000};  // before the 300 s after which ctest ends a test

std::int64_t ModifiedNs(const fs::path& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) throw std::runtime_error("cannot stat " + path.string());
  return info.st_mtim.tv_sec * 1'000'000'000LL + info.st_mtim.tv_nsec;
}

template <class Same>
std::vector<std::string> Compare(const Tree& left, const Tree& right, Same same) {
  std::set<std::string> paths;
  for (const auto& [path, file] : left) paths.insert(path);
  for (const auto& [path, file] : right) paths.insert(path);
  std::vector<std::string> lines;
  for (const std::string& path : paths) {
    if (lines.size() == kDifferencesMax) break;
    const auto a = left.find(path);
    const auto b = right.find(path);
    if (a == left.end()) {
      lines.push_back("new: " + path);
    } else if (b == right.end()) {
      lines.push_back("missing: " + path);
    } else if (!same(a->second, b->second)) {
      lines.push_back("changed: " + path);
    }
  }
  return lines;
}

// Waits for the child to close its end, which it does by ending. What it says is left in the pipe,
// which holds more than the log of one run.
bool HasClosed(int fd, milliseconds wait) {
  pollfd closed{.fd = fd, .events = 0, .revents = 0};
  return poll(&closed, 1, static_cast<int>(wait.count())) > 0;
}

// False at the end of the stream.
bool ReadSome(int fd, std::string& text) {
  std::array<char, 16 << 10> buffer;
  const ssize_t count = read(fd, buffer.data(), buffer.size());
  if (count > 0) text.append(buffer.data(), static_cast<std::size_t>(count));
  return count > 0;
}

}  // namespace

Tree ReadTree(const fs::path& folder) {
  Tree tree;
  if (!fs::exists(folder)) return tree;
  for (auto entry = fs::recursive_directory_iterator(folder);
       entry != fs::recursive_directory_iterator(); ++entry) {
    if (entry->path().filename() == ".sluice") {
      entry.disable_recursion_pending();
    } else if (entry->is_regular_file()) {
      tree[entry->path().lexically_relative(folder).string()] = {
          .content = ReadFile(entry->path()), .mtime_ns = ModifiedNs(entry->path())};
    }
  }
  return tree;
}

std::vector<std::string> Differences(const Tree& expected, const Tree& actual) {
  return Compare(expected, actual,
                 [](const OutputFile& a, const OutputFile& b) { return a.content == b.content; });
}

std::vector<std::string> Touched(const Tree& before, const Tree& after) {
  return Compare(before, after, [](const OutputFile& a, const OutputFile& b) {
    return a.content == b.content && a.mtime_ns == b.mtime_ns;
  });
}

Rows Query(const fs::path& database, const std::string& sql) {
  sqlite3* opened = nullptr;
  const int failed = sqlite3_open_v2(database.c_str(), &opened, SQLITE_OPEN_READWRITE, nullptr);
  const std::unique_ptr<sqlite3, int (*)(sqlite3*)> owner(opened, sqlite3_close);
  if (failed != SQLITE_OK) throw std::runtime_error("cannot open " + database.string());
  sqlite3_busy_timeout(opened, 10'000);
  Rows rows;
  const auto add = [](void* to, int count, char** values, char**) {
    auto& row = static_cast<Rows*>(to)->emplace_back();
    for (int i = 0; i < count; ++i) row.emplace_back(values[i] == nullptr ? "NULL" : values[i]);
    return 0;
  };
  if (sqlite3_exec(opened, sql.c_str(), add, &rows, nullptr) != SQLITE_OK) {
    throw std::runtime_error(sql + ": " + sqlite3_errmsg(opened));
  }
  return rows;
}

std::vector<std::string> Exporter::ExportArgs(const std::vector<std::string>& more) const {
  std::vector<std::string> args = {source_, "--out", output().string(), "--progress", "none"};
  const auto given = [&](std::string_view flag) {
    return std::find(more.begin(), more.end(), flag) != more.end();
  };
  if (!given("--tpslimit")) args.insert(args.end(), {"--tpslimit", "0"});
  if (!given("--base-url")) args.insert(args.end(), {"--base-url", url_});
  if (!given("--token")) {
    args.insert(args.end(), {"--token", std::string("env:") + kTokenVariable});
  }
  args.insert(args.end(), more.begin(), more.end());
  return args;
}

std::map<std::string, std::string> Exporter::Environment() const {
  std::map<std::string, std::string> variables = variables_;
  variables[kTokenVariable] = token_;
  return variables;
}

Outcome Exporter::Export(const std::vector<std::string>& more) const {
  return Run(ExportArgs(more));
}

Outcome Exporter::Export(const SimProcess& sim, const std::vector<std::string>& more) {
  UseService(sim.url());
  return Export(more);
}

std::unique_ptr<ChildProcess> Exporter::Start(const SimProcess& sim, std::size_t requests,
                                              const std::vector<std::string>& more) {
  UseService(sim.url());
  std::vector<std::string> args = ExportArgs(more);
  args.insert(args.begin(), (binaries_ / "sluice").string());
  args.insert(args.begin(), wrapper_.begin(), wrapper_.end());
  const std::size_t until = sim.Answered() + requests;
  auto child = std::make_unique<ChildProcess>(
      ChildProcess::Options{.args = args, .environment = Environment()});
  child->CloseIn();
  const auto deadline = std::chrono::steady_clock::now() + kDeadline;
  while (sim.Answered() < until && !HasClosed(child->err(), milliseconds(1))) {
    if (std::chrono::steady_clock::now() > deadline) child->Kill(9);
  }
  return child;
}

Outcome Exporter::ExportInterrupted(const SimProcess& sim, const Interruption& interruption,
                                    const std::vector<std::string>& more) {
  const auto child = Start(sim, interruption.requests, more);
  for (int i = 0; i < interruption.times; ++i) {
    std::this_thread::sleep_for(interruption.after);
    child->Kill(interruption.signal);
  }
  Outcome outcome;
  while (ReadSome(child->err(), outcome.err)) {
  }
  outcome.exit_code = child->Wait();
  return outcome;
}

Outcome Exporter::Run(const std::vector<std::string>& args) const {
  Command command{.args = args, .environment = Environment()};
  command.args.insert(command.args.begin(), (binaries_ / "sluice").string());
  command.args.insert(command.args.begin(), wrapper_.begin(), wrapper_.end());
  command.working_folder = folder_.path().string();
  command.deadline = kDeadline;
  ProcessResult result = RunProcess(command);
  if (result.timed_out) throw std::runtime_error("sluice did not end: " + result.err);
  return {
      .exit_code = result.exit_code, .out = std::move(result.out), .err = std::move(result.err)};
}

std::vector<std::string> Exporter::Leftovers() const {
  static const std::set<std::string> kExpected = {"lock", "state.db", "state.db-wal",
                                                  "state.db-shm"};
  std::vector<std::string> leftovers;
  for (const auto& entry : fs::recursive_directory_iterator(output() / ".sluice")) {
    const std::string name = entry.path().filename().string();
    if (entry.is_regular_file() && !kExpected.contains(name)) leftovers.push_back(name);
  }
  for (const auto& [path, file] : Output()) {
    if (path.ends_with(".part") || path.ends_with(".tmp")) leftovers.push_back(path);
  }
  return leftovers;
}

}  // namespace sluice
