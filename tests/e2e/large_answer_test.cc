// One answer of 50 MB and more, within the memory that any other export takes: it is put down while
// it comes, read a few entries at a time, stored in parts, and rendered the same way.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "tests/e2e/export_fixture.h"
#include "tests/e2e/rest_fixture.h"
#include "tests/support/http_call.h"
#include "tests/support/peak_memory.h"
#include "tests/support/sanitized.h"

namespace sluice {
namespace {

using testing::IsEmpty;

constexpr std::size_t kLarge = 50'000'000;
// The promise of limits.memory = 50MB: what is left is the program itself. A sanitizer keeps what
// is freed.
constexpr std::int64_t kPeakBytes = kSanitized ? std::int64_t{1} << 40 : 64 << 20;

struct Watched {
  int exit_code = -1;
  std::int64_t peak_bytes = 0;
};

Watched Watch(std::unique_ptr<ChildProcess> sluice) {
  Watched watched{.peak_bytes = PeakBytesUntilEnd(*sluice)};
  watched.exit_code = sluice->Wait();
  return watched;
}

// --- Notion: a page whose blocks come all at once ---

class LargeAnswerTest : public ExportTest {
 protected:
  static constexpr const char* kBlocks = "58000";

  static SimProcess Workspace(std::vector<std::string> more = {}) {
    std::vector<std::string> args = {"--pages",     "2", "--blocks", "2",     "--depth", "1",
                                     "--databases", "0", "--giant",  kBlocks, "--seed",  "1"};
    args.insert(args.end(), more.begin(), more.end());
    return Simulate(std::move(args));
  }
  static SimProcess AllAtOnce() { return Workspace({"--list-max", kBlocks}); }
  // The one page that has so many blocks.
  static std::size_t LongestAnswer(const SimProcess& sim) {
    std::size_t longest = 0;
    const HttpAnswer search =
        Send({.method = "POST", .url = sim.url() + "/v1/search", .body = "{}"});
    const auto found = nlohmann::json::parse(search.body);
    for (const auto& page : found["results"]) {
      const std::string id = page["id"];
      const HttpAnswer blocks = Send({.url = sim.url() + "/v1/blocks/" + id + "/children"});
      longest = std::max(longest, blocks.body.size());
    }
    return longest;
  }
};

TEST_F(LargeAnswerTest, TakesNoMoreMemoryAndGivesTheSameFiles) {
  const SimProcess sim = AllAtOnce();
  const Watched run = Watch(exporter_.Start(sim, 1, {"--set", "limits.memory=50MB"}));
  ASSERT_GE(LongestAnswer(sim), kLarge);
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_LE(run.peak_bytes, kPeakBytes);
  EXPECT_THAT(exporter_.Leftovers(), IsEmpty());
  EXPECT_THAT(Differences(ExportOf(Workspace()), exporter_.Output()), IsEmpty());
}

// --- REST: all records on one page ---

class LargePageTest : public RestTest {
 protected:
  static constexpr std::size_t kRecords = 330'000;

  Watched ExportAllAtOnce(const std::string& format) {
    const SimProcess sim = Simulate(
        "cursor", {"--records", std::to_string(kRecords), "--page-max", std::to_string(kRecords)});
    Job(sim, Records(fmt::format("params = {{ limit = {} }}\npaginator = {}", kRecords,
                                 PaginatorOf("cursor")),
                     fmt::format("output = {{ format = \"{}\" }}\n", format)));
    const Watched watched = Watch(std::make_unique<ChildProcess>(
        ChildProcess::Options{.args = {SLUICE_BINARY_DIR "/sluice", "run", job().string(),
                                       "--progress", "none", "--set", "limits.memory=50MB"}}));
    const std::string url = fmt::format("{}/records?limit={}", sim.url(), kRecords);
    EXPECT_GE(Send({.url = url}).body.size(), kLarge);
    return watched;
  }
};

TEST_F(LargePageTest, TakesNoMoreMemoryAndLosesNoRecord) {
  const Watched run = ExportAllAtOnce("jsonl");
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_LE(run.peak_bytes, kPeakBytes);
  EXPECT_EQ(Ids(), From(1, kRecords));
}

}  // namespace
}  // namespace sluice
