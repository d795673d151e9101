// Authorising and renewing, with the real sluice against simulated servers.
#include <signal.h>
#include <sys/stat.h>

#include <filesystem>

#include "tests/e2e/export_fixture.h"
#include "tests/support/run_process.h"

namespace sluice {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class AuthTest : public ExportTest {
 protected:
  static SimProcess Account(std::vector<std::string> more = {}) {
    std::vector<std::string> args = {"trakt", "--history",         "900", "--ratings",
                                     "300",   "--device-interval", "1"};
    args.insert(args.end(), more.begin(), more.end());
    return SimProcess(kSimulator, std::move(args));
  }
  ProcessResult Sluice(std::vector<std::string> args,
                       std::optional<std::chrono::milliseconds> interrupt_after = {}) const {
    args.insert(args.begin(), std::string(kBinaries) + "/sluice");
    return RunProcess({.args = std::move(args),
                       .environment = {{"SLUICE_TEST_ID", "client-id-canary"},
                                       {"SLUICE_TEST_SECRET", "client-secret-canary"},
                                       {"SLUICE_TEST_REFRESH", "first-refresh-token"}},
                       .kill_after = interrupt_after,
                       .kill_signal = SIGINT});
  }
  std::vector<std::string> AuthArgs(const SimProcess& sim) const {
    return {"auth",
            "trakt",
            "--client-id",
            "env:SLUICE_TEST_ID",
            "--client-secret",
            "env:SLUICE_TEST_SECRET",
            "--auth-url",
            sim.url(),
            "--token-file",
            tokens_.string()};
  }
  std::vector<std::string> ExportArgs(const SimProcess& sim, const std::string& out) const {
    return {"trakt",
            "--out",
            (dir_ / out).string(),
            "--client-id",
            "env:SLUICE_TEST_ID",
            "--base-url",
            sim.url(),
            "--tpslimit",
            "0",
            "--progress",
            "none",
            "--set",
            "trakt.client_secret=env:SLUICE_TEST_SECRET",
            "--set",
            "trakt.auth_url=" + sim.url(),
            "--set",
            "trakt.token_file=" + tokens_.string()};
  }
  Tree Files(const std::string& out) const { return ReadTree(dir_ / out); }
  static std::size_t Renewals(const SimProcess& sim) { return sim.Count("POST", "/oauth/token"); }
  static int RefusedRenewals(const SimProcess& sim) {
    int count = 0;
    for (const LogLine& line : sim.Log()) {
      count += line.path == "/oauth/token" && line.status != 200 ? 1 : 0;
    }
    return count;
  }

  TempDir dir_;
  const std::filesystem::path tokens_ = dir_ / "tokens" / "trakt.json";
};

TEST_F(AuthTest, TheDeviceFlowStoresAPrivatePair) {
  const SimProcess sim = Account({"--device-polls", "1"});
  const ProcessResult done = Sluice(AuthArgs(sim));
  ASSERT_EQ(done.exit_code, 0) << done.err;
  EXPECT_THAT(done.out, HasSubstr("https://trakt.tv/activate"));
  struct stat info {};
  ASSERT_EQ(stat(tokens_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  EXPECT_EQ(sim.Count("POST", "/oauth/device/token"), 2u);
  EXPECT_THAT(done.out + done.err, Not(HasSubstr("canary")));
}

TEST_F(AuthTest, DenialIsExit6WithTheNextStepAndStoresNothing) {
  const SimProcess sim = Account({"--device-answer", "418"});
  const ProcessResult done = Sluice(AuthArgs(sim));
  EXPECT_EQ(done.exit_code, 6);
  EXPECT_THAT(done.err, HasSubstr("sluice auth trakt"));
  EXPECT_FALSE(std::filesystem::exists(tokens_));
}

TEST_F(AuthTest, SigintLeaves) {
  const SimProcess sim = Account({"--device-polls", "1000"});
  const ProcessResult done = Sluice(AuthArgs(sim), std::chrono::milliseconds(1500));
  EXPECT_EQ(done.exit_code, 130) << done.err;
  EXPECT_FALSE(std::filesystem::exists(tokens_));
}

TEST_F(AuthTest, RevokingEndsTheTokenAndRemovesTheFile) {
  const SimProcess sim = Account();
  ASSERT_EQ(Sluice(AuthArgs(sim)).exit_code, 0);
  auto args = AuthArgs(sim);
  args.push_back("--revoke");
  EXPECT_EQ(Sluice(args).exit_code, 0);
  EXPECT_EQ(sim.Count("POST", "/oauth/revoke"), 1u);
  EXPECT_FALSE(std::filesystem::exists(tokens_));
  EXPECT_EQ(Sluice(args).exit_code, 2);
}

TEST_F(AuthTest, AnExportWithoutAPairNamesTheCommand) {
  const SimProcess sim = Account();
  const ProcessResult done = Sluice(ExportArgs(sim, "out"));
  EXPECT_EQ(done.exit_code, 6);
  EXPECT_THAT(done.err, HasSubstr("sluice auth trakt"));
  EXPECT_EQ(sim.Answered(), 0u);
}

TEST_F(AuthTest, TokensThatEndDuringTheRunAreRenewedAndNothingIsMissing) {
  const SimProcess calm = Account();
  ASSERT_EQ(Sluice(AuthArgs(calm)).exit_code, 0);
  const ProcessResult undisturbed = Sluice(ExportArgs(calm, "calm"));
  ASSERT_EQ(undisturbed.exit_code, 0) << undisturbed.err;
  EXPECT_EQ(Renewals(calm), 0u);

  const SimProcess sim = Account({"--fault", "401-after:8"});
  ASSERT_EQ(Sluice(AuthArgs(sim)).exit_code, 0);
  const ProcessResult done = Sluice(ExportArgs(sim, "renewed"));
  EXPECT_EQ(done.exit_code, 0) << done.err;
  EXPECT_GE(Renewals(sim), 1u);
  EXPECT_GE(sim.CountStatus(401), 1u);
  EXPECT_THAT(Differences(Files("calm"), Files("renewed")), IsEmpty());
  EXPECT_THAT(done.out + done.err, Not(HasSubstr("canary")));

  // The pair that the run left is good for the next one.
  EXPECT_EQ(Sluice(ExportArgs(sim, "renewed")).exit_code, 0);
  EXPECT_EQ(RefusedRenewals(sim), 0) << "no refresh token was spent twice";
}

TEST_F(AuthTest, ASpentRefreshTokenIsExit6WithTheNextStep) {
  const SimProcess sim = Account({"--fault", "401-after:3"});
  ASSERT_EQ(Sluice(AuthArgs(sim)).exit_code, 0);
  const std::string pair = ReadFile(tokens_);
  Sluice(ExportArgs(sim, "out"));
  WriteFile(tokens_, pair);  // somebody puts a backup back
  const ProcessResult done = Sluice(ExportArgs(sim, "other"));
  EXPECT_EQ(done.exit_code, 6) << done.err;
  EXPECT_THAT(done.err, HasSubstr("invalid_grant"));
  EXPECT_THAT(done.err, HasSubstr("sluice auth trakt"));
}

}  // namespace
}  // namespace sluice
