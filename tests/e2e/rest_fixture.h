// The fixture of the tests that run REST jobs with the real sluice against the real simulator.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/exporter.h"
#include "tests/support/sim_process.h"

namespace sluice {

class RestTest : public testing::Test {
 protected:
  static SimProcess Simulate(const std::string& paginator, std::vector<std::string> more = {}) {
    std::vector<std::string> args = {"rest", "--paginator", paginator};
    args.insert(args.end(), more.begin(), more.end());
    return SimProcess(SLUICE_BINARY_DIR "/sluice-sim", std::move(args));
  }
  // The same service later, at the same address.
  static std::vector<std::string> At(int port, std::vector<std::string> more) {
    more.insert(more.begin(), {"--port", std::to_string(port)});
    return more;
  }

  // How `sluice-sim rest` wants each paginator to be asked, as a job file says it.
  static std::string PaginatorOf(const std::string& name) {
    if (name == "cursor") return R"({ type = "cursor", cursor_path = "next_cursor" })";
    if (name == "offset") return R"({ type = "offset", limit = 100, total_path = "total" })";
    if (name == "header_cursor")
      return R"({ type = "header_cursor", cursor_key = "X-Next-Cursor" })";
    if (name == "page_number") {
      return R"({ type = "page_number", base_page = 1, total_header = "X-Total-Pages", )"
             R"(record_total_header = "X-Total-Count" })";
    }
    return "\"" + name + "\"";
  }

  // `endpoint`: what follows path; `more`: what follows the endpoint.
  static std::string Records(const std::string& endpoint, const std::string& resource = "") {
    return "[[resources]]\nname = \"records\"\nprimary_key = \"id\"\n" + resource +
           "[resources.endpoint]\npath = \"records\"\n" + endpoint + "\n";
  }
  static std::string Notes(const std::string& endpoint, const std::string& resource = "") {
    return "[[resources]]\nname = \"notes\"\ninclude_from_parent = [\"id\"]\n" + resource +
           "[resources.endpoint]\npath = \"records/{resources.records.id}/notes\"\n" + endpoint +
           "\n";
  }

  void Job(const SimProcess& sim, const std::string& resources, const std::string& client = "") {
    std::ofstream(job()) << "[job]\nname = \"records\"\nsource = \"rest\"\noutput = \"out\"\n"
                         << "[client]\nbase_url = \"" << sim.url() << "\"\n"
                         << client << resources;
  }
  std::filesystem::path job() const { return exporter_.folder() / "job.toml"; }

  Outcome Export(std::vector<std::string> more = {}) const {
    std::vector<std::string> args = {"run", job().string(), "--progress", "none"};
    args.insert(args.end(), more.begin(), more.end());
    return exporter_.Run(args);
  }
  // Killed when the simulator has answered so many requests from now on. 137 when it came to that.
  int ExportKilled(const SimProcess& sim, std::size_t requests) const {
    const std::size_t until = sim.Answered() + requests;
    ChildProcess sluice(
        {.args = {SLUICE_BINARY_DIR "/sluice", "run", job().string(), "--progress", "none"}});
    while (sim.Answered() < until && kill(sluice.pid(), 0) == 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
      int status = 0;
      if (waitpid(sluice.pid(), &status, WNOHANG | WNOWAIT) != 0) break;
    }
    sluice.Kill(SIGKILL);
    return sluice.Wait();
  }

  std::vector<nlohmann::json> Lines(const std::string& file) const {
    std::vector<nlohmann::json> lines;
    std::istringstream in(exporter_.Output()[file].content);
    for (std::string line; std::getline(in, line);) lines.push_back(nlohmann::json::parse(line));
    return lines;
  }
  std::vector<std::int64_t> Ids(const std::string& file = "records.jsonl") const {
    std::vector<std::int64_t> ids;
    for (const auto& line : Lines(file)) ids.push_back(line.at("id"));
    return ids;
  }
  // first, first + 1, ..., as many as that.
  static std::vector<std::int64_t> From(std::int64_t first, std::size_t count) {
    std::vector<std::int64_t> ids(count);
    for (auto& id : ids) id = first++;
    return ids;
  }

  Exporter exporter_{SLUICE_BINARY_DIR};
};

}  // namespace sluice
