// What a forgotten state hands down, and that nothing is in between.
#include "storage/inherit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "storage/store.h"
#include "tests/support/fake_clock.h"
#include "tests/support/temp_dir.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;

class InheritTest : public testing::Test {
 protected:
  fs::path File() const { return dir_ / "state.db"; }
  std::unique_ptr<Store> Open() {
    return Store::Open(File(), {.fingerprint = "job"}, clock_,
                       [](const OutputRow&) { return true; })
        .value();
  }
  // A state that has put `path` in place.
  std::unique_ptr<Store> StateWith(const std::string& path) {
    auto store = Open();
    const OutputFile file{.path = path, .bytes = 3, .sha256 = "abc"};
    const OutputFile* const files[] = {&file};
    EXPECT_TRUE(store->Announce(files, {}));
    return store;
  }
  // The hashes under which sluice itself knows `path`.
  std::vector<std::string> Known(const std::string& path) {
    std::vector<std::string> known;
    const auto states = Open()->WrittenAt(path).value();
    for (const FileState& state : states) known.push_back(state.sha256);
    return known;
  }
  std::set<std::string> Files() const {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(dir_.path())) {
      names.insert(entry.path().filename().string());
    }
    return names;
  }

  TempDir dir_;
  FakeClock clock_;
};

TEST_F(InheritTest, TheNewStateKnowsTheFilesOfTheOldOne) {
  StateWith("a.md").reset();
  ASSERT_TRUE(ForgetState(File()));
  EXPECT_THAT(Known("a.md"), ElementsAre("abc"));
}

TEST_F(InheritTest, NothingElseIsKept) {
  {
    auto store = StateWith("a.md");
    ASSERT_TRUE(store->SetFact("rate", "1"));
  }
  ASSERT_TRUE(ForgetState(File()));
  EXPECT_EQ(Open()->Fact("rate").value(), "");
}

TEST_F(InheritTest, NothingIsLeftBesideTheNewState) {
  StateWith("a.md").reset();
  ASSERT_TRUE(ForgetState(File()));
  EXPECT_THAT(Files(), ElementsAre("state.db"));
}

// As a kill leaves it: the log holds what the file does not.
TEST_F(InheritTest, WhatOnlyTheLogHoldsIsHandedDown) {
  {
    const auto store = StateWith("a.md");
    for (const char* suffix : {"", "-wal"}) {
      fs::copy_file(File().string() + suffix, (dir_ / "copy").string() + suffix);
    }
  }
  for (const char* suffix : {"", "-wal"}) {
    fs::rename((dir_ / "copy").string() + suffix, File().string() + suffix);
  }
  ASSERT_TRUE(ForgetState(File()));
  EXPECT_THAT(Known("a.md"), ElementsAre("abc"));
}

TEST_F(InheritTest, ADamagedStateHandsDownNothing) {
  std::ofstream(File()) << "no database at all, but long enough to look like one";
  ASSERT_TRUE(ForgetState(File()));
  EXPECT_THAT(Files(), IsEmpty());
  EXPECT_THAT(Known("a.md"), IsEmpty());
}

TEST_F(InheritTest, AStateThatIsNotThereIsForgottenAlready) {
  EXPECT_TRUE(ForgetState(File()));
  EXPECT_THAT(Files(), IsEmpty());
}

TEST_F(InheritTest, WhatAKillLeftOfItIsSwept) {
  StateWith("a.md").reset();
  for (const char* left :
       {"state.db.new", "state.db.new-wal", "state.db.new-journal", "state.db.old"}) {
    std::ofstream(dir_ / left) << "left";
  }
  ASSERT_TRUE(SweepForgotten(File()));
  EXPECT_THAT(Files(), ElementsAre("state.db"));
  EXPECT_THAT(Known("a.md"), ElementsAre("abc"));
}

}  // namespace
}  // namespace sluice
