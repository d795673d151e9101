// Another program holds the state: for a moment nobody notices, for longer the run ends in order.
#include <sqlite3.h>

#include <thread>

#include "tests/crash/crash_fixture.h"

namespace sluice {
namespace {

using std::chrono::seconds;
using testing::AllOf;
using testing::HasSubstr;

// `BEGIN EXCLUSIVE` in a person's sqlite3 shell, until destruction.
class ForeignLock {
 public:
  explicit ForeignLock(const std::filesystem::path& state) {
    EXPECT_EQ(sqlite3_open_v2(state.c_str(), &database_, SQLITE_OPEN_READWRITE, nullptr),
              SQLITE_OK);
    sqlite3_busy_timeout(database_, 10'000);
    EXPECT_EQ(sqlite3_exec(database_, "BEGIN EXCLUSIVE", nullptr, nullptr, nullptr), SQLITE_OK);
  }
  ~ForeignLock() { sqlite3_close(database_); }
  ForeignLock(const ForeignLock&) = delete;
  ForeignLock& operator=(const ForeignLock&) = delete;

 private:
  sqlite3* database_ = nullptr;
};

class ForeignLockTest : public CrashTest {
 protected:
  static void SetUpTestSuite() {
    const std::vector<std::string> args = {"notion", "--pages",   "30",  "--blocks",
                                           "4",      "--latency", "10ms"};
    sim_ = std::make_unique<SimProcess>(kSimulator, args);
    expected_ = ExportOf(*sim_);
  }
  static std::string ErrorsOf(ChildProcess& run) {
    std::string text;
    char buffer[4096];
    for (ssize_t got; (got = read(run.err(), buffer, sizeof buffer)) > 0;) {
      text.append(buffer, static_cast<std::size_t>(got));
    }
    return text;
  }
};

TEST_F(ForeignLockTest, HeldForThreeSecondsInTheMiddleOfARunItIsNotNoticed) {
  const auto run = exporter_.Start(*sim_, 20);
  {
    const ForeignLock lock(exporter_.state());
    std::this_thread::sleep_for(seconds(3));
  }
  const std::string log = ErrorsOf(*run);
  EXPECT_EQ(run->Wait(), 0) << log;
  EXPECT_THAT(Differences(expected_, exporter_.Output()), testing::IsEmpty());
}

TEST_F(ForeignLockTest, HeldForLongerItEndsTheRunWhichNamesTheFileAndGoesOnLater) {
  const auto run = exporter_.Start(*sim_, 20);
  {
    const ForeignLock lock(exporter_.state());
    const std::string log = ErrorsOf(*run);
    EXPECT_EQ(run->Wait(), 8);
    EXPECT_THAT(
        log, AllOf(HasSubstr(exporter_.state().string()), HasSubstr("in use by another program")));
  }
  ExpectResumes();
}

TEST_F(ForeignLockTest, HeldWhenARunBeginsItEndsThatRunInOrder) {
  ASSERT_EQ(exporter_.Export(*sim_).exit_code, 0);
  {
    const ForeignLock lock(exporter_.state());
    const Outcome outcome = exporter_.Export(*sim_);
    EXPECT_EQ(outcome.exit_code, 8) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr("in use by another program"));
  }
  ExpectResumes();
}

}  // namespace
}  // namespace sluice
