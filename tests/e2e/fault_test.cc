// A patient client gets everything from a server that fails now and then.
#include <sys/resource.h>

#include "tests/e2e/export_fixture.h"

namespace sluice {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

// Requests are tried 12 times, so that three in ten may fail without one that always does.
const std::vector<std::string> kPatient = {"--set", "retry.base=10ms", "--set",
                                           "retry.read_attempts=12"};

class FaultTest : public ExportTest, public testing::WithParamInterface<const char*> {
 protected:
  static SimProcess Workspace(std::vector<std::string> more = {}) {
    std::vector<std::string> args = {"--pages", "40", "--blocks", "4", "--databases", "2"};
    args.insert(args.end(), more.begin(), more.end());
    return Simulate(std::move(args));
  }
};

TEST_P(FaultTest, DoesNotChangeTheTree) {
  const SimProcess sim = Workspace({"--fault", GetParam()});
  const Outcome outcome = exporter_.Export(sim, kPatient);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(Differences(ExportOf(Workspace()), exporter_.Output()), IsEmpty());
}

// A refusal with Retry-After costs its second, so those are rare.
INSTANTIATE_TEST_SUITE_P(Now_and_then, FaultTest,
                         testing::Values("429:0.02", "429-no-header:0.05", "500:0.2",
                                         "502-html:0.2", "503:0.2", "529:0.02", "reset:0.2",
                                         "truncate:0.2", "bad-json:0.2", "short-page:0.3",
                                         "clamp:0.3"),
                         [](const auto& test) {
                           std::string name = test.param;
                           name.resize(name.find(':'));
                           std::erase(name, '-');
                           return "Fault" + name;
                         });

// With the default number of attempts, and at what price.
class SurvivalTest : public FaultTest {};

TEST_P(SurvivalTest, ThreeInTenFailuresChangeNothingAndCostHalfAsMuchAgain) {
  const SimProcess calm = Workspace();
  const Tree expected = ExportOf(calm);
  const SimProcess sim = Workspace({"--fault", GetParam()});
  const Outcome outcome = exporter_.Export(sim, {"--set", "retry.base=10ms"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(Differences(expected, exporter_.Output()), IsEmpty());
  EXPECT_LE(sim.Answered(), calm.Answered() * 3 / 2);
}

INSTANTIATE_TEST_SUITE_P(Faults, SurvivalTest, testing::Values("500:0.3", "503:0.3", "reset:0.3"),
                         [](const auto& test) {
                           const std::string name = test.param;
                           return "Fault" + name.substr(0, name.find(':'));
                         });

using HostileTest = FaultTest;

TEST_F(HostileTest, AListThatNeverEndsIsEndedAndNamed) {
  const Outcome outcome = exporter_.Export(Workspace({"--fault", "cursor-loop"}));
  EXPECT_EQ(outcome.exit_code, 3) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("search: the list repeats a cursor"));
}

TEST_F(HostileTest, MemoryIsBoundedWhateverTheServerSends) {
  for (const char* fault : {"gzip-bomb", "deep-json"}) {
    exporter_.Clear();
    const Outcome outcome =
        exporter_.Export(Workspace({"--fault", fault}), {"--set", "retry.base=10ms"});
    EXPECT_EQ(outcome.exit_code, 3) << fault << ": " << outcome.err;
  }
  // The largest child so far was one of those exports; the bomb is 1 GiB when unpacked.
  rusage children{};
  getrusage(RUSAGE_CHILDREN, &children);
  EXPECT_LT(children.ru_maxrss, 400 * 1024) << "KiB";
}

}  // namespace
}  // namespace sluice
