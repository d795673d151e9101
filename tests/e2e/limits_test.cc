// What the server allows is used, and no more is asked of it: rates, walls, failing answers.
#include <signal.h>

#include <nlohmann/json.hpp>

#include "tests/e2e/export_fixture.h"

namespace sluice {
namespace {

using std::chrono::milliseconds;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::IsEmpty;

class LimitsTest : public ExportTest {
 protected:
  static SimProcess Workspace(std::vector<std::string> more = {}) {
    std::vector<std::string> args = {"--pages", "60", "--blocks", "4", "--databases", "2"};
    args.insert(args.end(), more.begin(), more.end());
    return Simulate(std::move(args));
  }
  static double ShareRefused(const SimProcess& sim) {
    return static_cast<double>(sim.CountStatus(429)) / static_cast<double>(sim.Answered());
  }
  // A limit in force, as the state shows it: "9 of 12".
  int Limit(const std::string& name) const {
    const Rows rows =
        Query(exporter_.state(), "SELECT value FROM v_limits WHERE name = '" + name + "'");
    return rows.empty() ? -1 : std::stoi(rows[0][0]);
  }
};

TEST_F(LimitsTest, AKnownRateIsHardlyEverRefused) {
  const SimProcess sim = Workspace({"--rate", "60", "--burst", "1"});
  const Outcome outcome = exporter_.Export(sim, {"--tpslimit", "60"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_LE(ShareRefused(sim), 0.1);
  EXPECT_THAT(Differences(ExportOf(Workspace()), exporter_.Output()), IsEmpty());
}

TEST_F(LimitsTest, AnUnknownRateIsFoundAndNothingIsLost) {
  const SimProcess sim = Workspace({"--rate", "60", "--burst", "1"});
  const Outcome outcome = exporter_.Export(sim, {"--tpslimit", "0"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_GE(sim.CountStatus(429), 1u) << "the server set no limit";
  EXPECT_LE(ShareRefused(sim), 0.1);
  EXPECT_THAT(Differences(ExportOf(Workspace()), exporter_.Output()), IsEmpty());
}

class WallTest : public LimitsTest {};

// Before a wall are the few that were on their way when it rose; behind it goes one probe.
TEST_F(WallTest, NobodyRunsIntoTheSameWallTwice) {
  const SimProcess sim = Workspace({"--wall", "7"});
  const Outcome outcome = exporter_.Export(sim);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_GE(sim.CountStatus(429), 1u);
  EXPECT_LE(sim.CountStatus(429), 25u) << "one round of what may be in flight";
  EXPECT_THAT(Differences(ExportOf(Workspace()), exporter_.Output()), IsEmpty());
}

TEST_F(WallTest, ARunKilledInFrontOfTheWallStillWaitsWhenStartedAgain) {
  const SimProcess sim = Workspace({"--wall", "7"});
  const Outcome killed = exporter_.ExportInterrupted(
      sim, {.signal = SIGKILL, .requests = 5, .after = milliseconds(1500)});
  ASSERT_EQ(killed.exit_code, 128 + SIGKILL) << killed.err;
  const std::size_t refused = sim.CountStatus(429);
  ASSERT_GE(refused, 1u);
  const Outcome outcome = exporter_.Export(sim);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_LE(sim.CountStatus(429), refused + 1) << "a probe at most";
  EXPECT_THAT(Differences(ExportOf(Workspace()), exporter_.Output()), IsEmpty());
}

TEST_F(WallTest, AWallLongerThanMaxWaitEndsTheRunAndSaysWhenToComeBack) {
  const SimProcess sim = Workspace({"--wall", "600"});
  const Outcome outcome = exporter_.Export(sim, {"--max-wait", "10s"});
  EXPECT_EQ(outcome.exit_code, 7) << outcome.err;
  EXPECT_THAT(outcome.err, ContainsRegex("resume at [0-9-]*T[0-9:]*Z"));
  EXPECT_THAT(exporter_.Run({"status", exporter_.output().string()}).out, HasSubstr("waiting"));
  // Again at once: still the same wall, and no request to find that out.
  const std::size_t asked = sim.Answered();
  EXPECT_EQ(exporter_.Export(sim, {"--max-wait", "10s"}).exit_code, 7);
  EXPECT_EQ(sim.Answered(), asked);
}

// Every fault may cost each request a few attempts, never a storm.
class StormTest : public LimitsTest, public testing::WithParamInterface<const char*> {};

TEST_P(StormTest, AFaultCostsAtMostThreeTimesTheRequests) {
  const SimProcess calm = Workspace();
  ExportOf(calm);
  const SimProcess sim = Workspace({"--fault", GetParam()});
  const Outcome outcome =
      exporter_.Export(sim, {"--set", "retry.base=10ms", "--max-duration", "6s"});
  EXPECT_THAT(outcome.exit_code, testing::AnyOf(0, 3)) << outcome.err;
  EXPECT_LE(sim.Answered(), 3 * calm.Answered());
}

INSTANTIATE_TEST_SUITE_P(Faults, StormTest,
                         testing::Values("429:0.05", "429-no-header:0.1", "500:0.3", "502-html:0.3",
                                         "503:0.3", "529:0.05", "reset:0.3", "truncate:0.3",
                                         "slow:0.05", "bad-json:0.3", "gzip-bomb:0.02",
                                         "cursor-loop:0.3", "clamp:0.3", "short-page:0.3",
                                         "deep-json:0.1"),
                         [](const auto& test) {
                           std::string name = test.param;
                           name.resize(name.find(':'));
                           std::erase(name, '-');
                           return "Fault" + name;
                         });

TEST_F(LimitsTest, AServerThatOnlyFailsIsProbedNotStormed) {
  const SimProcess sim = Workspace({"--fault", "500"});
  const Outcome outcome = exporter_.Export(sim, {"--set", "retry.base=10ms"});
  EXPECT_EQ(outcome.exit_code, 3) << outcome.err;
  EXPECT_EQ(sim.Answered(), 10u) << "the first request, retry.read_attempts times";
}

TEST_F(LimitsTest, ACalmServerLeavesTheConcurrencyAtItsMaximum) {
  const SimProcess sim = Workspace({"--latency", "20ms"});
  ASSERT_EQ(exporter_.Export(sim, {"--set", "stages.fetch.blocks=12"}).exit_code, 0);
  EXPECT_EQ(Limit("fetch.blocks"), 12);
}

TEST_F(LimitsTest, TroubleLowersTheConcurrencyAndTheStatusShowsIt) {
  const SimProcess sim = Workspace({"--latency", "5ms", "--fault", "503:0.4"});
  ASSERT_EQ(exporter_
                .Export(sim, {"--set", "stages.fetch.blocks=12", "--set", "retry.base=10ms",
                              "--set", "retry.read_attempts=20"})
                .exit_code,
            0);
  const int used = Limit("fetch.blocks");
  EXPECT_GE(used, 1);
  EXPECT_LT(used, 12);
  const auto status =
      nlohmann::json::parse(exporter_.Run({"status", exporter_.output().string(), "--json"}).out);
  EXPECT_EQ(status.at("limits").at("fetch.blocks"), std::to_string(used) + " of 12");
}

}  // namespace
}  // namespace sluice
