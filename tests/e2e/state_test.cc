// What can be seen of an export from outside: status, the views of its state, its modes; and what
// can be seen nowhere: the token.
#include <signal.h>
#include <sys/stat.h>

#include <nlohmann/json.hpp>

#include "tests/e2e/export_fixture.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class VisibleStateTest : public ExportTest {
 protected:
  static SimProcess Workspace(std::vector<std::string> more = {}) {
    std::vector<std::string> args = {"--pages", "60", "--blocks", "4", "--databases", "2"};
    args.insert(args.end(), more.begin(), more.end());
    return Simulate(std::move(args));
  }
  static int Mode(const fs::path& path) {
    struct stat info {};
    EXPECT_EQ(stat(path.c_str(), &info), 0) << path;
    return static_cast<int>(info.st_mode & 0777);
  }
  json Status() {
    const Outcome outcome = exporter_.Run({"status", exporter_.output(), "--json"});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return json::parse(outcome.out);
  }
  static json RowOf(const json& status, std::string_view kind) {
    for (const json& row : status.at("progress")) {
      if (row.at("kind") == kind) return row;
    }
    return json::object();
  }
};

TEST_F(VisibleStateTest, StatusCountsWhatIsDoneAfterARun) {
  const SimProcess sim = Workspace();
  ASSERT_EQ(exporter_.Export(sim).exit_code, 0);
  const json status = Status();
  EXPECT_EQ(RowOf(status, "page").at("done"), 60);
  EXPECT_EQ(RowOf(status, "database").at("done"), 2);
  EXPECT_EQ(RowOf(status, "request").at("done"), sim.Answered());
  EXPECT_EQ(RowOf(status, "request").at("waiting"), 0);
}

TEST_F(VisibleStateTest, StatusForPeopleNamesEveryKind) {
  ASSERT_EQ(exporter_.Export(Workspace()).exit_code, 0);
  const Outcome outcome = exporter_.Run({"status", exporter_.output()});
  EXPECT_EQ(outcome.exit_code, 0);
  for (const char* kind : {"page", "database", "request"})
    EXPECT_THAT(outcome.out, HasSubstr(kind));
}

TEST_F(VisibleStateTest, StatusIsReadWhileARunGoesOn) {
  const SimProcess sim = Workspace({"--latency", "200ms"});
  const auto run = exporter_.Start(sim, 40);
  const json status = Status();
  EXPECT_GT(RowOf(status, "request").at("waiting"), 0);
  EXPECT_LT(RowOf(status, "page").value("done", 0), 60);
  run->Kill(SIGTERM);
  EXPECT_EQ(run->Wait(), 143);
}

struct ViewCase {
  std::string view;
  std::vector<std::string> columns;
};
void PrintTo(const ViewCase& test, std::ostream* out) { *out << test.view; }
class ViewTest : public VisibleStateTest, public testing::WithParamInterface<ViewCase> {};

TEST_P(ViewTest, HasTheColumnsThatWerePromised) {
  ASSERT_EQ(exporter_.Export(Workspace()).exit_code, 0);
  std::vector<std::string> columns;
  for (const auto& row : Query(exporter_.state(), "PRAGMA table_info(" + GetParam().view + ")")) {
    columns.push_back(row.at(1));
  }
  ASSERT_GE(columns.size(), GetParam().columns.size());
  columns.resize(GetParam().columns.size());
  EXPECT_EQ(columns, GetParam().columns);
  Query(exporter_.state(), "SELECT * FROM " + GetParam().view);
}

INSTANTIATE_TEST_SUITE_P(
    Views, ViewTest,
    testing::Values(ViewCase{"v_progress",
                             {"kind", "total", "done", "failed", "waiting", "in_flight"}},
                    ViewCase{"v_pending", {}},
                    ViewCase{"v_failures",
                             {"item", "kind", "operation", "http_status", "class", "attempts",
                              "last_error", "not_before"}},
                    ViewCase{"v_cache", {"entries", "bytes", "hits", "misses", "evictions"}},
                    ViewCase{"v_runs", {}},
                    ViewCase{"v_outputs", {"path", "source_id", "revision", "bytes", "sha256"}},
                    ViewCase{"v_limits", {"name", "value"}}),
    [](const auto& test) { return test.param.view; });

TEST_F(VisibleStateTest, OutputsInTheStateAreTheFilesInTheFolder) {
  ASSERT_EQ(exporter_.Export(Workspace()).exit_code, 0);
  std::map<std::string, std::string> listed;
  for (const auto& row : Query(exporter_.state(), "SELECT path, bytes FROM v_outputs")) {
    listed[row.at(0)] = row.at(1);
  }
  std::map<std::string, std::string> found;
  for (const auto& [path, file] : exporter_.Output()) {
    found[path] = std::to_string(file.content.size());
  }
  EXPECT_EQ(listed, found);
}

TEST_F(VisibleStateTest, TheStateIsForItsOwnerAlone) {
  ASSERT_EQ(exporter_.Export(Workspace()).exit_code, 0);
  EXPECT_EQ(Mode(exporter_.output() / ".sluice"), 0700);
  EXPECT_EQ(Mode(exporter_.state()), 0600);
}

TEST_F(VisibleStateTest, EveryRunIsOnRecord) {
  const SimProcess sim = Workspace();
  ASSERT_EQ(exporter_.Export(sim, {"--max-requests", "30"}).exit_code, 3);
  ASSERT_EQ(exporter_.Export(sim).exit_code, 0);
  const Rows rows = Query(exporter_.state(), "SELECT outcome, exit_code FROM v_runs");
  EXPECT_EQ(rows, (Rows{{"incomplete", "3"}, {"complete", "0"}}));
}

TEST_F(VisibleStateTest, TheReportSaysWhatTheRunDid) {
  const SimProcess sim = Workspace();
  const fs::path report = exporter_.folder() / "report.json";
  ASSERT_EQ(exporter_.Export(sim, {"--report", report.string()}).exit_code, 0);
  EXPECT_THAT(ReadFile(report), HasSubstr(std::to_string(sim.Answered())));
  EXPECT_TRUE(json::accept(ReadFile(report)));
}

TEST_F(VisibleStateTest, NoMoreIsInFlightThanAllowed) {
  ASSERT_EQ(
      exporter_.Export(Workspace({"--latency", "5ms"}), {"--set", "limits.in_flight=7"}).exit_code,
      0);
  const Rows peak =
      Query(exporter_.state(), "SELECT value FROM v_limits WHERE name = 'in_flight.peak'");
  ASSERT_EQ(peak.size(), 1u);
  EXPECT_GE(std::stoi(peak[0][0]), 2);
  EXPECT_LE(std::stoi(peak[0][0]), 7);
}

TEST_F(VisibleStateTest, NoMoreIsSentThanTheRateAllows) {
  const SimProcess sim = Simulate({"--pages", "10", "--blocks", "2", "--databases", "1"});
  const Outcome outcome = exporter_.Export(sim, {"--tpslimit", "20", "--tpslimit-burst", "1"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const std::vector<LogLine> log = sim.Log();
  const std::int64_t gaps = static_cast<std::int64_t>(log.size()) - 1;
  // A request may come late and the last one early, each by the time of one answer.
  EXPECT_GE(log.back().time_ms - log.front().time_ms, 50 * gaps - 50);
}

TEST_F(VisibleStateTest, TheTokenIsWrittenNowhere) {
  const std::string canary = "canary_8f1b62d0c4";
  exporter_.SetToken(canary);
  const fs::path report = exporter_.folder() / "report.json";
  // Refused halfway, so that errors are logged and stored as well.
  for (const char* fault : {"500:0.3", "401-after:40"}) {
    const Outcome outcome =
        exporter_.Export(Workspace({"--fault", fault}),
                         {"-v", "-v", "--report", report.string(), "--set", "retry.base=10ms"});
    EXPECT_THAT(outcome.err + outcome.out, Not(HasSubstr(canary)));
    EXPECT_THAT(ReadFile(report), Not(HasSubstr(canary)));
  }
  for (const auto& entry : fs::recursive_directory_iterator(exporter_.folder())) {
    if (!entry.is_regular_file()) continue;
    EXPECT_THAT(ReadFile(entry.path()), Not(HasSubstr(canary))) << entry.path();
  }
  const Outcome check = exporter_.Run({"status", exporter_.output(), "--json"});
  EXPECT_THAT(check.out, Not(HasSubstr(canary)));
}

}  // namespace
}  // namespace sluice
