// The fixture of the tests that do harm to a run and then let the plain command go on.
#pragma once

#include <signal.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/e2e/export_fixture.h"

namespace sluice {

inline bool HasStrace() { return access("/usr/bin/strace", X_OK) == 0; }

// strace, told to do `fault` ("signal=KILL:when=3", "error=EIO:when=2+") to the system call `call`.
// It counts calls for each thread by itself. (LeakSanitizer cannot look into a traced program.)
inline std::vector<std::string> Inject(const std::string& call, const std::string& fault) {
  return {"/usr/bin/strace",
          "-f",
          "-qq",
          "-o",
          "/dev/null",
          "-E",
          "ASAN_OPTIONS=detect_leaks=0",
          "-e",
          "trace=" + call,
          "-e",
          "inject=" + call + ":" + fault};
}

class CrashTest : public ExportTest {
 protected:
  static constexpr int kKilled = 128 + SIGKILL;

  static void SetUpTestSuite() {
    const std::vector<std::string> args = {"notion", "--pages", "30", "--blocks", "4"};
    sim_ = std::make_unique<SimProcess>(kSimulator, args);
    expected_ = ExportOf(*sim_);
  }
  static void TearDownTestSuite() { sim_.reset(); }

  // An export behind `wrapper`.
  Outcome ExportUnder(std::vector<std::string> wrapper) {
    exporter_.RunUnder(std::move(wrapper));
    Outcome outcome = exporter_.Export(*sim_);
    exporter_.RunUnder({});
    return outcome;
  }

  // The plain command ends well, with what an undisturbed run would have left.
  void ExpectResumes() {
    const Outcome outcome = exporter_.Export(*sim_);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_THAT(Differences(expected_, exporter_.Output()), testing::IsEmpty());
    EXPECT_THAT(exporter_.Leftovers(), testing::IsEmpty());
  }

  static inline std::unique_ptr<SimProcess> sim_;
  static inline Tree expected_;
};

}  // namespace sluice
