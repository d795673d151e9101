// What `sluice check` says a job will do: tests/golden/check/<job>.txt, for every ready job and for
// the jobs that lie beside the texts. UPDATE_GOLDEN=1 rewrites the texts.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "pipeline/explain.h"
#include "pipeline/sources.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;

const fs::path kSource = SLUICE_SOURCE_DIR;
const fs::path kGolden = kSource / "tests/golden/check";

std::string ReadFile(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::vector<std::string> Jobs() {
  std::vector<std::string> jobs;
  for (const fs::path& folder : {kSource / "pipeline/jobs", kGolden}) {
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (entry.path().extension() == ".toml") jobs.push_back(entry.path());
    }
  }
  std::sort(jobs.begin(), jobs.end());
  return jobs;
}

class CheckGoldenTest : public testing::TestWithParam<std::string> {};

TEST_P(CheckGoldenTest, SaysWhatTheJobWillDo) {
  const fs::path file = GetParam();
  const auto job = LoadJob({.file = file});
  ASSERT_TRUE(job) << job.error().message;
  const auto setup = MakeSource(*job, Secrets::kMask);
  ASSERT_TRUE(setup) << setup.error().message;
  const std::string text = ExplainJob(*job, *setup->source);
  const fs::path golden = kGolden / file.stem().concat(".txt");
  if (std::getenv("UPDATE_GOLDEN") != nullptr) {  // NOLINT(concurrency-mt-unsafe)
    std::ofstream(golden, std::ios::binary) << text;
  }
  EXPECT_EQ(text, ReadFile(golden));
}

INSTANTIATE_TEST_SUITE_P(Jobs, CheckGoldenTest, testing::ValuesIn(Jobs()),
                         [](const auto& one) { return fs::path(one.param).stem().string(); });

}  // namespace
}  // namespace sluice
