// A server that nobody here wrote: json-server (npm), in both of its lines. Version 1 pages with
// numbers in an envelope, and answers a page beyond the last with the last; version 0 gives bare
// arrays and a Link header.
#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "storage/beneath.h"
#include "tests/support/exporter.h"
#include "tests/support/run_process.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr int kRecords = 237;

bool Works(const std::string& program) {
  try {
    return RunProcess({.args = {program, "--version"}}).exit_code == 0;
  } catch (const std::runtime_error&) {
    return false;
  }
}

// The packages, installed once under the build folder, whichever test comes first: they run side by
// side. nullopt: they are there; else why they are not.
std::optional<std::string> InstallServers(const fs::path& folder) {
  if (!Works("node") || !Works("npm")) return "node and npm are needed";
  fs::create_directories(folder);
  const UniqueFd lock(open((folder / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (flock(lock.get(), LOCK_EX) != 0) return "the folder of the packages cannot be locked";
  const fs::path installed = folder / "installed";
  if (fs::exists(installed)) return std::nullopt;
  fs::remove_all(folder / "node_modules");
  std::ofstream(folder / "package.json") << R"({
    "name": "sluice-json-server-test",
    "private": true,
    "dependencies": {
      "json-server-0": "npm:json-server@0.17.4",
      "json-server-1": "npm:json-server@1.0.0-beta.15"
    }
  })";
  const ProcessResult install =
      RunProcess({.args = {"npm", "install", "--no-audit", "--no-fund", "--no-package-lock"},
                  .working_folder = folder.string()});
  if (install.exit_code != 0) return "npm cannot install json-server: " + install.err;
  std::ofstream(installed) << "whole\n";
  return std::nullopt;
}

int FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  bind(fd, reinterpret_cast<sockaddr*>(&address), size);
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  close(fd);
  return ntohs(address.sin_port);
}

class JsonServerTest : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto why = InstallServers(packages_)) GTEST_SKIP() << *why;
    json data;
    for (int i = 1; i <= kRecords; ++i) {
      data["records"].push_back({{"id", std::to_string(i)},
                                 {"name", "name, \"" + std::to_string(i) + "\"\nand more"},
                                 {"owner", {{"login", "user" + std::to_string(i % 7)}}}});
      if (i % 50 == 0) {
        data["notes"].push_back({{"id", std::to_string(1000 + i)},
                                 {"recordId", std::to_string(i)},
                                 {"text", "note of " + std::to_string(i)}});
      }
    }
    std::ofstream(folder_ / "db.json") << data.dump();
  }

  // `script` within the packages; `ready` is what it prints last before it listens.
  void Serve(const std::string& script, const std::string& ready) {
    port_ = FreePort();
    server_ = std::make_unique<ChildProcess>(ChildProcess::Options{
        .args = {"node", (packages_ / "node_modules" / script).string(), "--host", "127.0.0.1",
                 "--port", std::to_string(port_), (folder_ / "db.json").string()}});
    std::string said;
    char buffer[4096];
    while (said.find(ready) == said.npos) {
      const ssize_t got = read(server_->out(), buffer, sizeof(buffer));
      ASSERT_GT(got, 0) << "json-server has ended: " << said;
      said.append(buffer, static_cast<std::size_t>(got));
    }
  }

  // `resources`: what follows [client] in the job file.
  void Job(const std::string& resources) {
    std::ofstream(exporter_.folder() / "job.toml")
        << "[job]\nname = \"records\"\nsource = \"rest\"\noutput = \"out\"\n"
        << "[client]\nbase_url = \"http://127.0.0.1:" << port_ << "\"\n"
        << resources;
  }

  Outcome Export() {
    return exporter_.Run(
        {"run", (exporter_.folder() / "job.toml").string(), "--set", "limits.rate=0"});
  }

  // Ids of the JSON lines in `file`, in their order.
  std::vector<std::string> Ids(const std::string& file) {
    std::vector<std::string> ids;
    std::ifstream in(exporter_.folder() / "out" / file);
    for (std::string line; std::getline(in, line);) ids.push_back(json::parse(line)["id"]);
    return ids;
  }

  static std::vector<std::string> AllIds() {
    std::vector<std::string> ids;
    for (int i = 1; i <= kRecords; ++i) ids.push_back(std::to_string(i));
    return ids;
  }

  const fs::path packages_ = fs::path(SLUICE_BINARY_DIR) / "json_server_test";
  TempDir folder_;
  Exporter exporter_{SLUICE_BINARY_DIR};
  int port_ = 0;
  std::unique_ptr<ChildProcess> server_;
};

class JsonServer1Test : public JsonServerTest {
 protected:
  void Serve() { JsonServerTest::Serve("json-server-1/lib/bin.js", "/records"); }
};

class JsonServer0Test : public JsonServerTest {
 protected:
  void Serve() { JsonServerTest::Serve("json-server-0/lib/cli/bin.js", "Home"); }
};

TEST_F(JsonServer1Test, PagesWithNumbersGiveEveryRecordOnceAndInOrder) {
  Serve();
  Job(R"(
[[resources]]
name = "records"
primary_key = "id"
[resources.endpoint]
path = "records"
params = { _per_page = 25 }
data_selector = "data"
paginator = { type = "page_number", base_page = 1, page_param = "_page", total_path = "pages", record_total_path = "items" }
)");
  const Outcome outcome = Export();
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(Ids("records.jsonl"), AllIds());
}

TEST_F(JsonServer1Test, ANextPageInTheBodyIsACursor) {
  Serve();
  Job(R"(
[[resources]]
name = "records"
[resources.endpoint]
path = "records"
params = { _per_page = 25, _page = 1 }
paginator = { type = "cursor", cursor_path = "next", cursor_param = "_page" }
)");
  const Outcome outcome = Export();
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(Ids("records.jsonl"), AllIds());
}

// Without a total there is no end: each page beyond the last is the last one again.
TEST_F(JsonServer1Test, AnEndThatNeverComesIsNoticed) {
  Serve();
  Job(R"(
[[resources]]
name = "records"
primary_key = "id"
[resources.endpoint]
path = "records"
params = { _per_page = 25 }
data_selector = "data"
paginator = { type = "page_number", base_page = 1, page_param = "_page" }
)");
  const Outcome outcome = Export();
  EXPECT_EQ(outcome.exit_code, 3) << outcome.err;
  EXPECT_NE(outcome.err.find("records"), std::string::npos) << outcome.err;
  EXPECT_EQ(Ids("records.jsonl"), AllIds());
}

TEST_F(JsonServer0Test, LinksInTheHeaderGiveEveryRecordAndTheNotesOfEach) {
  Serve();
  Job(R"(
[[resources]]
name = "records"
primary_key = "id"
[resources.endpoint]
path = "records"
params = { _page = 1, _limit = 25 }
paginator = "header_link"

[[resources]]
name = "notes"
primary_key = "id"
include_from_parent = ["name"]
[resources.endpoint]
path = "notes"
params = { recordId = "{resources.records.id}" }
paginator = "single_page"
)");
  const Outcome outcome = Export();
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(Ids("records.jsonl"), AllIds());
  EXPECT_EQ(Ids("notes.jsonl"), (std::vector<std::string>{"1050", "1100", "1150", "1200"}));
}

TEST_F(JsonServer0Test, ThePaginatorIsFoundOut) {
  Serve();
  Job(R"(
[[resources]]
name = "records"
[resources.endpoint]
path = "records"
params = { _page = 1 }
)");
  const Outcome outcome = Export();
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(Ids("records.jsonl"), AllIds());
}

}  // namespace
}  // namespace sluice
