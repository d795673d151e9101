// The fixture of the tests that run the real sluice against the real simulator.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/support/exporter.h"
#include "tests/support/sim_process.h"

namespace sluice {

class ExportTest : public testing::Test {
 protected:
  static constexpr const char* kBinaries = SLUICE_BINARY_DIR;
  static constexpr const char* kSimulator = SLUICE_BINARY_DIR "/sluice-sim";

  // A generated workspace.
  static SimProcess Simulate(std::vector<std::string> args) {
    args.insert(args.begin(), "notion");
    return SimProcess(kSimulator, std::move(args));
  }
  // What an export of `sim` that nothing disturbs looks like.
  static Tree ExportOf(const SimProcess& sim, const std::vector<std::string>& more = {}) {
    Exporter exporter(kBinaries);
    const Outcome outcome = exporter.Export(sim, more);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return exporter.Output();
  }

  Exporter exporter_{kBinaries};
};

}  // namespace sluice
