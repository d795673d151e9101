// `sluice doctor` through the real binary: what it finds, what it sends, how it ends.
#include <sys/stat.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/e2e/export_fixture.h"

namespace sluice {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

class DoctorCommandTest : public ExportTest {
 protected:
  Outcome Doctor(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> args = {"doctor", "--out", exporter_.output(), "--token", token_};
    args.insert(args.end(), more.begin(), more.end());
    return exporter_.Run(args);
  }
  static std::string LevelOf(const Outcome& outcome, std::string_view check) {
    const json report = json::parse(outcome.out);
    for (const json& row : report.at("checks")) {
      if (row.at("check") == check) return row.at("level");
    }
    return "not checked";
  }

  std::string token_ = std::string("env:") + Exporter::kTokenVariable;
};

TEST_F(DoctorCommandTest, WithoutAJobOnlyTheEnvironmentIsChecked) {
  const Outcome outcome = exporter_.Run({"doctor", "--json"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.out;
  EXPECT_EQ(LevelOf(outcome, "libraries"), "ok");
  EXPECT_EQ(LevelOf(outcome, "API"), "not checked");
}

TEST_F(DoctorCommandTest, AGoodJobCostsOneRequestAndCreatesNothing) {
  const SimProcess sim = Simulate({"--pages", "3"});
  const Outcome outcome = Doctor({"--base-url", sim.url(), "--json"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.out;
  EXPECT_EQ(LevelOf(outcome, "API"), "ok");
  EXPECT_EQ(sim.Answered(), 1u);
  EXPECT_FALSE(std::filesystem::exists(exporter_.output()));
}

TEST_F(DoctorCommandTest, OfflineSendsNothing) {
  const SimProcess sim = Simulate({"--pages", "3"});
  EXPECT_EQ(Doctor({"--base-url", sim.url(), "--offline"}).exit_code, 0);
  EXPECT_EQ(sim.Answered(), 0u);
}

TEST_F(DoctorCommandTest, ARefusedTokenIsExit6AndShownNowhere) {
  exporter_.SetToken("canary_5ad01c");
  const SimProcess sim = Simulate({"--pages", "3", "--fault", "401-after:0"});
  const Outcome outcome = Doctor({"--base-url", sim.url()});
  EXPECT_EQ(outcome.exit_code, 6) << outcome.out;
  EXPECT_THAT(outcome.out + outcome.err, Not(HasSubstr("canary")));
}

TEST_F(DoctorCommandTest, ATokenFileOpenToOthersIsExit2) {
  const auto file = exporter_.folder() / "token";
  std::ofstream(file) << "secret";
  chmod(file.c_str(), 0644);
  token_ = "file:" + file.string();
  const Outcome outcome = Doctor({"--offline"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.out, HasSubstr("chmod 600"));
}

TEST_F(DoctorCommandTest, AnApiThatIsNotThereIsExit5) {
  EXPECT_EQ(Doctor({"--base-url", "http://127.0.0.1:9"}).exit_code, 5);
}

TEST_F(DoctorCommandTest, UnfinishedWorkIsToBeKnown) {
  const SimProcess sim = Simulate({"--pages", "20", "--blocks", "3"});
  ASSERT_EQ(exporter_.Export(sim, {"--max-requests", "5"}).exit_code, 3);
  const Outcome outcome = exporter_.Run({"doctor", exporter_.output(), "--json"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.out;
  EXPECT_EQ(LevelOf(outcome, "state"), "ok");
  EXPECT_EQ(LevelOf(outcome, "unfinished"), "warn");
  ASSERT_EQ(exporter_.Export(sim).exit_code, 0);
  EXPECT_EQ(LevelOf(exporter_.Run({"doctor", exporter_.output(), "--json"}), "unfinished"), "ok");
}

TEST_F(DoctorCommandTest, ADamagedStateIsExit9) {
  ASSERT_EQ(exporter_.Export(Simulate({"--pages", "20"})).exit_code, 0);
  {
    std::fstream state(exporter_.state(), std::ios::binary | std::ios::in | std::ios::out);
    state.seekp(4096);
    for (int i = 0; i < 4096; ++i) state.put('x');
  }
  const Outcome outcome = exporter_.Run({"doctor", exporter_.output()});
  EXPECT_EQ(outcome.exit_code, 9) << outcome.out;
  EXPECT_THAT(outcome.out, HasSubstr("--fresh"));
}

}  // namespace
}  // namespace sluice
