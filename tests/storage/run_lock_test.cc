#include "storage/run_lock.h"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <csignal>

#include "tests/support/fake_clock.h"
#include "tests/support/temp_dir.h"

namespace sluice {
namespace {

using std::chrono::milliseconds;

class RunLockTest : public testing::Test {
 protected:
  Result<RunLock> Acquire() { return RunLock::Acquire(temp_ / "state", clock_, milliseconds(0)); }

  TempDir temp_;
  FakeClock clock_;
};

TEST_F(RunLockTest, RefusalNamesTheHolderAndItsAge) {
  const auto held = Acquire();
  ASSERT_TRUE(held);
  clock_.Advance(std::chrono::minutes(5));
  const auto second = Acquire();
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::kLocked);
  const std::string expected = "locked by pid " + std::to_string(::getpid()) +
                               ", running since 2026-01-01T00:00:00Z (5 min)";
  EXPECT_NE(second.error().message.find(expected), std::string::npos) << second.error().message;
}

TEST_F(RunLockTest, ReleasedLockIsFreeAndTheFileStays) {
  { ASSERT_TRUE(Acquire()); }
  EXPECT_TRUE(std::filesystem::exists(temp_ / "state/lock"));
  EXPECT_TRUE(Acquire());
}

TEST_F(RunLockTest, LockOfAKilledProcessIsFree) {
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto held = Acquire();
    static_cast<void>(::write(ready[1], held ? "y" : "n", 1) + 1);
    ::pause();
    ::_exit(0);
  }
  char answer = 0;
  ASSERT_EQ(::read(ready[0], &answer, 1), 1);
  const bool refused_while_alive = !Acquire();
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_EQ(answer, 'y');
  EXPECT_TRUE(refused_while_alive);
  EXPECT_TRUE(Acquire());
}

}  // namespace
}  // namespace sluice
