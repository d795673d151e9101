// Memory does not grow with the number of items. What is resident is no timing, so it may be
// asserted; perf/memory_bench has the figures of a million items.
#include <cstddef>
#include <fstream>
#include <string>

#include "tests/e2e/export_fixture.h"
#include "tests/support/sanitized.h"

namespace sluice {
namespace {

// With limits.memory = 50MB, the default; everything, code included.
constexpr double kPeakMbMax = 64;

// What fills up (SQLite's page caches, the memory tier) is full after 5,000 items, so what 10,000
// more take they take for ever. A leak of 400 bytes an item would be 10 %; less than that is the
// allocator, and how many answers happened to be in hand at once.
constexpr std::size_t kEarlyRequests = 4'500;
constexpr double kGrowthMax = 1.10;

class MemoryTest : public ExportTest {
 protected:
  void SetUp() override {
    if (kSanitized) GTEST_SKIP() << "a sanitizer keeps what is freed";
  }
  static double PeakMbSoFar(const ChildProcess& process) {
    std::ifstream status("/proc/" + std::to_string(process.pid()) + "/status");
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with("VmHWM:")) return std::stod(line.substr(6)) * 1024 / 1e6;
    }
    return 0;  // it has ended
  }
  static double PeakMbAtEnd(ChildProcess& process) {
    EXPECT_EQ(process.Wait(), 0);
    return static_cast<double>(process.usage().ru_maxrss) * 1024 / 1e6;
  }
  double PeakMbOf(const std::string& verb) const {
    ChildProcess process(
        {.args = {SLUICE_BINARY_DIR "/sluice", verb, exporter_.output().string()}});
    process.CloseIn();
    return PeakMbAtEnd(process);
  }
};

TEST_F(MemoryTest, ThreeTimesTheItemsTakeNoMore) {
  const SimProcess sim = Simulate({"--pages", "2150"});
  const auto exporting = exporter_.Start(sim, kEarlyRequests);
  const double early = PeakMbSoFar(*exporting);
  const double peak = PeakMbAtEnd(*exporting);
  ASSERT_GT(early, 0) << "it ended too soon";
  ASSERT_GE(sim.Answered(), 3 * kEarlyRequests);
  EXPECT_LE(peak, early * kGrowthMax);
  EXPECT_LE(peak, kPeakMbMax);
  // What is done with such a state later keeps to the same bound.
  EXPECT_LE(PeakMbAtEnd(*exporter_.Start(sim, 0)), kPeakMbMax) << "nothing has changed";
  EXPECT_LE(PeakMbOf("verify"), kPeakMbMax);
}

}  // namespace
}  // namespace sluice
