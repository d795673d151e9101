// A process that may have few descriptors or few threads: it does with them, or says what it lacks.
#include <unistd.h>

#include "tests/crash/crash_fixture.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::AnyOf;
using testing::HasSubstr;

class ProcessLimitsTest : public CrashTest {
 protected:
  static std::vector<std::string> Limited(const std::string& limit) {
    return {"/usr/bin/prlimit", limit, "--"};
  }
};

TEST_F(ProcessLimitsTest, SixtyFourDescriptorsAreEnoughForManyConnections) {
  const SimProcess sim = Simulate({"--pages", "80", "--blocks", "6", "--latency", "10ms"});
  exporter_.RunUnder(Limited("--nofile=64"));
  const Outcome outcome =
      exporter_.Export(sim, {"--set", "stages.fetch.blocks=60", "--set", "stages.fetch.pages=60"});
  exporter_.RunUnder({});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(Differences(ExportOf(sim), exporter_.Output()), testing::IsEmpty());
}

TEST_F(ProcessLimitsTest, TooFewDescriptorsEndTheRunWhichSaysSoAndGoesOnLater) {
  const Outcome outcome = ExportUnder(Limited("--nofile=20"));
  EXPECT_THAT(outcome.exit_code, AnyOf(4, 5)) << outcome.err;  // a file, or a connection
  EXPECT_THAT(outcome.err, HasSubstr("too few file descriptors (`ulimit -n`)"));
  ExpectResumes();
}

// Root may start as many processes as it likes, so somebody else has to run it.
TEST_F(ProcessLimitsTest, TooFewThreadsEndTheRunWhichSaysSoAndGoesOnLater) {
  if (geteuid() != 0 || access("/usr/bin/setpriv", X_OK) != 0) {
    GTEST_SKIP() << "another user can be taken on by root only";
  }
  constexpr const char* kStranger = "61234";
  fs::permissions(exporter_.folder(), fs::perms::all);
  for (const int limit : {1, 2, 3, 4}) {
    SCOPED_TRACE(limit);
    exporter_.Clear();
    const Outcome outcome = ExportUnder({"/usr/bin/setpriv", "--reuid", kStranger, "--clear-groups",
                                         "/usr/bin/prlimit", "--nproc=" + std::to_string(limit)});
    if (outcome.exit_code == 126 || outcome.exit_code == 127) {
      GTEST_SKIP() << "another user may not run " << kBinaries << "/sluice";
    }
    EXPECT_EQ(outcome.exit_code, 1) << outcome.err;
    EXPECT_THAT(outcome.err, AllOf(HasSubstr("no thread can be started"), HasSubstr("ulimit -u")));
    ExpectResumes();
  }
}

}  // namespace
}  // namespace sluice
