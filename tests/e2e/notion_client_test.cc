// Notion's own JavaScript client against the simulator: what it accepts is the API's shape.
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/run_process.h"
#include "tests/support/sim_process.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;

bool Works(const std::string& program) {
  try {
    return RunProcess({.args = {program, "--version"}}).exit_code == 0;
  } catch (const std::runtime_error&) {
    return false;
  }
}

// A copy of tests/e2e/js under the build folder, so that nothing is installed into the source.
fs::path JsFolder() {
  const fs::path folder = fs::path(SLUICE_BINARY_DIR) / "notion_client_test";
  fs::create_directories(folder);
  for (const auto& file : fs::directory_iterator(SLUICE_SOURCE_DIR "/tests/e2e/js")) {
    fs::copy_file(file.path(), folder / file.path().filename(),
                  fs::copy_options::overwrite_existing);
  }
  return folder;
}

TEST(NotionClientTest, OfficialClientWalksTheSimulatedWorkspace) {
  if (!Works("node") || !Works("npm")) GTEST_SKIP() << "node and npm are needed";
  const fs::path folder = JsFolder();
  if (!fs::exists(folder / "node_modules/@notionhq/client")) {
    const ProcessResult install =
        RunProcess({.args = {"npm", "install", "--no-audit", "--no-fund", "--no-package-lock"},
                    .working_folder = folder.string()});
    if (install.exit_code != 0) GTEST_SKIP() << "npm cannot install the client: " << install.err;
  }
  const SimProcess sim(SLUICE_BINARY_DIR "/sluice-sim", {"notion", "--pages", "300"});
  const ProcessResult run = RunProcess(
      {.args = {"node", "notion_client_test.mjs", sim.url()}, .working_folder = folder.string()});
  EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
  EXPECT_TRUE(run.out.starts_with("ok ")) << run.out;
}

}  // namespace
}  // namespace sluice
