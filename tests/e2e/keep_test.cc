// What the binary keeps: edits, the proof, the cache, the lock, the memory bound.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <map>

#include "storage/run_lock.h"
#include "tests/support/exporter.h"
#include "tests/support/run_process.h"
#include "tests/support/sim_process.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class KeepTest : public testing::Test {
 protected:
  static ProcessResult Sluice(std::vector<std::string> args) {
    args.insert(args.begin(), SLUICE_BINARY_DIR "/sluice");
    return RunProcess({.args = std::move(args), .environment = {{"SIM_TOKEN", "secret"}}});
  }
  ProcessResult Export(std::vector<std::string> more = {}) {
    std::vector<std::string> args = {
        "notion",     "--token", "env:SIM_TOKEN", "--out", Out(), "--base-url", url_,
        "--tpslimit", "0",       "--progress",    "none"};
    args.insert(args.end(), more.begin(), more.end());
    return Sluice(args);
  }
  std::string Out() const { return folder_ / "out"; }
  // Any output but a folder's own.
  fs::path SomeOutput() const {
    for (const auto& entry : fs::recursive_directory_iterator(Out())) {
      if (entry.path().extension() == ".md") return entry.path();
    }
    throw std::runtime_error("no output");
  }
  // Of the outputs, kept edits aside.
  std::map<std::string, std::string> Contents() const {
    std::map<std::string, std::string> contents;
    for (const auto& entry : fs::recursive_directory_iterator(Out())) {
      const std::string path = entry.path().string();
      if (path.ends_with(".md") && path.find(" (edited ") == std::string::npos) {
        contents[path] = ReadFile(path);
      }
    }
    return contents;
  }
  std::vector<fs::path> Kept() const {
    std::vector<fs::path> kept;
    for (const auto& entry : fs::recursive_directory_iterator(Out())) {
      if (entry.path().string().find(" (edited ") != std::string::npos) {
        kept.push_back(entry.path());
      }
    }
    return kept;
  }

  TempDir folder_;
  SimProcess sim_{SLUICE_BINARY_DIR "/sluice-sim",
                  {"notion", "--port", "0", "--pages", "20", "--blocks", "5", "--seed", "3"}};
  std::string url_ = sim_.url();
};

TEST_F(KeepTest, AnEditIsKeptAndTheExportIsRestored) {
  ASSERT_EQ(Export().exit_code, 0);
  const fs::path output = SomeOutput();
  const std::string exported = ReadFile(output);
  WriteFile(output, "mine");
  const ProcessResult again = Export();
  EXPECT_EQ(again.exit_code, 0);
  EXPECT_EQ(ReadFile(output), exported);
  ASSERT_EQ(Kept().size(), 1u);
  EXPECT_EQ(ReadFile(Kept()[0]), "mine");
  EXPECT_THAT(again.err, HasSubstr(Kept()[0].filename().string()));
}

TEST_F(KeepTest, AFreshExportKnowsItsOwnFilesFromEdits) {
  ASSERT_EQ(Export().exit_code, 0);
  const fs::path output = SomeOutput();
  const auto before = Contents();
  WriteFile(output, "mine");
  // Some pages have changed at the source.
  const SimProcess edited(
      SLUICE_BINARY_DIR "/sluice-sim",
      {"notion", "--port", "0", "--pages", "20", "--blocks", "5", "--seed", "3", "--edit", "8"});
  url_ = edited.url();
  ASSERT_EQ(Export({"--fresh"}).exit_code, 0);
  EXPECT_NE(Contents(), before);
  // The one edit at most: where its page moved away, it lies where it was.
  EXPECT_LE(Kept().size(), 1u);
  EXPECT_EQ(ReadFile(Kept().empty() ? output : Kept()[0]), "mine");
}

TEST_F(KeepTest, ARemovedOutputIsPutBack) {
  ASSERT_EQ(Export().exit_code, 0);
  const fs::path output = SomeOutput();
  const std::string exported = ReadFile(output);
  fs::remove(output);
  ASSERT_EQ(Export().exit_code, 0);
  EXPECT_EQ(ReadFile(output), exported);
  EXPECT_TRUE(Kept().empty());
}

TEST_F(KeepTest, AnOutputRemovedDuringAnInterruptionIsPutBack) {
  ASSERT_EQ(Export({"--max-requests", "15", "--set", "limits.in_flight=1"}).exit_code, 3);
  const fs::path output = SomeOutput();
  const std::string exported = ReadFile(output);
  fs::remove(output);
  ASSERT_EQ(Export().exit_code, 0);
  EXPECT_EQ(ReadFile(output), exported);
  EXPECT_EQ(Sluice({"verify", Out()}).exit_code, 0);
}

TEST_F(KeepTest, AnEditDuringAnInterruptionIsKeptAndTheExportIsRestored) {
  ASSERT_EQ(Export({"--max-requests", "15", "--set", "limits.in_flight=1"}).exit_code, 3);
  const fs::path output = SomeOutput();
  const std::string exported = ReadFile(output);
  WriteFile(output, "mine");
  ASSERT_EQ(Export().exit_code, 0);
  EXPECT_EQ(ReadFile(output), exported);
  ASSERT_EQ(Kept().size(), 1u);
  EXPECT_EQ(ReadFile(Kept()[0]), "mine");
  EXPECT_EQ(Sluice({"verify", Out()}).exit_code, 0);
}

// The requests of an unchanged workspace are the bound, and it trips when all is done. (Databases
// are rendered each time.)
TEST_F(KeepTest, ABoundThatTripsWithTheLastItemIsNoReasonToStop) {
  const SimProcess pages(SLUICE_BINARY_DIR "/sluice-sim",
                         {"notion", "--port", "0", "--pages", "20", "--databases", "0"});
  url_ = pages.url();
  ASSERT_EQ(Export().exit_code, 0);
  const std::size_t before = pages.Log().size();
  ASSERT_EQ(Export().exit_code, 0);
  const std::size_t requests = pages.Log().size() - before;
  const ProcessResult bounded = Export({"--max-requests", std::to_string(requests)});
  EXPECT_EQ(bounded.exit_code, 0) << bounded.err;
  EXPECT_EQ(Sluice({"verify", Out()}).exit_code, 0);
}

TEST_F(KeepTest, WhatIsNotThereCannotBeRetriedOrRendered) {
  for (const ProcessResult& refused :
       {Sluice({"retry", Out(), "--token", "env:SIM_TOKEN"}), Export({"--offline"})}) {
    EXPECT_EQ(refused.exit_code, 2);
    EXPECT_THAT(refused.err, HasSubstr("there is no export here"));
  }
  EXPECT_FALSE(fs::exists(Out()));
}

TEST_F(KeepTest, AnotherSourceIsRefusedBeforeAnythingIsTouched) {
  ASSERT_EQ(Export().exit_code, 0);
  const ProcessResult refused = Sluice({"trakt", "--token", "env:SIM_TOKEN", "--client-id",
                                        "env:SIM_TOKEN", "--out", Out(), "--base-url", url_});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("holds an export of notion, and this is one of trakt"));
  EXPECT_EQ(Sluice({"verify", Out()}).exit_code, 0);
}

TEST_F(KeepTest, CacheEntriesDeletedByHandAreCountedAnew) {
  ASSERT_EQ(Export().exit_code, 0);
  Query(Out() + "/.sluice/state.db", "DELETE FROM cache; DELETE FROM cache_parts");
  EXPECT_THAT(Sluice({"doctor", Out()}).out, HasSubstr("counters do not agree"));
  ASSERT_EQ(Export().exit_code, 0);
  EXPECT_THAT(Sluice({"cache", "stats", Out()}).out, HasSubstr("entries    0"));
}

TEST_F(KeepTest, VerifyProvesAndRefutes) {
  ASSERT_EQ(Export().exit_code, 0);
  EXPECT_EQ(Sluice({"verify", Out()}).exit_code, 0);
  WriteFile(SomeOutput(), "x");
  const ProcessResult refuted = Sluice({"verify", Out()});
  EXPECT_EQ(refuted.exit_code, 3);
  EXPECT_THAT(refuted.out, HasSubstr(SomeOutput().filename().string()));
}

TEST_F(KeepTest, VerifyRefutesAnExportThatWasStopped) {
  ASSERT_EQ(Export({"--max-requests", "5"}).exit_code, 3);
  EXPECT_EQ(Sluice({"verify", Out()}).exit_code, 3);
  ASSERT_EQ(Export().exit_code, 0);
  EXPECT_EQ(Sluice({"verify", Out()}).exit_code, 0);
}

TEST_F(KeepTest, OfflineRestoresOutputsWithoutARequest) {
  ASSERT_EQ(Export().exit_code, 0);
  const fs::path output = SomeOutput();
  const std::string exported = ReadFile(output);
  fs::remove(output);
  const std::size_t requests = sim_.Log().size();
  EXPECT_EQ(Export({"--offline"}).exit_code, 0);
  EXPECT_EQ(ReadFile(output), exported);
  EXPECT_EQ(sim_.Log().size(), requests);
}

TEST_F(KeepTest, OfflineNamesWhatIsNotStoredAndTheNextRunFetchesIt) {
  ASSERT_EQ(Export().exit_code, 0);
  ASSERT_EQ(Sluice({"cache", "clear", Out()}).exit_code, 0);
  EXPECT_EQ(Export({"--offline"}).exit_code, 3);
  EXPECT_THAT(Sluice({"failures", Out()}).out, HasSubstr("--offline sends no request"));
  EXPECT_EQ(Export().exit_code, 0);
  EXPECT_EQ(Sluice({"verify", Out()}).exit_code, 0);
}

TEST_F(KeepTest, ATrimmedCacheKeepsToItsSize) {
  ASSERT_EQ(Export().exit_code, 0);
  ASSERT_EQ(Sluice({"cache", "trim", Out(), "--max-bytes", "2KB"}).exit_code, 0);
  EXPECT_THAT(Sluice({"cache", "stats", Out()}).out, HasSubstr("hit ratio"));
  EXPECT_EQ(Sluice({"cache", "trim", Out(), "--max-bytes", "2KB"}).out,
            "0 stored responses dropped\n");
}

TEST_F(KeepTest, ASecondRunIsRefusedAndWaitsWhenItIsTold) {
  ASSERT_EQ(Export().exit_code, 0);
  const SystemClock clock;
  auto lock = RunLock::Acquire(fs::path(Out()) / ".sluice", clock, std::chrono::milliseconds(0));
  ASSERT_TRUE(lock);
  const ProcessResult refused = Export();
  EXPECT_EQ(refused.exit_code, 8);
  EXPECT_THAT(refused.err, HasSubstr(std::to_string(::getpid())));
  EXPECT_EQ(Export({"--wait-lock", "300ms"}).exit_code, 8);
  lock = Fail(Code::kLocked, "given back");
  EXPECT_EQ(Export({"--wait-lock", "60s"}).exit_code, 0);
}

TEST_F(KeepTest, ANarrowMemoryBudgetSlowsAndFinishes) {
  EXPECT_EQ(Export({"--set", "limits.memory=1MB"}).exit_code, 0);
  EXPECT_EQ(Sluice({"verify", Out()}).exit_code, 0);
}

TEST_F(KeepTest, BoundsAndPeaksAreSaidAtV) {
  const ProcessResult run = Export({"-v"});
  EXPECT_THAT(run.err, HasSubstr("bounds: 64 items in flight"));
  EXPECT_THAT(run.err, HasSubstr("resident"));
  EXPECT_THAT(Sluice({"status", Out(), "--json"}).out, HasSubstr("memory.rss_peak"));
}

}  // namespace
}  // namespace sluice
