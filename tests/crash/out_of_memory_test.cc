// No memory is left at the n-th allocation, or from there on: the run ends in order, whatever it
// was about to do, and the same command goes on to the same bytes.
#include <cstdlib>
#include <map>
#include <random>

#include "tests/crash/crash_fixture.h"
#include "tests/support/sanitized.h"

namespace sluice {
namespace {

using testing::AnyOf;
using testing::HasSubstr;

class OutOfMemoryTest : public CrashTest {
 protected:
  void SetUp() override {
    if (kSanitized) GTEST_SKIP() << "a sanitizer brings its own allocator";
    before_ = CountAllocations([&] { exporter_.Run({"--version"}); });
    count_ = CountAllocations([&] { exporter_.Export(*sim_); });
    exporter_.Clear();
    ASSERT_GT(count_, before_ + 10'000);
  }
  void TearDown() override {
    for (const auto& [code, times] : ended_) {
      RecordProperty("exit_" + std::to_string(code), times);
    }
  }

  template <class Work>
  long CountAllocations(Work work) {
    const auto file = exporter_.folder() / "count";
    Preload({{"FAILING_MALLOC_COUNT", file.string()}});
    work();
    exporter_.UseEnvironment({});
    return std::atol(ReadFile(file).c_str());
  }
  void Preload(std::map<std::string, std::string> variables) {
    variables["LD_PRELOAD"] = SLUICE_BINARY_DIR "/libfailing_malloc.so";
    exporter_.UseEnvironment(std::move(variables));
  }

  // Where it does no harm the run may be complete; else it says what was missing, or an item that
  // could do without it failed alone.
  void FailAt(long position, const std::string& repeat) {
    SCOPED_TRACE("allocation " + std::to_string(position) + repeat);
    exporter_.Clear();
    Preload({{"FAILING_MALLOC", std::to_string(position) + repeat}});
    const Outcome outcome = exporter_.Export(*sim_);
    exporter_.UseEnvironment({});
    ++ended_[outcome.exit_code];
    EXPECT_THAT(outcome.exit_code, AnyOf(0, 1, 3)) << outcome.err;
    if (outcome.exit_code == 0) {
      EXPECT_THAT(Differences(expected_, exporter_.Output()), testing::IsEmpty());
    } else {
      EXPECT_THAT(outcome.err, testing::ContainsRegex("sluice: |error")) << "what happened";
    }
    for (const auto& [path, file] : exporter_.Output()) {
      EXPECT_EQ(file.content, expected_[path].content) << path << " is not whole";
    }
    ExpectResumes();
  }

  // `positions` from the beginning of the run to its end, one at random in each of as many steps.
  void FailAtEach(int positions, const std::string& repeat) {
    std::mt19937 random(1);
    const long step = (count_ - before_) / positions;
    for (int i = 0; i < positions; ++i) {
      FailAt(before_ + i * step + std::uniform_int_distribution<long>(1, step)(random), repeat);
    }
  }

  // Allocations of a process that does nothing: the loader's and the libraries', which nobody can
  // say anything about; and those of a whole export, about.
  long before_ = 0;
  long count_ = 0;
  std::map<int, int> ended_;
};

TEST_F(OutOfMemoryTest, OnceEndsInOrderAndResumes) { FailAtEach(12, ""); }
TEST_F(OutOfMemoryTest, ForEverEndsInOrderAndResumes) { FailAtEach(8, "+"); }

using SoakOutOfMemoryTest = OutOfMemoryTest;
TEST_F(SoakOutOfMemoryTest, Once) { FailAtEach(350, ""); }
TEST_F(SoakOutOfMemoryTest, ForEver) { FailAtEach(150, "+"); }

}  // namespace
}  // namespace sluice
